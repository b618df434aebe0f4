-- The last position given out in the inbox. Its row is locked until the commit, so positions become visible in order
-- and a cursor never passes one that is still to come.
CREATE TABLE inbox_head (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    last     BIGINT NOT NULL
);
INSERT INTO inbox_head (only_row, last) VALUES (1, 0);

-- What was accepted, in order; rows are only added, and pruned when old.
CREATE TABLE inbox (
    position    BIGINT NOT NULL PRIMARY KEY,
    source      TEXT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    alert       TEXT NOT NULL
);
CREATE INDEX inbox_received_at ON inbox (received_at);

-- How far triage has read.
CREATE TABLE inbox_cursor (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    position BIGINT NOT NULL
);
INSERT INTO inbox_cursor (only_row, position) VALUES (1, 0);

-- Accepted alerts that triage could not digest.
CREATE TABLE set_aside (
    position     BIGINT NOT NULL PRIMARY KEY,
    source       TEXT NOT NULL,
    set_aside_at TIMESTAMPTZ NOT NULL,
    reason       TEXT NOT NULL
);

-- Bodies that were refused, kept for a day under the reference that the sender was given.
CREATE TABLE refused (
    reference   TEXT NOT NULL PRIMARY KEY,
    source      TEXT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    reason      TEXT NOT NULL,
    body        BYTEA NOT NULL
);
CREATE INDEX refused_received_at ON refused (received_at);

CREATE TABLE counter (
    name  TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('incident', 0);

CREATE TABLE incident (
    id                BIGINT NOT NULL PRIMARY KEY,
    version           BIGINT NOT NULL,
    title             TEXT NOT NULL,
    severity          TEXT NOT NULL CHECK (severity IN ('SEV1', 'SEV2', 'SEV3', 'SEV4')),
    severity_by       JSONB NOT NULL,
    severity_reason   TEXT NOT NULL,
    severity_proposed TEXT CHECK (severity_proposed IN ('SEV1', 'SEV2', 'SEV3', 'SEV4')),
    category          TEXT,
    phase             TEXT NOT NULL CHECK (phase IN ('triage', 'investigating', 'mitigating', 'monitoring', 'resolved', 'closed')),
    phase_since       TIMESTAMPTZ NOT NULL,
    team              TEXT NOT NULL,
    rota              TEXT NOT NULL,
    service           TEXT,
    subjects          JSONB NOT NULL,
    lead              TEXT,
    liaison           TEXT,
    scribe            TEXT,
    declared_by       JSONB NOT NULL,
    declared_at       TIMESTAMPTZ NOT NULL,
    alert_group       TEXT,
    follows           BIGINT,
    next_update_due   TIMESTAMPTZ,
    room_channel      BIGINT,
    room_kind         TEXT CHECK (room_kind IN ('channel', 'thread')),
    room_trouble      TEXT,
    entries           BIGINT NOT NULL
);
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
    started_at  TIMESTAMPTZ,
    changed_at  TIMESTAMPTZ NOT NULL,
    first_at    TIMESTAMPTZ NOT NULL,
    last_at     TIMESTAMPTZ NOT NULL,
    deliveries  BIGINT NOT NULL,
    incident_id BIGINT NOT NULL,
    alert       TEXT NOT NULL,
    PRIMARY KEY (source, fingerprint, incident_id)
);
CREATE INDEX alert_incident ON alert (incident_id);

CREATE TABLE timeline (
    incident_id BIGINT NOT NULL REFERENCES incident (id),
    number      BIGINT NOT NULL,
    at          TIMESTAMPTZ NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    author      JSONB NOT NULL,
    kind        TEXT NOT NULL,
    event       JSONB NOT NULL,
    PRIMARY KEY (incident_id, number)
);

