-- How often an alert came again that said what was known, and when last: beside what is known of it, whose rows are a
-- kilobyte wide, so that a storm of many alerts rewrites a few pages. What was counted before stays where it is.
CREATE TABLE alert_repeat (
    incident_id INTEGER NOT NULL,
    source      TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    deliveries  INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    PRIMARY KEY (incident_id, source, fingerprint)
) STRICT, WITHOUT ROWID;
