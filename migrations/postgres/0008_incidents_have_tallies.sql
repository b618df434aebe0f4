-- How many alerts each incident has, counted as they come: the card of an incident with a million would otherwise be drawn
-- from all of them, every second. What only informs is none. An incident without any has no row.
CREATE TABLE alert_tally (
    incident_id    BIGINT NOT NULL PRIMARY KEY,
    alerts         BIGINT NOT NULL,
    firing         BIGINT NOT NULL,
    unacknowledged BIGINT NOT NULL,
    deliveries     BIGINT NOT NULL,
    last_at        TIMESTAMPTZ NOT NULL
);
INSERT INTO alert_tally (incident_id, alerts, firing, unacknowledged, deliveries, last_at)
SELECT a.incident_id, COUNT(*), COUNT(CASE WHEN a.status IN ('firing', 'acknowledged') THEN 1 END),
    COUNT(CASE WHEN a.status = 'firing' THEN 1 END), SUM(a.deliveries + COALESCE(r.deliveries, 0)),
    MAX(CASE WHEN a.last_at < r.last_at THEN r.last_at ELSE a.last_at END)
FROM alert a
LEFT JOIN alert_repeat r ON r.incident_id = a.incident_id AND r.source = a.source AND r.fingerprint = a.fingerprint
WHERE a.incident_id <> 0 AND a.status <> 'info'
GROUP BY a.incident_id;

-- The first alerts of an incident, which its card shows.
DROP INDEX alert_incident;
CREATE INDEX alert_of_incident ON alert (incident_id, first_at);
