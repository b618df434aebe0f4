-- Sources that must call every so often. `since`: silence counts from here, by the clock of decisions. `listened_at`: when
-- a process last stood ready to hear, by the real clock: what fell silent while none did may have called in vain.
CREATE TABLE heartbeat (
    source      TEXT NOT NULL PRIMARY KEY,
    since       TIMESTAMPTZ NOT NULL,
    heard_at    TIMESTAMPTZ,
    listened_at TIMESTAMPTZ NOT NULL,
    is_firing   BOOLEAN NOT NULL
);

-- What reading a refused body again takes, and how often the same came.
ALTER TABLE refused ADD COLUMN fields TEXT NOT NULL DEFAULT '{}';
ALTER TABLE refused ADD COLUMN length BIGINT;
ALTER TABLE refused ADD COLUMN times BIGINT NOT NULL DEFAULT 1;
CREATE INDEX refused_of_source ON refused (source, received_at);
