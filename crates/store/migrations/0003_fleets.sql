-- Fleet pins: one ask for many instances. What one is, is computed from its facts; ended follows them.
INSERT INTO numbers (name, last) VALUES ('fleet', 0);

CREATE TABLE fleets (
    number BIGINT PRIMARY KEY NOT NULL,
    id TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    ended BIGINT NOT NULL,
    opened_at BIGINT NOT NULL
);
CREATE INDEX fleets_open ON fleets (number) WHERE ended = 0;

CREATE TABLE fleet_facts (
    fleet BIGINT NOT NULL REFERENCES fleets (number),
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    fact TEXT NOT NULL,
    PRIMARY KEY (fleet, seq)
);

ALTER TABLE pins ADD COLUMN fleet BIGINT;
CREATE INDEX pins_by_fleet ON pins (fleet, number) WHERE fleet IS NOT NULL;

CREATE TRIGGER fleet_facts_stay BEFORE UPDATE ON fleet_facts
BEGIN SELECT RAISE(ABORT, 'facts are only ever appended'); END;
CREATE TRIGGER fleet_facts_remain BEFORE DELETE ON fleet_facts
BEGIN SELECT RAISE(ABORT, 'facts are only ever appended'); END;
