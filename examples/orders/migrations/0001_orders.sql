CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text NOT NULL);
INSERT INTO orders (item) SELECT 'seed ' || number FROM generate_series(1, 1000) AS number;
CREATE TABLE users (name text PRIMARY KEY, email text NOT NULL, salt bytea NOT NULL, key bytea NOT NULL);
