-- The incidents that go on, the newest first, however many are over.
CREATE INDEX incident_open ON incident (id) WHERE phase NOT IN ('resolved', 'closed');
