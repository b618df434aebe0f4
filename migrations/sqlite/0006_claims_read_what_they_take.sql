-- What is next for a worker, in the order in which it is taken, and what a worker that is gone left behind.
DROP INDEX job_waiting;
CREATE INDEX job_next ON job (performer, urgency, due_at, id) WHERE state = 'queued';
CREATE INDEX job_running ON job (lease_until) WHERE state = 'running';
