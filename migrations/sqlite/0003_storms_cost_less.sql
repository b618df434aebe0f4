-- One row a commit: the alerts of all requests that shared it, one JSON a line, packed by LZ4 (a block that begins with its
-- length), since alerts of one moment are much alike. A row of its own for each alert cost more than the alerts.
CREATE TABLE inbox_commit (
    last        INTEGER NOT NULL PRIMARY KEY,
    first       INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    is_packed   INTEGER NOT NULL,
    alerts      BLOB NOT NULL
) STRICT;
INSERT INTO inbox_commit (last, first, received_at, is_packed, alerts)
    SELECT position, position, received_at, 0, CAST(alert AS BLOB) FROM inbox;
DROP TABLE inbox;
ALTER TABLE inbox_commit RENAME TO inbox;
CREATE INDEX inbox_received_at ON inbox (received_at);

-- So that an append is one statement; on PostgreSQL it is one anyway.
CREATE TRIGGER inbox_takes_positions AFTER INSERT ON inbox BEGIN
    UPDATE inbox_head SET last = NEW.last WHERE only_row = 1;
END;

-- What of an incident waits or was given up, to be cancelled or missed.
CREATE INDEX job_of_incident ON job (incident_id) WHERE state IN ('queued', 'running', 'buried');
-- What was given up lately, to be tried anew.
CREATE INDEX job_buried ON job (created_at) WHERE state = 'buried';
