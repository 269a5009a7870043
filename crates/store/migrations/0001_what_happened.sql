-- What happened. Only BIGINT, TEXT and BLOB, so that PostgreSQL can stand in: points in time are milliseconds since the
-- Unix epoch, booleans are 0 and 1, facts are JSON text. A migration that was released is never changed: add a new one.

-- The last number given out of each kind. Numbers are never given twice.
CREATE TABLE numbers (
    name TEXT PRIMARY KEY NOT NULL,
    last BIGINT NOT NULL
);
INSERT INTO numbers (name, last) VALUES ('build', 0), ('pin', 0);

-- The inbox: what senders announced.
CREATE TABLE builds (
    id BIGINT PRIMARY KEY NOT NULL,
    project TEXT NOT NULL,
    sender TEXT NOT NULL,
    announcement TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    retry_at BIGINT NOT NULL,
    why TEXT,
    digest TEXT,
    superseded_by BIGINT,
    updated_at BIGINT NOT NULL
);
CREATE INDEX builds_to_resolve ON builds (retry_at, id) WHERE state = 'received';
CREATE INDEX builds_by_project ON builds (project, id);

-- Which deliveries were taken in already. Forgotten after a week.
CREATE TABLE deliveries (
    project TEXT NOT NULL,
    sender TEXT NOT NULL,
    delivery TEXT NOT NULL,
    build BIGINT NOT NULL REFERENCES builds (id),
    at BIGINT NOT NULL,
    PRIMARY KEY (project, sender, delivery)
);
CREATE INDEX deliveries_by_age ON deliveries (at);

-- One row a pin, for finding it. What the pin is, is computed from its facts; stage and ended follow them.
CREATE TABLE pins (
    number BIGINT PRIMARY KEY NOT NULL,
    id TEXT NOT NULL UNIQUE,
    instance TEXT NOT NULL,
    kind TEXT NOT NULL,
    digest TEXT NOT NULL,
    stage TEXT NOT NULL,
    ended BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX pins_open_once ON pins (instance, digest, kind) WHERE ended = 0;
CREATE INDEX pins_open ON pins (number) WHERE ended = 0;
CREATE INDEX pins_by_instance ON pins (instance, number);

CREATE TABLE pin_facts (
    pin BIGINT NOT NULL REFERENCES pins (number),
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    fact TEXT NOT NULL,
    PRIMARY KEY (pin, seq)
);

CREATE TABLE instance_facts (
    instance TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    fact TEXT NOT NULL,
    PRIMARY KEY (instance, seq)
);

-- An instance's one candidate slot, and the pin that holds it.
CREATE TABLE claims (
    instance TEXT PRIMARY KEY NOT NULL,
    pin BIGINT NOT NULL UNIQUE REFERENCES pins (number),
    at BIGINT NOT NULL
);

CREATE TABLE chat_messages (
    pin BIGINT NOT NULL REFERENCES pins (number),
    service TEXT NOT NULL,
    channel TEXT NOT NULL,
    message_key TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pin, service)
);

-- Tokens are kept as their hashes only.
CREATE TABLE sign_in_links (
    token_hash BLOB PRIMARY KEY NOT NULL,
    person TEXT NOT NULL,
    expires BIGINT NOT NULL
);

CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY NOT NULL,
    person TEXT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sessions_by_person ON sessions (person);

CREATE TABLE kept_values (
    name TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
);

CREATE TRIGGER pin_facts_stay BEFORE UPDATE ON pin_facts
BEGIN SELECT RAISE(ABORT, 'facts are only ever appended'); END;
CREATE TRIGGER pin_facts_remain BEFORE DELETE ON pin_facts
BEGIN SELECT RAISE(ABORT, 'facts are only ever appended'); END;
CREATE TRIGGER instance_facts_stay BEFORE UPDATE ON instance_facts
BEGIN SELECT RAISE(ABORT, 'facts are only ever appended'); END;
CREATE TRIGGER instance_facts_remain BEFORE DELETE ON instance_facts
BEGIN SELECT RAISE(ABORT, 'facts are only ever appended'); END;
