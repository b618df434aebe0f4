-- What an incident is opened with touches a quarter fewer pages: rows stand in the index of their key, and what nobody looks
-- for is in no index.

-- Which incidents of a group, a phase or a room: of those that are over, and those that have one.
DROP INDEX incident_group;
CREATE INDEX incident_ended_group ON incident (alert_group, id) WHERE phase IN ('resolved', 'closed');
DROP INDEX incident_phase;
CREATE INDEX incident_resolved ON incident (id) WHERE phase = 'resolved';
CREATE INDEX incident_closed ON incident (id) WHERE phase = 'closed';
DROP INDEX incident_room;
CREATE INDEX incident_room ON incident (room_channel) WHERE room_channel IS NOT NULL;

-- An incident's jobs are found by their keys, which begin with its name. What has no lane waits for nothing.
DROP INDEX job_of_incident;
DROP INDEX job_lane;
CREATE INDEX job_lane ON job (lane, lane_at, id) WHERE lane IS NOT NULL AND state IN ('queued', 'running');

-- Positions are given in the order of time: what came before a moment is found by halving.
DROP INDEX inbox_received_at;

CREATE TABLE new_timeline (
    incident_id INTEGER NOT NULL REFERENCES incident (id),
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    author      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    event       TEXT NOT NULL,
    PRIMARY KEY (incident_id, number)
) STRICT, WITHOUT ROWID;
INSERT INTO new_timeline (incident_id, number, at, recorded_at, author, kind, event)
    SELECT incident_id, number, at, recorded_at, author, kind, event FROM timeline ORDER BY incident_id, number;
DROP TABLE timeline;
ALTER TABLE new_timeline RENAME TO timeline;

CREATE TABLE new_escalation (
    incident_id INTEGER NOT NULL REFERENCES incident (id),
    number      INTEGER NOT NULL,
    seeking     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    vouched     INTEGER NOT NULL,
    policy      TEXT NOT NULL,
    step        INTEGER NOT NULL,
    round       INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('running', 'answered', 'exhausted', 'stopped')),
    started_at  INTEGER NOT NULL,
    next_at     INTEGER,
    alarms      INTEGER NOT NULL,
    answered_by TEXT,
    PRIMARY KEY (incident_id, number)
) STRICT, WITHOUT ROWID;
INSERT INTO new_escalation (incident_id, number, seeking, reason, vouched, policy, step, round, state, started_at, next_at,
                            alarms, answered_by)
    SELECT incident_id, number, seeking, reason, vouched, policy, step, round, state, started_at, next_at, alarms, answered_by
    FROM escalation ORDER BY incident_id, number;
DROP TABLE escalation;
ALTER TABLE new_escalation RENAME TO escalation;

CREATE TABLE new_page (
    incident_id INTEGER NOT NULL REFERENCES incident (id),
    number      INTEGER NOT NULL,
    escalation  INTEGER NOT NULL,
    step        INTEGER NOT NULL,
    round       INTEGER NOT NULL,
    person      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'undelivered', 'acknowledged', 'declined', 'withdrawn')),
    decided_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    trouble     TEXT,
    PRIMARY KEY (incident_id, number)
) STRICT, WITHOUT ROWID;
INSERT INTO new_page (incident_id, number, escalation, step, round, person, state, decided_at, changed_at, trouble)
    SELECT incident_id, number, escalation, step, round, person, state, decided_at, changed_at, trouble
    FROM page ORDER BY incident_id, number;
DROP TABLE page;
ALTER TABLE new_page RENAME TO page;
CREATE INDEX page_person ON page (person, state);
