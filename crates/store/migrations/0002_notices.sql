-- The one chat message about each thing that happened to an instance apart from its pins, in each service.
CREATE TABLE notices (
    notice TEXT NOT NULL,
    service TEXT NOT NULL,
    channel TEXT NOT NULL,
    message_key TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (notice, service)
);
