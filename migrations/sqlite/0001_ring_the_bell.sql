-- Times are microseconds since 1970 in UTC; JSON is text; booleans are 0 and 1.

-- The last position given out in the inbox. Its row is locked until the commit, so positions become visible in order
-- and a cursor never passes one that is still to come.
CREATE TABLE inbox_head (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    last     INTEGER NOT NULL
) STRICT;
INSERT INTO inbox_head (only_row, last) VALUES (1, 0);

-- What was accepted, in order; rows are only added, and pruned when old.
CREATE TABLE inbox (
    position    INTEGER NOT NULL PRIMARY KEY,
    source      TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    alert       TEXT NOT NULL
) STRICT;
CREATE INDEX inbox_received_at ON inbox (received_at);

-- How far triage has read.
CREATE TABLE inbox_cursor (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    position INTEGER NOT NULL
) STRICT;
INSERT INTO inbox_cursor (only_row, position) VALUES (1, 0);

-- Accepted alerts that triage could not digest.
CREATE TABLE set_aside (
    position     INTEGER NOT NULL PRIMARY KEY,
    source       TEXT NOT NULL,
    set_aside_at INTEGER NOT NULL,
    reason       TEXT NOT NULL
) STRICT;

-- Bodies that were refused, kept for a day under the reference that the sender was given.
CREATE TABLE refused (
    reference   TEXT NOT NULL PRIMARY KEY,
    source      TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    body        BLOB NOT NULL
) STRICT;
CREATE INDEX refused_received_at ON refused (received_at);

CREATE TABLE counter (
    name  TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
INSERT INTO counter (name, value) VALUES ('incident', 0);

CREATE TABLE incident (
    id                INTEGER NOT NULL PRIMARY KEY,
    version           INTEGER NOT NULL,
    title             TEXT NOT NULL,
    severity          TEXT NOT NULL CHECK (severity IN ('SEV1', 'SEV2', 'SEV3', 'SEV4')),
    severity_by       TEXT NOT NULL,
    severity_reason   TEXT NOT NULL,
    severity_proposed TEXT CHECK (severity_proposed IN ('SEV1', 'SEV2', 'SEV3', 'SEV4')),
    category          TEXT,
    phase             TEXT NOT NULL CHECK (phase IN ('triage', 'investigating', 'mitigating', 'monitoring', 'resolved', 'closed')),
    phase_since       INTEGER NOT NULL,
    team              TEXT NOT NULL,
    rota              TEXT NOT NULL,
    service           TEXT,
    subjects          TEXT NOT NULL,
    lead              TEXT,
    liaison           TEXT,
    scribe            TEXT,
    declared_by       TEXT NOT NULL,
    declared_at       INTEGER NOT NULL,
    alert_group       TEXT,
    follows           INTEGER,
    next_update_due   INTEGER,
    room_channel      INTEGER,
    room_kind         TEXT CHECK (room_kind IN ('channel', 'thread')),
    room_trouble      TEXT,
    entries           INTEGER NOT NULL
) STRICT;
-- An alert joins at most one open incident.
CREATE UNIQUE INDEX incident_open_group ON incident (alert_group) WHERE phase NOT IN ('resolved', 'closed');
CREATE INDEX incident_group ON incident (alert_group, id);
CREATE INDEX incident_phase ON incident (phase, id);
CREATE INDEX incident_room ON incident (room_channel);

-- What is known of each alert in each incident that it belonged to; 0: in none. The latest incident's row is current.
CREATE TABLE alert (
    source      TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('firing', 'acknowledged', 'resolved', 'info')),
    severity    TEXT NOT NULL CHECK (severity IN ('SEV1', 'SEV2', 'SEV3', 'SEV4')),
    title       TEXT NOT NULL,
    started_at  INTEGER,
    changed_at  INTEGER NOT NULL,
    first_at    INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    deliveries  INTEGER NOT NULL,
    incident_id INTEGER NOT NULL,
    alert       TEXT NOT NULL,
    PRIMARY KEY (source, fingerprint, incident_id)
) STRICT;
CREATE INDEX alert_incident ON alert (incident_id);

CREATE TABLE timeline (
    incident_id INTEGER NOT NULL REFERENCES incident (id),
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    author      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    event       TEXT NOT NULL,
    PRIMARY KEY (incident_id, number)
) STRICT;

CREATE TABLE escalation (
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
) STRICT;

CREATE TABLE page (
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
) STRICT;
CREATE INDEX page_person ON page (person, state);

CREATE TABLE status_update (
    incident_id  INTEGER NOT NULL REFERENCES incident (id),
    number       INTEGER NOT NULL,
    audience     TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('draft', 'approved', 'published', 'doubtful', 'rejected', 'superseded')),
    body         TEXT NOT NULL,
    version      INTEGER NOT NULL,
    author       TEXT,
    gate_keys    TEXT NOT NULL,
    reason       TEXT,
    drafted_at   INTEGER NOT NULL,
    published_to TEXT NOT NULL,
    doubtful_at  TEXT NOT NULL,
    published_at INTEGER,
    again        INTEGER NOT NULL,
    PRIMARY KEY (incident_id, number)
) STRICT;

-- What is to be done outside the database, and when.
CREATE TABLE job (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    incident_id      INTEGER REFERENCES incident (id),
    dedup_key        TEXT NOT NULL UNIQUE,
    performer        TEXT NOT NULL CHECK (performer IN ('page', 'chat', 'clock')),
    lane             TEXT,
    -- Its place in the lane, which a later attempt does not change.
    lane_at          INTEGER NOT NULL,
    urgency          INTEGER NOT NULL,
    effect           TEXT NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'buried', 'cancelled')),
    due_at           INTEGER NOT NULL,
    attempts         INTEGER NOT NULL,
    first_attempt_at INTEGER,
    lease_until      INTEGER,
    lease_holder     TEXT,
    trouble          TEXT,
    created_at       INTEGER NOT NULL,
    finished_at      INTEGER
) STRICT;
CREATE INDEX job_waiting ON job (performer, due_at) WHERE state IN ('queued', 'running');
CREATE INDEX job_lane ON job (lane, lane_at, id) WHERE state IN ('queued', 'running');
CREATE INDEX job_finished ON job (finished_at) WHERE state NOT IN ('queued', 'running');

-- What stands in Discord, by what it is of: the channel and message to edit, and which version it shows.
CREATE TABLE post (
    slot        TEXT NOT NULL PRIMARY KEY,
    incident_id INTEGER REFERENCES incident (id),
    channel     INTEGER NOT NULL,
    message     INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    posted_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX post_incident ON post (incident_id);
CREATE INDEX post_message ON post (message);

-- Work that one process does at a time.
CREATE TABLE lease (
    name   TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until  INTEGER NOT NULL
) STRICT;

-- What somebody is about to declare, until the button is pressed; afterwards what it became.
CREATE TABLE declaration (
    draft       TEXT NOT NULL PRIMARY KEY,
    asked_at    INTEGER NOT NULL,
    opening     TEXT NOT NULL,
    incident_id INTEGER REFERENCES incident (id)
) STRICT;
CREATE INDEX declaration_asked_at ON declaration (asked_at);