CREATE TABLE escalation (
    incident_id BIGINT NOT NULL REFERENCES incident (id),
    number      BIGINT NOT NULL,
    seeking     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    vouched     BOOLEAN NOT NULL,
    policy      JSONB NOT NULL,
    step        BIGINT NOT NULL,
    round       BIGINT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('running', 'answered', 'exhausted', 'stopped')),
    started_at  TIMESTAMPTZ NOT NULL,
    next_at     TIMESTAMPTZ,
    alarms      BIGINT NOT NULL,
    answered_by TEXT,
    PRIMARY KEY (incident_id, number)
);

CREATE TABLE page (
    incident_id BIGINT NOT NULL REFERENCES incident (id),
    number      BIGINT NOT NULL,
    escalation  BIGINT NOT NULL,
    step        BIGINT NOT NULL,
    round       BIGINT NOT NULL,
    person      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'undelivered', 'acknowledged', 'declined', 'withdrawn')),
    decided_at  TIMESTAMPTZ NOT NULL,
    changed_at  TIMESTAMPTZ NOT NULL,
    trouble     TEXT,
    PRIMARY KEY (incident_id, number)
);
CREATE INDEX page_person ON page (person, state);

CREATE TABLE status_update (
    incident_id  BIGINT NOT NULL REFERENCES incident (id),
    number       BIGINT NOT NULL,
    audience     TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('draft', 'approved', 'published', 'doubtful', 'rejected', 'superseded')),
    body         TEXT NOT NULL,
    version      BIGINT NOT NULL,
    author       TEXT,
    gate_keys    JSONB NOT NULL,
    reason       TEXT,
    drafted_at   TIMESTAMPTZ NOT NULL,
    published_to JSONB NOT NULL,
    doubtful_at  JSONB NOT NULL,
    published_at TIMESTAMPTZ,
    again        BIGINT NOT NULL,
    PRIMARY KEY (incident_id, number)
);

-- What is to be done outside the database, and when.
CREATE TABLE job (
    id               BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id      BIGINT REFERENCES incident (id),
    dedup_key        TEXT NOT NULL UNIQUE,
    performer        TEXT NOT NULL CHECK (performer IN ('page', 'chat', 'clock')),
    lane             TEXT,
    -- Its place in the lane, which a later attempt does not change.
    lane_at          TIMESTAMPTZ NOT NULL,
    urgency          BIGINT NOT NULL,
    effect           JSONB NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'buried', 'cancelled')),
    due_at           TIMESTAMPTZ NOT NULL,
    attempts         BIGINT NOT NULL,
    first_attempt_at TIMESTAMPTZ,
    lease_until      TIMESTAMPTZ,
    lease_holder     TEXT,
    trouble          TEXT,
    created_at       TIMESTAMPTZ NOT NULL,
    finished_at      TIMESTAMPTZ
);
CREATE INDEX job_waiting ON job (performer, due_at) WHERE state IN ('queued', 'running');
CREATE INDEX job_lane ON job (lane, lane_at, id) WHERE state IN ('queued', 'running');
CREATE INDEX job_finished ON job (finished_at) WHERE state NOT IN ('queued', 'running');

-- What stands in Discord, by what it is of: the channel and message to edit, and which version it shows.
CREATE TABLE post (
    slot        TEXT NOT NULL PRIMARY KEY,
    incident_id BIGINT REFERENCES incident (id),
    channel     BIGINT NOT NULL,
    message     BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    posted_at   TIMESTAMPTZ NOT NULL
);
CREATE INDEX post_incident ON post (incident_id);
CREATE INDEX post_message ON post (message);

-- Work that one process does at a time.
CREATE TABLE lease (
    name   TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until  TIMESTAMPTZ NOT NULL
);

-- What somebody is about to declare, until the button is pressed; afterwards what it became.
CREATE TABLE declaration (
    draft       TEXT NOT NULL PRIMARY KEY,
    asked_at    TIMESTAMPTZ NOT NULL,
    opening     JSONB NOT NULL,
    incident_id BIGINT REFERENCES incident (id)
);
CREATE INDEX declaration_asked_at ON declaration (asked_at);
