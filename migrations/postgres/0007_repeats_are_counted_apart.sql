-- How often an alert came again that said what was known, and when last: beside what is known of it, whose rows are a
-- kilobyte wide, so that a storm of many alerts rewrites a few pages. What was counted before stays where it is.
CREATE TABLE alert_repeat (
    incident_id BIGINT NOT NULL,
    source      TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    deliveries  BIGINT NOT NULL,
    last_at     TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (incident_id, source, fingerprint)
);
