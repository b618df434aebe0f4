-- One row a commit: the alerts of all requests that shared it, one JSON a line. A row of its own for each alert cost more
-- than the alerts themselves.
CREATE TABLE inbox_commit (
    last        BIGINT NOT NULL PRIMARY KEY,
    first       BIGINT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    alerts      TEXT NOT NULL
);
INSERT INTO inbox_commit (last, first, received_at, alerts) SELECT position, position, received_at, alert FROM inbox;
DROP TABLE inbox;
ALTER TABLE inbox_commit RENAME TO inbox;
CREATE INDEX inbox_received_at ON inbox (received_at);
