//! Jobs: what is to be done outside the database, claimed by lease, settled once.

use std::collections::BTreeSet;

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::effect::{Effect, Performer};
use crate::domain::id::IncidentId;
use crate::store::db::{Db, Row, Sql, Value, values};
use crate::store::error::StoreError;
use crate::store::rows::Column::{Int, Json, Text, Time};
use crate::store::sql;
use crate::store::tx::Tx;
use crate::store::types::{to_count, to_json};

/// Queues jobs; what happens where one with such a key is there already.
macro_rules! queue_all {
    ($at_conflict:literal $(,)?) => {
        Sql::of_rows(
            concat!(
                "INSERT INTO job (incident_id, dedup_key, performer, lane, urgency, effect, state, due_at, attempts,
                     created_at, lane_at)
                 SELECT column1, column2, column3, column4, column5, column6, 'queued', column7, 0, column8, column9
                 FROM {rows} WHERE column2 IS NOT NULL ",
                $at_conflict
            ),
            &[Int, Text, Text, Text, Int, Json, Time, Time, Time],
        )
    };
}

/// The first jobs of an urgency that are due and wait for nothing.
macro_rules! first_due {
    ($rank:literal, $urgency:literal, $limit:literal $(,)?) => {
        concat!(
            "UNION ALL SELECT rank, since, id FROM (
                 SELECT CAST(",
            $rank,
            " AS BIGINT) AS rank, j.due_at AS since, j.id FROM job j
                 WHERE j.state = 'queued' AND j.performer = $1 AND j.urgency = ",
            $urgency,
            " AND j.due_at <= $3
                   AND (j.lane IS NULL OR NOT EXISTS (
                       SELECT 1 FROM job earlier
                       WHERE earlier.lane = j.lane AND earlier.state IN ('queued', 'running')
                         AND (earlier.lane_at, earlier.id) < (j.lane_at, j.id)))
                 ORDER BY j.due_at, j.id LIMIT ",
            $limit,
            ") AS due_",
            $rank,
            " "
        )
    };
}

// What a job that is known by its key is to be like stands in a CASE: in a condition of its own it would have PostgreSQL
// read all jobs of that state, by their index, in place of the one.
sql! {
    ADD = Sql::portable(
        "INSERT INTO job (incident_id, dedup_key, performer, lane, lane_at, urgency, effect, state, due_at, attempts,
                          created_at)
         VALUES ($1, $2, $3, $4, $9, $5, $6, 'queued', $7, 0, $8)
         ON CONFLICT (dedup_key) DO NOTHING",
    );
    ADD_ALL = queue_all!("ON CONFLICT (dedup_key) DO NOTHING");
    ADD_CLAIMED = Sql::of_rows(
        "INSERT INTO job (incident_id, dedup_key, performer, lane, urgency, effect, state, due_at, attempts, created_at,
                          lane_at, first_attempt_at, lease_until, lease_holder)
         SELECT column1, column2, column3, column4, column5, column6, 'running', column7, 1, column8, column9,
                column8, column10, column11
         FROM {rows} WHERE column2 IS NOT NULL
         ON CONFLICT (dedup_key) DO NOTHING
         RETURNING id, incident_id, dedup_key, effect, attempts, first_attempt_at, due_at, urgency, trouble",
        &[Int, Text, Text, Text, Int, Json, Time, Time, Time, Time, Text],
    );
    RENEW = queue_all!(
        "ON CONFLICT (dedup_key) DO UPDATE SET state = 'queued', due_at = excluded.due_at, finished_at = NULL
         WHERE job.state IN ('done', 'buried', 'cancelled')",
    );
    HURRY = Sql::portable(
        "UPDATE job SET due_at = $1
         WHERE state = 'queued' AND performer IN ('page', 'chat') AND 0 < attempts AND $1 < due_at",
    );
    BURIED = Sql::portable(
        "SELECT id, incident_id, dedup_key, effect, attempts, first_attempt_at, due_at, urgency, trouble FROM job j
         WHERE state = 'buried' AND performer IN ('page', 'chat') AND $1 <= j.created_at
           AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.id = j.incident_id AND i.phase IN ('resolved', 'closed'))
         ORDER BY j.created_at, j.id LIMIT $2",
    );
    REVIVE = Sql::portable(
        "UPDATE job SET state = 'queued', due_at = $2, attempts = 1, finished_at = NULL
         WHERE id = $1 AND CASE WHEN state = 'buried' THEN TRUE END",
    );
    STANDING = Sql::portable(
        "SELECT dedup_key FROM job
         WHERE $1 <= dedup_key AND dedup_key < $2 AND CASE WHEN state IN ('queued', 'running', 'buried') THEN TRUE END",
    );
    OVERDUE = Sql::portable(
        "SELECT j.dedup_key, j.due_at FROM job j
         WHERE j.state IN ('queued', 'running')
           AND ((j.state = 'queued' AND j.due_at < $1
                 AND (j.lane IS NULL OR NOT EXISTS (
                     SELECT 1 FROM job earlier
                     WHERE earlier.lane = j.lane AND earlier.state IN ('queued', 'running')
                       AND (earlier.lane_at, earlier.id) < (j.lane_at, j.id))))
                OR (j.state = 'running' AND j.lease_until < $2))
         ORDER BY j.due_at, j.id LIMIT $3",
    );
    // What is begun is seen, by a subquery that PostgreSQL cannot but look up by the key; what is begun at the same moment, by
    // another process, makes the effect empty and fails.
    ADD_OR_WIDEN = Sql::of_rows(
        "INSERT INTO job (incident_id, dedup_key, performer, lane, urgency, effect, state, due_at, attempts,
             created_at, lane_at)
         SELECT column1, CASE WHEN is_begun THEN column10 ELSE column2 END, column3, column4, column5,
                CASE WHEN is_begun THEN column11 ELSE column6 END, 'queued',
                CASE WHEN is_begun THEN column12 ELSE column7 END, 0, column8,
                CASE WHEN is_begun THEN column12 ELSE column9 END
         FROM (SELECT given.*, (SELECT CASE WHEN begun.state = 'queued' THEN 0 < begun.attempts ELSE TRUE END
                                FROM job begun WHERE begun.dedup_key = column2) AS is_begun
               FROM {rows}) AS given
         WHERE column2 IS NOT NULL
         ON CONFLICT (dedup_key) DO UPDATE SET
             effect = CASE WHEN job.state = 'queued' AND job.attempts = 0 THEN excluded.effect END",
        &[Int, Text, Text, Text, Int, Json, Time, Time, Time, Text, Json, Time],
    );
    // In the order of the index, so that only what is taken is read of what waits for nothing; a bare `LIMIT $6` would have
    // SQLite prepare the statement anew each time. The less urgent ones are looked at where there is room for them: while
    // rooms are made, all of them wait behind those.
    CLAIMABLE = Sql::portable(concat!(
        "WITH first AS MATERIALIZED (
             SELECT rank, since, id FROM (
                 SELECT CAST(0 AS BIGINT) AS rank, j.lease_until AS since, j.id FROM job j
                 WHERE j.state = 'running' AND j.performer = $1 AND j.lease_until < $2
                 ORDER BY j.lease_until, j.id LIMIT CAST($6 AS BIGINT)) AS left_behind
         ",
        first_due!("1", "$4", "CAST($6 AS BIGINT)"),
        ") SELECT rank, since, id FROM first ",
        first_due!(
            "2",
            "$5",
            "(SELECT CASE WHEN COUNT(*) < CAST($6 AS BIGINT) THEN CAST($6 AS BIGINT) - COUNT(*) ELSE 0 END FROM first)",
        ),
    ));
    // All that made it claimable is asked again: others claim, too.
    CLAIM = Sql::of_lists(
        "UPDATE job SET state = 'running', lease_until = $3, lease_holder = $4, attempts = attempts + 1,
                        first_attempt_at = COALESCE(first_attempt_at, $2)
         WHERE id IN (SELECT value FROM json_each($5))
           AND CASE state WHEN 'running' THEN lease_until < $1
                          WHEN 'queued' THEN due_at <= $2 AND (lane IS NULL OR NOT EXISTS (
                              SELECT 1 FROM job earlier
                              WHERE earlier.lane = job.lane AND earlier.state IN ('queued', 'running')
                                AND (earlier.lane_at, earlier.id) < (job.lane_at, job.id))) END
         RETURNING id, incident_id, dedup_key, effect, attempts, first_attempt_at, due_at, urgency, trouble",
        "UPDATE job SET state = 'running', lease_until = $3, lease_holder = $4, attempts = attempts + 1,
                        first_attempt_at = COALESCE(first_attempt_at, $2)
         WHERE id = ANY($5::bigint[])
           AND CASE state WHEN 'running' THEN lease_until < $1
                          WHEN 'queued' THEN due_at <= $2 AND (lane IS NULL OR NOT EXISTS (
                              SELECT 1 FROM job earlier
                              WHERE earlier.lane = job.lane AND earlier.state IN ('queued', 'running')
                                AND (earlier.lane_at, earlier.id) < (job.lane_at, job.id))) END
         RETURNING id, incident_id, dedup_key, effect, attempts, first_attempt_at, due_at, urgency, trouble",
    );
    // What was due when it was queued is due whatever the clock says since; and no attempt waits longer than the longest
    // wait between two: a clock that was set back must not hold up a page.
    SET_BACK = Sql::portable(
        "UPDATE job SET due_at = $1
         WHERE state = 'queued' AND performer IN ('page', 'clock', 'chat') AND $1 < due_at
           AND (due_at <= created_at OR (0 < attempts AND $2 < due_at))",
    );
    KEEP = Sql::of_lists(
        "UPDATE job SET lease_until = $2
         WHERE id IN (SELECT value FROM json_each($3)) AND CASE WHEN state = 'running' THEN lease_holder = $1 END",
        "UPDATE job SET lease_until = $2
         WHERE id = ANY($3::bigint[]) AND CASE WHEN state = 'running' THEN lease_holder = $1 END",
    );
    FINISH = Sql::portable(
        "UPDATE job SET state = $2, trouble = $3, finished_at = $4, lease_until = NULL
         WHERE id = $1 AND CASE WHEN state = 'running' THEN lease_holder = $5 END",
    );
    RUN_AGAIN = Sql::portable(
        "UPDATE job SET state = 'queued', due_at = $2, trouble = $3, lease_until = NULL, lease_holder = NULL,
                        lane = CASE WHEN $5 THEN NULL ELSE lane END
         WHERE id = $1 AND CASE WHEN state = 'running' THEN lease_holder = $4 END",
    );
    CANCEL = Sql::portable(
        "UPDATE job SET state = 'cancelled', finished_at = $3
         WHERE $1 <= dedup_key AND dedup_key < $2 AND CASE WHEN state = 'queued' THEN TRUE END",
    );
    OPEN = Sql::portable(
        "SELECT COUNT(*) AS count FROM job j
         WHERE j.state IN ('queued', 'running')
           AND (j.state = 'running'
                OR (j.due_at <= $1
                    AND (j.lane IS NULL OR NOT EXISTS (
                        SELECT 1 FROM job earlier
                        WHERE earlier.lane = j.lane AND earlier.state IN ('queued', 'running')
                          AND (earlier.lane_at, earlier.id) < (j.lane_at, j.id)))))",
    );
    WAITING = Sql::portable(
        "SELECT id, incident_id, dedup_key, effect, attempts, first_attempt_at, due_at, urgency, trouble FROM job
         WHERE state IN ('queued', 'running') ORDER BY due_at, id LIMIT $1",
    );
    STATES = Sql::portable("SELECT state, COUNT(*) AS count FROM job GROUP BY state ORDER BY state");
    // The first of each performer and urgency, as the index has them.
    OLDEST = Sql::portable(
        "SELECT MIN(due) AS due
         FROM (SELECT (SELECT MIN(j.due_at) FROM job j
                       WHERE j.state = 'queued' AND j.performer = kind.column1 AND j.urgency = kind.column2) AS due
               FROM (VALUES ('page', 0), ('clock', 1), ('chat', 2), ('chat', 3)) AS kind) AS first
         WHERE due <= $1",
    );
    PRUNE = Sql::portable(
        "DELETE FROM job WHERE id IN (
             SELECT id FROM job WHERE state NOT IN ('queued', 'running') AND finished_at < $1
             ORDER BY finished_at LIMIT $2)",
    );
}

