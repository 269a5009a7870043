-- Rows as the first schema had them. Never edited: every later schema reads them.
BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO "_sqlx_migrations" VALUES(1,'what happened','2026-11-21 04:21:21',1,X'04F1A216F3C1F7D959FB11DBC2E4E3B3B5B458E708734892658728E41E58584EFEA19BAEF107D65731D0EB09E762B165',2745537);
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
INSERT INTO "builds" VALUES(1,'shop','ci','{"image":"registry.example/acme/shop","tag":"1e5","digest":null,"commit":"abc","branch":null,"author":"Ann","message":"sells ''more''; \"quickly\" 🎉","build_url":null}',5,'resolved',0,5,NULL,'sha256:1111111111111111111111111111111111111111111111111111111111111111',NULL,6);
INSERT INTO "builds" VALUES(2,'shop','ci','{"image":"registry.example/acme/shop","tag":"1e5","digest":null,"commit":"abc","branch":null,"author":"Ann","message":"sells ''more''; \"quickly\" 🎉","build_url":null}',5,'unknown',0,5,'no such tag',NULL,NULL,6);
INSERT INTO "builds" VALUES(3,'shop','ci','{"image":"registry.example/acme/shop","tag":"1e5","digest":null,"commit":"abc","branch":null,"author":"Ann","message":"sells ''more''; \"quickly\" 🎉","build_url":null}',5,'superseded',0,5,NULL,NULL,4,6);
INSERT INTO "builds" VALUES(4,'shop','ci','{"image":"registry.example/acme/shop","tag":"1e5","digest":null,"commit":"abc","branch":null,"author":"Ann","message":"sells ''more''; \"quickly\" 🎉","build_url":null}',5,'received',0,5,NULL,NULL,NULL,5);
CREATE TABLE chat_messages (
    pin BIGINT NOT NULL REFERENCES pins (number),
    service TEXT NOT NULL,
    channel TEXT NOT NULL,
    message_key TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pin, service)
);
INSERT INTO "chat_messages" VALUES(1,'slack','C1','17.1','h',1);
CREATE TABLE claims (
    instance TEXT PRIMARY KEY NOT NULL,
    pin BIGINT NOT NULL UNIQUE REFERENCES pins (number),
    at BIGINT NOT NULL
);
INSERT INTO "claims" VALUES('shop/prod',2,81);
CREATE TABLE deliveries (
    project TEXT NOT NULL,
    sender TEXT NOT NULL,
    delivery TEXT NOT NULL,
    build BIGINT NOT NULL REFERENCES builds (id),
    at BIGINT NOT NULL,
    PRIMARY KEY (project, sender, delivery)
);
INSERT INTO "deliveries" VALUES('shop','ci','d1',1,5);
INSERT INTO "deliveries" VALUES('shop','ci','d2',2,5);
INSERT INTO "deliveries" VALUES('shop','ci','d3',3,5);
INSERT INTO "deliveries" VALUES('shop','ci','d4',4,5);
CREATE TABLE instance_facts (
    instance TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    fact TEXT NOT NULL,
    PRIMARY KEY (instance, seq)
);
INSERT INTO "instance_facts" VALUES('shop/prod',1,70,'{"fact":"verified","commit":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","render_hash":"h1","image":"registry.example/acme/shop:1.0@sha256:1111111111111111111111111111111111111111111111111111111111111111","pin":1}');
CREATE TABLE kept_values (
    name TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
);
INSERT INTO "kept_values" VALUES('key',X'6B');
CREATE TABLE numbers (
    name TEXT PRIMARY KEY NOT NULL,
    last BIGINT NOT NULL
);
INSERT INTO "numbers" VALUES('build',4);
INSERT INTO "numbers" VALUES('pin',2);
CREATE TABLE pin_facts (
    pin BIGINT NOT NULL REFERENCES pins (number),
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    fact TEXT NOT NULL,
    PRIMARY KEY (pin, seq)
);
INSERT INTO "pin_facts" VALUES(1,1,10,'{"fact":"opened","number":1,"instance":"shop/prod","kind":"pin","build":{"image":"registry.example/acme/shop:1.0@sha256:1111111111111111111111111111111111111111111111111111111111111111","announced":null},"by":null}');
INSERT INTO "pin_facts" VALUES(1,2,20,'{"fact":"proposed","base":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","from":null,"render_hash":"h1","git_diff":"-image: 1\n+image: 2\n","rendered_diff":"","commits":[]}');
INSERT INTO "pin_facts" VALUES(1,3,20,'{"fact":"asked","approvers":["ann"],"quorum":1,"until":1000000}');
INSERT INTO "pin_facts" VALUES(1,4,20,'{"fact":"approved","by":{"person":"ann"},"surface":null}');
INSERT INTO "pin_facts" VALUES(1,5,70,'{"fact":"claimed"}');
INSERT INTO "pin_facts" VALUES(1,6,70,'{"fact":"rendered","base":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","render_hash":"h1","objects":4}');
INSERT INTO "pin_facts" VALUES(1,7,70,'{"fact":"dry-run","unchecked":[]}');
INSERT INTO "pin_facts" VALUES(1,8,70,'{"fact":"inventoried"}');
INSERT INTO "pin_facts" VALUES(1,9,70,'{"fact":"applied","changed":1,"objects":4,"notes":[]}');
INSERT INTO "pin_facts" VALUES(1,10,70,'{"fact":"verified","render_hash":"h1","commit_date":60}');
INSERT INTO "pin_facts" VALUES(1,11,70,'{"fact":"committed","commit":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","parent":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}');
INSERT INTO "pin_facts" VALUES(1,12,70,'{"fact":"pushed","commit":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}');
INSERT INTO "pin_facts" VALUES(1,13,70,'{"fact":"settled","pruned":0,"held":[]}');
INSERT INTO "pin_facts" VALUES(2,1,10,'{"fact":"opened","number":2,"instance":"shop/prod","kind":"pin","build":{"image":"registry.example/acme/shop:1.0@sha256:2222222222222222222222222222222222222222222222222222222222222222","announced":null},"by":null}');
INSERT INTO "pin_facts" VALUES(2,2,80,'{"fact":"proposed","base":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","from":null,"render_hash":"h1","git_diff":"-image: 1\n+image: 2\n","rendered_diff":"","commits":[]}');
INSERT INTO "pin_facts" VALUES(2,3,80,'{"fact":"asked","approvers":["ann"],"quorum":1,"until":1000000}');
INSERT INTO "pin_facts" VALUES(2,4,80,'{"fact":"approved","by":{"person":"ann"},"surface":null}');
INSERT INTO "pin_facts" VALUES(2,5,81,'{"fact":"claimed"}');
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
INSERT INTO "pins" VALUES(1,'01010101010101010101010101010101','shop/prod','pin','sha256:1111111111111111111111111111111111111111111111111111111111111111','done',1,10,70);
INSERT INTO "pins" VALUES(2,'02020202020202020202020202020202','shop/prod','pin','sha256:2222222222222222222222222222222222222222222222222222222222222222','candidate',0,10,81);
CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY NOT NULL,
    person TEXT NOT NULL,
    expires BIGINT NOT NULL
);
INSERT INTO "sessions" VALUES(X'0101010101010101010101010101010101010101010101010101010101010101','ann',9000);
CREATE TABLE sign_in_links (
    token_hash BLOB PRIMARY KEY NOT NULL,
    person TEXT NOT NULL,
    expires BIGINT NOT NULL
);
INSERT INTO "sign_in_links" VALUES(X'0202020202020202020202020202020202020202020202020202020202020202','ann',9000);
CREATE INDEX builds_to_resolve ON builds (retry_at, id) WHERE state = 'received';
CREATE INDEX builds_by_project ON builds (project, id);
CREATE INDEX deliveries_by_age ON deliveries (at);
CREATE UNIQUE INDEX pins_open_once ON pins (instance, digest, kind) WHERE ended = 0;
CREATE INDEX pins_open ON pins (number) WHERE ended = 0;
CREATE INDEX pins_by_instance ON pins (instance, number);
CREATE INDEX sessions_by_person ON sessions (person);
CREATE TRIGGER pin_facts_stay BEFORE UPDATE ON pin_facts
BEGIN SELECT RAISE(ABORT, 'facts are only ever appended'); END;
CREATE TRIGGER pin_facts_remain BEFORE DELETE ON pin_facts
BEGIN SELECT RAISE(ABORT, 'facts are only ever appended'); END;
CREATE TRIGGER instance_facts_stay BEFORE UPDATE ON instance_facts
BEGIN SELECT RAISE(ABORT, 'facts are only ever appended'); END;
CREATE TRIGGER instance_facts_remain BEFORE DELETE ON instance_facts
BEGIN SELECT RAISE(ABORT, 'facts are only ever appended'); END;
COMMIT;
