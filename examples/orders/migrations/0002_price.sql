ALTER TABLE orders ADD COLUMN price numeric NOT NULL DEFAULT 0;
UPDATE orders SET price = length(item);
CREATE INDEX orders_price ON orders (price);
