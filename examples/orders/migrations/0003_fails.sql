ALTER TABLE orders ADD COLUMN discount numeric;
UPDATE orders SET discount = price / (price - price);
