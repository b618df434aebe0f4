-- What an incident is opened with goes into a third fewer indexes: what nobody looks for is in none.

-- Which incidents of a group, a phase or a room: of those that are over, and those that have one.
DROP INDEX incident_group;
CREATE INDEX incident_ended_group ON incident (alert_group, id) WHERE phase IN ('resolved', 'closed');
DROP INDEX incident_phase;
CREATE INDEX incident_resolved ON incident (id) WHERE phase = 'resolved';
CREATE INDEX incident_closed ON incident (id) WHERE phase = 'closed';
DROP INDEX incident_room;
CREATE INDEX incident_room ON incident (room_channel) WHERE room_channel IS NOT NULL;

-- An incident's jobs are found by their keys, which begin with its name: by the order of their bytes, whatever the language
-- of the database. What has no lane waits for nothing.
DROP INDEX job_of_incident;
ALTER TABLE job ALTER COLUMN dedup_key TYPE TEXT COLLATE "C";
DROP INDEX job_lane;
CREATE INDEX job_lane ON job (lane, lane_at, id) WHERE lane IS NOT NULL AND state IN ('queued', 'running');

-- Positions are given in the order of time: what came before a moment is found by halving.
DROP INDEX inbox_received_at;
