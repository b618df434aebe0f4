-- When the source said what is known of the alert, by its clock: what is older changes nothing.
ALTER TABLE alert ADD COLUMN said_at TIMESTAMPTZ;

-- What only informs, and may explain an incident that is still to come.
CREATE INDEX alert_told ON alert (last_at) WHERE status = 'info' AND incident_id = 0;