/// The longest wait between two attempts.
pub const LONGEST_WAIT: Duration = Duration::minutes(5);

/// A job, claimed or waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Which.
    pub id: i64,
    /// The incident that it is for.
    pub incident: Option<IncidentId>,
    /// Names the intent; the nonce of what is posted comes from it.
    pub dedup_key: String,
    /// What is to be done.
    pub effect: Effect,
    /// How many times it was claimed, this time included.
    pub attempts: u32,
    /// When it was first claimed.
    pub first_attempt_at: Option<Timestamp>,
    /// Not before.
    pub due_at: Timestamp,
    /// Why the last attempt came to nothing.
    pub trouble: Option<String>,
}

/// A worker's claim on jobs: who holds it, until when, by the real clock.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// Who claims.
    pub holder: &'a str,
    /// For how long.
    pub lease: Duration,
    /// The real time, on which leases run.
    pub real_now: Timestamp,
}

impl<'a> Claim<'a> {
    /// A claim of `holder` for `lease` from `real_now` on.
    pub fn new(holder: &'a str, lease: std::time::Duration, real_now: Timestamp) -> Self {
        Self { holder, lease: Duration::from_std(lease).unwrap_or(Duration::seconds(12)), real_now }
    }
}

/// A job that is not in the database yet.
#[derive(Debug, Clone)]
pub struct NewJob<'a> {
    /// The incident that it is for.
    pub incident: IncidentId,
    /// Names the intent.
    pub dedup_key: String,
    /// What is to be done.
    pub effect: &'a Effect,
    /// Not before.
    pub due: Timestamp,
}

