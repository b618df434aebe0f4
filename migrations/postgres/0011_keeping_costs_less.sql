-- What PostgreSQL checks of each row that Firebell writes all the time took a fifth of an opening's time: it reads a `CHECK`
-- anew for each statement, and looks every reference up by a statement of its own. Firebell parses these words when it reads
-- them and names what does not belong there (those of jobs it only compares: they stay), and writes rows of an incident only
-- beside the incident. SQLite goes on checking all of it, for next to nothing, so that what breaks it fails in every story of both.
ALTER TABLE inbox_head DROP CONSTRAINT inbox_head_only_row_check;
ALTER TABLE inbox_cursor DROP CONSTRAINT inbox_cursor_only_row_check;
ALTER TABLE incident
    DROP CONSTRAINT incident_severity_check,
    DROP CONSTRAINT incident_severity_proposed_check,
    DROP CONSTRAINT incident_phase_check,
    DROP CONSTRAINT incident_room_kind_check;
ALTER TABLE alert DROP CONSTRAINT alert_status_check, DROP CONSTRAINT alert_severity_check;
ALTER TABLE timeline DROP CONSTRAINT timeline_incident_id_fkey;
ALTER TABLE escalation DROP CONSTRAINT escalation_state_check, DROP CONSTRAINT escalation_incident_id_fkey;
ALTER TABLE page DROP CONSTRAINT page_state_check, DROP CONSTRAINT page_incident_id_fkey;
ALTER TABLE job DROP CONSTRAINT job_incident_id_fkey;
