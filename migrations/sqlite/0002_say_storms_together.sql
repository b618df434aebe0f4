-- How often an incident's alerts spoke lately, as JSON: what comes faster is said together.
ALTER TABLE incident ADD COLUMN pace TEXT NOT NULL
    DEFAULT '{"since":"1970-01-01T00:00:00Z","window_s":10,"decisions":0,"gathering_from":null}';