impl NewJob<'_> {
    fn row(&self, now: Timestamp) -> Vec<Value> {
        row_of(Some(self.incident), &self.dedup_key, self.effect, self.due, now)
    }
}

/// A job that stands for several decisions.
#[derive(Debug, Clone)]
pub struct SharedJob<'a> {
    /// What all of them ask for, under the key that they share.
    pub shared: NewJob<'a>,
    /// What the last of them asks for, should the others be under way by then.
    pub alone: NewJob<'a>,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was done.
    Done,
    /// It was given up.
    Buried,
}

impl Db {
    /// Up to `limit` jobs that may be claimed now: those whose claim ended, and those that are due, the most urgent first; of
    /// each lane only the first. It is looked for beside whoever writes: mostly there is none, and where thousands wait behind
    /// others it takes a while.
    pub async fn claimable_jobs(
        &self,
        performer: Performer,
        claim: &Claim<'_>,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<i64>, StoreError> {
        let urgency = |place: usize| performer.urgencies().get(place).copied();
        let values = values![performer.word(), claim.real_now, now, urgency(0), urgency(1), limit as i64];
        let mut found = Vec::new();
        for row in self.glance(CLAIMABLE, values).await? {
            found.push((row.get::<i64>("rank")?, row.time("since")?, row.get::<i64>("id")?));
        }
        found.sort_unstable();
        Ok(found.into_iter().take(limit).map(|(.., id)| id).collect())
    }
}

