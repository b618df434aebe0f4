-- How often incidents ended or were reopened, whoever did it: by it triage sees whether what it remembers of their alerts still
-- holds.
INSERT INTO counter (name, value) VALUES ('ending', 0);
CREATE FUNCTION count_ending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'ending';
    RETURN NULL;
END
$$;
CREATE TRIGGER incident_ending AFTER UPDATE OF phase ON incident FOR EACH ROW
WHEN ((OLD.phase IN ('resolved', 'closed')) <> (NEW.phase IN ('resolved', 'closed')))
EXECUTE FUNCTION count_ending();
