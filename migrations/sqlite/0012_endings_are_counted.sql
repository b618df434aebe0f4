-- How often incidents ended or were reopened, whoever did it: by it triage sees whether what it remembers of their alerts still
-- holds.
INSERT INTO counter (name, value) VALUES ('ending', 0);
CREATE TRIGGER incident_ending AFTER UPDATE OF phase ON incident
WHEN (OLD.phase IN ('resolved', 'closed')) <> (NEW.phase IN ('resolved', 'closed'))
BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'ending';
END;