impl Tx {
    /// Queues a job, unless one with this key was ever queued; whether it was.
    pub async fn add_job(
        &mut self,
        incident: Option<IncidentId>,
        dedup_key: &str,
        effect: &Effect,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(ADD, row_of(incident, dedup_key, effect, due, now)).await? == 1)
    }

    /// Queues jobs, each unless one with its key was ever queued.
    pub async fn add_jobs(&mut self, jobs: &[NewJob<'_>], now: Timestamp) -> Result<(), StoreError> {
        let rows = jobs.iter().flat_map(|job| job.row(now)).collect();
        self.later_rows_too(ADD_ALL, rows).await
    }

    /// Adds jobs that are claimed from the start, each unless one with its key was ever queued. When all is kept, `then` is
    /// given those that were added.
    pub async fn add_claimed_jobs(
        &mut self,
        jobs: &[NewJob<'_>],
        claim: &Claim<'_>,
        now: Timestamp,
        then: impl FnOnce(Vec<Job>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for job in jobs {
            rows.extend(job.row(now));
            rows.extend(values![claim.real_now + claim.lease, claim.holder]);
        }
        self.later_rows_then(ADD_CLAIMED, rows, move |rows| {
            let jobs = rows.iter().map(|row| job(row).map(|(_, job)| job)).collect::<Result<Vec<_>, _>>()?;
            Ok(Box::new(move || then(jobs)))
        })
        .await
    }

    /// Queues jobs, with the next statement or at the commit, or has those with their keys do their effects instead. Where
    /// one was begun already, what is to be done alone is queued. One that is begun at that very moment has the statement
    /// fail, and [say so](StoreError::is_overtaken).
    pub fn add_or_widen_jobs(&mut self, jobs: &[SharedJob<'_>], now: Timestamp) {
        let mut rows = Vec::with_capacity(jobs.len() * ADD_OR_WIDEN.columns().len());
        for SharedJob { shared, alone } in jobs {
            rows.extend(shared.row(now));
            rows.extend(values![alone.dedup_key.as_str(), to_json(alone.effect), alone.due]);
        }
        self.later_rows_apart(ADD_OR_WIDEN, rows);
    }

    /// Queues a job, also when one with this key ended before: it is taken up again, and looks first what was done.
    pub async fn renew_job(
        &mut self,
        incident: Option<IncidentId>,
        dedup_key: &str,
        effect: &Effect,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.later_rows(RENEW, row_of(incident, dedup_key, effect, due, now)).await
    }

    /// Has what waits to be tried again in Discord tried now.
    pub async fn hurry_jobs(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.execute(HURRY, values![now]).await
    }

    /// Takes up what was refused since `since` and may be allowed by now, of incidents that go on; how many jobs.
    pub async fn revive_jobs(&mut self, since: Timestamp, now: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let rows = self.all(BURIED, values![since, limit]).await?;
        let buried = rows.iter().map(|row| job(row).map(|(_, job)| job)).collect::<Result<Vec<_>, _>>()?;
        let mut revived = 0;
        for job in buried.iter().filter(|job| job.effect.is_tried_anew()) {
            revived += usize::from(self.execute(REVIVE, values![job.id, now]).await? == 1);
        }
        Ok(revived)
    }

    /// Claims those of these jobs that may still be claimed, the most urgent first.
    pub async fn claim_jobs(
        &mut self,
        jobs: Vec<i64>,
        claim: &Claim<'_>,
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        let until = claim.real_now + claim.lease;
        let rows = self.all(CLAIM, values![claim.real_now, now, until, claim.holder, jobs]).await?;
        let mut jobs = rows.iter().map(job).collect::<Result<Vec<_>, _>>()?;
        jobs.sort_by_key(|(urgency, job)| (*urgency, job.due_at, job.id));
        Ok(jobs.into_iter().map(|(_, job)| job).collect())
    }

    /// Has nothing wait for a time that was `now` before the clock was set back; how many jobs are due by it.
    pub async fn set_jobs_back(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.execute(SET_BACK, values![now, now + LONGEST_WAIT + LONGEST_WAIT]).await
    }

    /// Keeps a worker's claims on `jobs`, those that it really has under way: a claim that nobody works on must end.
    pub async fn keep_claims(&mut self, jobs: Vec<i64>, claim: &Claim<'_>) -> Result<(), StoreError> {
        let until = claim.real_now + claim.lease;
        self.execute(KEEP, values![claim.holder, until, jobs]).await?;
        Ok(())
    }

    /// Ends a job; `false` when the claim was lost to another.
    pub async fn finish_job(
        &mut self,
        id: i64,
        ending: Ending,
        trouble: Option<String>,
        holder: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let state = match ending {
            Ending::Done => "done",
            Ending::Buried => "buried",
        };
        Ok(self.execute(FINISH, values![id, state, trouble, now, holder]).await? == 1)
    }

    /// Gives a job back, to be tried again at `at`. `aside`: those behind it in its lane need not wait for it any more.
    pub async fn run_job_again(
        &mut self,
        id: i64,
        at: Timestamp,
        trouble: String,
        aside: bool,
        holder: &str,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(RUN_AGAIN, values![id, at, trouble, holder, aside]).await? == 1)
    }

    /// Cancels what is not under way of the jobs whose keys begin with the parts of `prefix`, which ends with a `/`.
    pub async fn cancel_jobs(&mut self, prefix: &str, now: Timestamp) -> Result<u64, StoreError> {
        self.execute(CANCEL, values![prefix, after_all(prefix), now]).await
    }

    /// How many jobs could be claimed at `now`, or are under way.
    pub async fn open_jobs(&mut self, now: Timestamp) -> Result<i64, StoreError> {
        self.one(OPEN, values![now]).await?.get("count")
    }

    /// The jobs that wait or are under way, the next first.
    pub async fn waiting_jobs(&mut self, limit: i64) -> Result<Vec<Job>, StoreError> {
        let rows = self.all(WAITING, values![limit]).await?;
        rows.iter().map(|row| job(row).map(|(_, job)| job)).collect()
    }

    /// How many jobs there are in each state.
    pub async fn job_states(&mut self) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = self.all(STATES, values![]).await?;
        rows.iter().map(|row| Ok((row.get("state")?, row.get("count")?))).collect()
    }

    /// Since when the oldest job that is due has been.
    pub async fn oldest_due_job(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.one(OLDEST, values![now]).await?.time_maybe("due")
    }

    /// The keys of an incident's jobs that wait, run, or were given up out loud.
    pub async fn standing_jobs(&mut self, incident: IncidentId) -> Result<BTreeSet<String>, StoreError> {
        let prefix = format!("{incident}/");
        let rows = self.all(STANDING, values![prefix.as_str(), after_all(&prefix)]).await?;
        rows.iter().map(|row| row.get("dedup_key")).collect()
    }

    /// Jobs that could be claimed since before `due`, and such whose claim ended before `claimed_until`: nobody takes
    /// them up. The oldest first.
    pub async fn overdue_jobs(
        &mut self,
        due: Timestamp,
        claimed_until: Timestamp,
        limit: i64,
    ) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let rows = self.all(OVERDUE, values![due, claimed_until, limit]).await?;
        rows.iter().map(|row| Ok((row.get("dedup_key")?, row.time("due_at")?))).collect()
    }

    /// Deletes up to `limit` ended jobs from before `before`.
    pub async fn prune_jobs(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        self.execute(PRUNE, values![before, limit]).await
    }
}

