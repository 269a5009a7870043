-- What was pruned: the manifest as it was live, the values of Secrets masked. Bounded in number and age.
INSERT INTO numbers (name, last) VALUES ('pruned', 0);

CREATE TABLE pruned (
    number BIGINT PRIMARY KEY NOT NULL,
    instance TEXT NOT NULL,
    object TEXT NOT NULL,
    uid TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    confirmed_by TEXT,
    manifest TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE UNIQUE INDEX pruned_once ON pruned (instance, uid);
CREATE INDEX pruned_by_instance ON pruned (instance, number);
CREATE INDEX pruned_by_age ON pruned (at);
