-- How often incidents ended or were reopened, by which triage sees whether what it remembers of their alerts still holds.
INSERT INTO counter (name, value) VALUES ('ending', 0);
