-- When the source said what is known of the alert, by its clock: what is older changes nothing.
ALTER TABLE alert ADD COLUMN said_at INTEGER;
