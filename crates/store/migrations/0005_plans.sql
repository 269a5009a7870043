-- Plans that somebody saved, to have exactly them carried out. Bounded in number and age.
INSERT INTO numbers (name, last) VALUES ('plan', 0);

CREATE TABLE plans (
    number BIGINT PRIMARY KEY NOT NULL,
    instance TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    plan TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX plans_by_instance ON plans (instance, number);
CREATE INDEX plans_by_age ON plans (at);
