-- One row a commit: the alerts of all requests that shared it, one JSON a line. A row of its own for each alert cost more
-- than the alerts themselves.
CREATE TABLE inbox_commit (
    last        INTEGER NOT NULL PRIMARY KEY,
    first       INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    alerts      TEXT NOT NULL
) STRICT;
INSERT INTO inbox_commit (last, first, received_at, alerts) SELECT position, position, received_at, alert FROM inbox;
DROP TABLE inbox;
ALTER TABLE inbox_commit RENAME TO inbox;
CREATE INDEX inbox_received_at ON inbox (received_at);

-- So that an append is one statement; on PostgreSQL it is one anyway.
CREATE TRIGGER inbox_takes_positions AFTER INSERT ON inbox BEGIN
    UPDATE inbox_head SET last = NEW.last WHERE only_row = 1;
END;