/// What comes next after all keys that begin with the parts of `prefix`, by the order of bytes, in which a `0` follows on a
/// `/`.
fn after_all(prefix: &str) -> String {
    format!("{}0", prefix.trim_end_matches('/'))
}

fn row_of(
    incident: Option<IncidentId>,
    dedup_key: &str,
    effect: &Effect,
    due: Timestamp,
    now: Timestamp,
) -> Vec<Value> {
    let lane = match incident {
        Some(id) => effect.lane(id),
        None => (effect.performer() != Performer::Clock).then(|| "operators".to_owned()),
    };
    let place = if effect.leads_its_lane() { Timestamp::UNIX_EPOCH } else { due };
    values![
        incident.map(|id| id.0),
        dedup_key,
        effect.performer().word(),
        lane,
        effect.urgency(),
        to_json(effect),
        due,
        now,
        place,
    ]
}

fn job(row: &Row) -> Result<(i64, Job), StoreError> {
    let job = Job {
        id: row.get("id")?,
        incident: row.get::<Option<i64>>("incident_id")?.map(IncidentId),
        dedup_key: row.get("dedup_key")?,
        effect: row.json("effect")?,
        attempts: to_count(row.get("attempts")?, "attempts")?,
        first_attempt_at: row.time_maybe("first_attempt_at")?,
        due_at: row.time("due_at")?,
        trouble: row.get("trouble")?,
    };
    Ok((row.get("urgency")?, job))
}
