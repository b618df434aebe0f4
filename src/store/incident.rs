//! Incidents, with their escalations, pages and updates: loaded whole, saved whole, on the version that was loaded.

use std::collections::HashMap;

use crate::domain::Timestamp;
use crate::domain::id::{EscalationNumber, IncidentId, PageNumber, PersonId, Snowflake, UpdateNumber};
use crate::domain::incident::{Incident, Phase, Room};
use crate::domain::paging::{Escalation, Page};
use crate::domain::update::Update;
use crate::store::db::{Row, Sql, Value, values};
use crate::store::error::StoreError;
use crate::store::rows::Column::{Bool, Int, Json, Text, Time};
use crate::store::sql;
use crate::store::tx::Tx;
use crate::store::types::{from_snowflake, to_count, to_json, to_snowflake};

sql! {
    NEXT_ID = Sql::portable("UPDATE counter SET value = value + 1 WHERE name = 'incident' RETURNING value");
    // What may not be empty fails where others were given numbers since.
    TAKE_IDS = Sql::of_rows(
        "UPDATE counter SET value = CASE WHEN value = column1 THEN column2 END FROM {rows} WHERE name = 'incident'",
        &[Int, Int],
    );
    INSERT = Sql::of_rows(
        "INSERT INTO incident (id, version, title, severity, severity_by, severity_reason, severity_proposed, category,
             phase, phase_since, team, rota, service, subjects, lead, liaison, scribe, declared_by, declared_at,
             alert_group, follows, next_update_due, room_channel, room_kind, room_trouble, entries,
             pace)
         SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9, column10, column11,
             column12, column13, column14, column15, column16, column17, column18, column19, column20, column21, column22,
             column23, column24, column25, column26, column27
         FROM {rows} WHERE column1 IS NOT NULL",
        &[
            Int, Int, Text, Text, Json, Text, Text, Text, Text, Time, Text, Text, Text, Json, Text, Text, Text, Json, Time,
            Text, Int, Time, Int, Text, Text, Int, Json,
        ],
    );
    // As those: the version may not be empty.
    UPDATE = Sql::of_rows(
        "UPDATE incident SET version = CASE WHEN version = column28 THEN column2 END, title = column3,
             severity = column4, severity_by = column5, severity_reason = column6, severity_proposed = column7,
             category = column8, phase = column9, phase_since = column10, team = column11, rota = column12,
             service = column13, subjects = column14, lead = column15, liaison = column16, scribe = column17,
             declared_by = column18, declared_at = column19, alert_group = column20, follows = column21,
             next_update_due = column22, room_channel = column23, room_kind = column24, room_trouble = column25,
             entries = column26, pace = column27
         FROM {rows} WHERE id = column1",
        &[
            Int, Int, Text, Text, Json, Text, Text, Text, Text, Time, Text, Text, Text, Json, Text, Text, Text, Json, Time,
            Text, Int, Time, Int, Text, Text, Int, Json, Int,
        ],
    );
    LOAD = Sql::portable("SELECT * FROM incident WHERE id = $1");
    OF_GROUPS = Sql::of_lists(
        "SELECT wanted.value AS alert_group,
                (SELECT id FROM incident
                 WHERE alert_group = wanted.value AND phase NOT IN ('resolved', 'closed')) AS open_of_group,
                (SELECT MAX(id) FROM incident
                 WHERE alert_group = wanted.value AND phase IN ('resolved', 'closed')) AS ended_of_group
         FROM json_each($1) AS wanted",
        "SELECT wanted.value AS alert_group,
                (SELECT id FROM incident
                 WHERE alert_group = wanted.value AND phase NOT IN ('resolved', 'closed')) AS open_of_group,
                (SELECT MAX(id) FROM incident
                 WHERE alert_group = wanted.value AND phase IN ('resolved', 'closed')) AS ended_of_group
         FROM unnest($1::text[]) AS wanted (value)",
    );
    DECLARED = Sql::portable("SELECT declared_at FROM incident ORDER BY id DESC LIMIT $1");
    BY_ROOM = Sql::portable("SELECT MAX(id) AS id FROM incident WHERE room_channel = $1");
    WITH_OPEN_PAGE = Sql::portable(
        "SELECT DISTINCT p.incident_id AS id FROM page p
         JOIN escalation e ON e.incident_id = p.incident_id AND e.number = p.escalation
         WHERE p.person = $1 AND p.state IN ('queued', 'sent', 'undelivered') AND e.state IN ('running', 'exhausted')
         ORDER BY p.incident_id",
    );
    // Apart, since one statement for all of them would read what is over, too, which grows without end.
    PAGE_OF_ALL = Sql::portable("SELECT * FROM incident WHERE id < $1 ORDER BY id DESC LIMIT $2");
    PAGE_OF_OPEN = Sql::portable(
        "SELECT * FROM incident WHERE id < $1 AND phase NOT IN ('resolved', 'closed') ORDER BY id DESC LIMIT $2",
    );
    PAGE_OF_OPEN_PHASE = Sql::portable(
        "SELECT * FROM incident WHERE id < $1 AND phase = $3 AND phase NOT IN ('resolved', 'closed')
         ORDER BY id DESC LIMIT $2",
    );
    PAGE_OF_RESOLVED = Sql::portable(
        "SELECT * FROM incident WHERE id < $1 AND phase = 'resolved' ORDER BY id DESC LIMIT $2",
    );
    PAGE_OF_CLOSED = Sql::portable(
        "SELECT * FROM incident WHERE id < $1 AND phase = 'closed' ORDER BY id DESC LIMIT $2",
    );
    PHASES = Sql::portable("SELECT phase, severity, COUNT(*) AS count FROM incident GROUP BY phase, severity");
    ESCALATIONS = Sql::portable("SELECT * FROM escalation WHERE incident_id = $1 ORDER BY number");
    SAVE_ESCALATIONS = Sql::of_rows(
        "INSERT INTO escalation (incident_id, number, seeking, reason, vouched, policy, step, round, state, started_at,
             next_at, alarms, answered_by)
         SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9, column10, column11,
             column12, column13
         FROM {rows} WHERE column1 IS NOT NULL
         ON CONFLICT (incident_id, number) DO UPDATE SET step = excluded.step, round = excluded.round,
             state = excluded.state, next_at = excluded.next_at, alarms = excluded.alarms,
             answered_by = excluded.answered_by",
        &[Int, Int, Text, Text, Bool, Json, Int, Int, Text, Time, Time, Int, Text],
    );
    PAGES = Sql::portable("SELECT * FROM page WHERE incident_id = $1 ORDER BY number");
    SAVE_PAGES = Sql::of_rows(
        "INSERT INTO page (incident_id, number, escalation, step, round, person, state, decided_at, changed_at, trouble)
         SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9, column10
         FROM {rows} WHERE column1 IS NOT NULL
         ON CONFLICT (incident_id, number) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at,
             trouble = excluded.trouble",
        &[Int, Int, Int, Int, Int, Text, Text, Time, Time, Text],
    );
    UPDATES = Sql::portable("SELECT * FROM status_update WHERE incident_id = $1 ORDER BY number");
    SAVE_UPDATE = Sql::portable(
        "INSERT INTO status_update (incident_id, number, audience, state, body, version, author, gate_keys, reason,
             drafted_at, published_to, doubtful_at, published_at, again)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (incident_id, number) DO UPDATE SET state = excluded.state, body = excluded.body,
             version = excluded.version, author = excluded.author, gate_keys = excluded.gate_keys,
             reason = excluded.reason, published_to = excluded.published_to, doubtful_at = excluded.doubtful_at,
             published_at = excluded.published_at, again = excluded.again",
    );
}

/// The incident that counts of a group of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfGroup {
    /// The one that is open, which its alerts join.
    Open(IncidentId),
    /// The last, which is over as all of them are.
    Ended(IncidentId),
}

impl OfGroup {
    /// What a row says of a group, if it has incidents.
    pub(in crate::store) fn of(row: &Row) -> Result<Option<Self>, StoreError> {
        if let Some(open) = row.get::<Option<i64>>("open_of_group")? {
            return Ok(Some(Self::Open(IncidentId(open))));
        }
        Ok(row.get::<Option<i64>>("ended_of_group")?.map(|ended| Self::Ended(IncidentId(ended))))
    }
}

/// Which incidents a listing has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// All.
    All,
    /// Those that go on.
    Open,
    /// Those in this phase.
    In(Phase),
}

impl Tx {
    /// The number of the next incident; given back when the transaction is.
    pub async fn next_incident_id(&mut self) -> Result<IncidentId, StoreError> {
        Ok(IncidentId(self.one(NEXT_ID, values![]).await?.get("value")?))
    }

    /// Takes the numbers of `count` incidents that follow `last`, with the next statement or at the commit. That one fails
    /// where somebody else took one first, and says [so](StoreError::is_overtaken).
    pub async fn take_incident_ids(&mut self, last: IncidentId, count: usize) -> Result<(), StoreError> {
        self.later_rows(TAKE_IDS, values![last.0, last.0 + count as i64]).await
    }

    /// An incident with all that belongs to it.
    pub async fn incident(&mut self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        let [itself, escalations, pages, updates] =
            self.all_of_each([LOAD, ESCALATIONS, PAGES, UPDATES], values![id.0]).await?;
        let Some(row) = itself.first() else { return Ok(None) };
        let mut incident = incident(row)?;
        incident.escalations = escalations.iter().map(escalation).collect::<Result<_, _>>()?;
        incident.pages = pages.iter().map(page).collect::<Result<_, _>>()?;
        incident.updates = updates.iter().map(update).collect::<Result<_, _>>()?;
        Ok(Some(incident))
    }

    /// Adds incidents that were just opened.
    pub async fn add_incidents(&mut self, opened: &[&Incident]) -> Result<(), StoreError> {
        let (mut incidents, mut escalations, mut pages) = (Vec::new(), Vec::new(), Vec::new());
        for incident in opened {
            incidents.extend(row_of(incident));
            escalations.extend(incident.escalations.iter().flat_map(|run| row_of_escalation(incident.id, run)));
            pages.extend(incident.pages.iter().flat_map(|page| row_of_page(incident.id, page)));
        }
        self.later_rows(INSERT, incidents).await?;
        self.later_rows_too(SAVE_ESCALATIONS, escalations).await?;
        self.later_rows_too(SAVE_PAGES, pages).await?;
        for incident in opened {
            for update in &incident.updates {
                self.save_update(incident.id, update).await?;
            }
        }
        Ok(())
    }

    /// Saves `next` in place of `before`, with the next statement or at the commit. That one fails where another decision was
    /// committed first, and says [so](StoreError::is_overtaken): decide again on what it wrote. Who saves one twice reads it
    /// in between.
    pub async fn save_incident(&mut self, before: &Incident, next: &Incident) -> Result<(), StoreError> {
        let mut values = row_of(next);
        values.push(before.version.into());
        self.later_rows_too(UPDATE, values).await?;
        let escalations = changed(&before.escalations, &next.escalations);
        let escalations = escalations.into_iter().flat_map(|run| row_of_escalation(next.id, run)).collect();
        self.later_rows_too(SAVE_ESCALATIONS, escalations).await?;
        let pages = changed(&before.pages, &next.pages);
        let pages = pages.into_iter().flat_map(|page| row_of_page(next.id, page)).collect();
        self.later_rows_too(SAVE_PAGES, pages).await?;
        for update in changed(&before.updates, &next.updates) {
            self.save_update(next.id, update).await?;
        }
        Ok(())
    }

    async fn save_update(&mut self, id: IncidentId, update: &Update) -> Result<(), StoreError> {
        let values = values![
            id.0,
            update.number.0,
            update.audience.as_str(),
            update.state.word(),
            update.text.as_str(),
            i64::from(update.version),
            person(update.author.as_ref()),
            to_json(&update.keys),
            update.reason.clone(),
            update.drafted_at,
            to_json(&update.published_to),
            to_json(&update.doubtful_at),
            update.published_at,
            i64::from(update.again),
        ];
        self.execute(SAVE_UPDATE, values).await?;
        Ok(())
    }

    /// The incidents of these groups, where they have any.
    pub async fn incidents_of_groups(&mut self, groups: Vec<String>) -> Result<HashMap<String, OfGroup>, StoreError> {
        let mut known = HashMap::new();
        for row in &self.all(OF_GROUPS, values![groups]).await? {
            if let Some(of_group) = OfGroup::of(row)? {
                known.insert(row.get("alert_group")?, of_group);
            }
        }
        Ok(known)
    }

    /// When the latest incidents were opened, at most `limit`, the earliest first.
    pub async fn latest_declarations(&mut self, limit: i64) -> Result<Vec<Timestamp>, StoreError> {
        let rows = self.all(DECLARED, values![limit]).await?;
        rows.iter().rev().map(|row| row.time("declared_at")).collect()
    }

    /// The incident that is worked on in a channel or thread.
    pub async fn incident_of_room(&mut self, channel: Snowflake) -> Result<Option<IncidentId>, StoreError> {
        let id: Option<i64> = self.one(BY_ROOM, values![from_snowflake(channel)]).await?.get("id")?;
        Ok(id.map(IncidentId))
    }

    /// The incidents in which a person was called and may still answer.
    pub async fn incidents_paging(&mut self, person: &PersonId) -> Result<Vec<IncidentId>, StoreError> {
        let rows = self.all(WITH_OPEN_PAGE, values![person.as_str()]).await?;
        rows.iter().map(|row| Ok(IncidentId(row.get("id")?))).collect()
    }

    /// A page of incidents, the newest first, without what belongs to them; `before` is the last of the page before.
    pub async fn incidents_page(
        &mut self,
        before: Option<IncidentId>,
        listing: Listing,
        limit: i64,
    ) -> Result<Vec<Incident>, StoreError> {
        let before = before.map_or(i64::MAX, |id| id.0);
        let rows = match listing {
            Listing::All => self.all(PAGE_OF_ALL, values![before, limit]).await?,
            Listing::Open => self.all(PAGE_OF_OPEN, values![before, limit]).await?,
            Listing::In(Phase::Resolved) => self.all(PAGE_OF_RESOLVED, values![before, limit]).await?,
            Listing::In(Phase::Closed) => self.all(PAGE_OF_CLOSED, values![before, limit]).await?,
            Listing::In(phase) => self.all(PAGE_OF_OPEN_PHASE, values![before, limit, phase.word()]).await?,
        };
        rows.iter().map(incident).collect()
    }

    /// How many incidents there are, by phase and severity.
    pub async fn incident_counts(&mut self) -> Result<Vec<(String, String, i64)>, StoreError> {
        let rows = self.all(PHASES, values![]).await?;
        rows.iter().map(|row| Ok((row.get("phase")?, row.get("severity")?, row.get("count")?))).collect()
    }
}

fn person(person: Option<&PersonId>) -> Option<String> {
    person.map(|person| person.as_str().to_owned())
}

/// What is new or different in `next`; both are in order, and nothing is ever removed.
fn changed<'a, T: PartialEq>(before: &[T], next: &'a [T]) -> Vec<&'a T> {
    next.iter().enumerate().filter(|(index, item)| before.get(*index) != Some(item)).map(|(_, item)| item).collect()
}

fn row_of(incident: &Incident) -> Vec<Value> {
    let room = incident.room.as_ref();
    values![
        incident.id.0,
        incident.version,
        incident.title.as_str(),
        incident.severity.to_string(),
        to_json(&incident.severity_by),
        incident.severity_reason.as_str(),
        incident.severity_proposed.map(|severity| severity.to_string()),
        incident.category.map(|category| category.word().to_owned()),
        incident.phase.word(),
        incident.phase_since,
        incident.team.as_str(),
        incident.rota.as_str(),
        incident.service.clone(),
        to_json(&incident.subjects),
        person(incident.lead.as_ref()),
        person(incident.liaison.as_ref()),
        person(incident.scribe.as_ref()),
        to_json(&incident.declared_by),
        incident.declared_at,
        incident.group.clone(),
        incident.follows.map(|id| id.0),
        incident.next_update_due,
        room.map(|room| from_snowflake(room.channel)),
        room.map(|room| room.kind.word().to_owned()),
        room.and_then(|room| room.trouble.clone()),
        incident.entries,
        to_json(&incident.pace),
    ]
}

fn row_of_escalation(incident: IncidentId, escalation: &Escalation) -> Vec<Value> {
    values![
        incident.0,
        escalation.number.0,
        escalation.seeking.as_str(),
        escalation.reason.as_str(),
        escalation.vouched,
        to_json(&escalation.policy),
        escalation.step as i64,
        i64::from(escalation.round),
        escalation.state.word(),
        escalation.started_at,
        escalation.next_at,
        i64::from(escalation.alarms),
        person(escalation.answered_by.as_ref()),
    ]
}

fn row_of_page(incident: IncidentId, page: &Page) -> Vec<Value> {
    values![
        incident.0,
        page.number.0,
        page.escalation.0,
        page.step as i64,
        i64::from(page.round),
        page.person.as_str(),
        page.state.word(),
        page.decided_at,
        page.changed_at,
        page.trouble.clone(),
    ]
}

fn incident(row: &Row) -> Result<Incident, StoreError> {
    let maybe_person =
        |column| -> Result<Option<PersonId>, StoreError> { Ok(row.get::<Option<String>>(column)?.map(PersonId::from)) };
    let room = match row.get::<Option<i64>>("room_channel")? {
        Some(channel) => Some(Room {
            channel: to_snowflake(channel)?,
            kind: row.parsed("room_kind")?,
            trouble: row.get("room_trouble")?,
        }),
        None => None,
    };
    Ok(Incident {
        id: IncidentId(row.get("id")?),
        version: row.get("version")?,
        title: row.get("title")?,
        severity: row.parsed("severity")?,
        severity_by: row.json("severity_by")?,
        severity_reason: row.get("severity_reason")?,
        severity_proposed: row.parsed_maybe("severity_proposed")?,
        category: row.parsed_maybe("category")?,
        phase: row.parsed("phase")?,
        phase_since: row.time("phase_since")?,
        team: row.get::<String>("team")?.into(),
        rota: row.get::<String>("rota")?.into(),
        service: row.get("service")?,
        subjects: row.json("subjects")?,
        lead: maybe_person("lead")?,
        liaison: maybe_person("liaison")?,
        scribe: maybe_person("scribe")?,
        declared_by: row.json("declared_by")?,
        declared_at: row.time("declared_at")?,
        group: row.get("alert_group")?,
        follows: row.get::<Option<i64>>("follows")?.map(IncidentId),
        next_update_due: row.time_maybe("next_update_due")?,
        room,
        entries: row.get("entries")?,
        pace: row.json("pace")?,
        escalations: Vec::new(),
        pages: Vec::new(),
        updates: Vec::new(),
    })
}

fn escalation(row: &Row) -> Result<Escalation, StoreError> {
    Ok(Escalation {
        number: EscalationNumber(row.get("number")?),
        seeking: row.get("seeking")?,
        reason: row.get("reason")?,
        vouched: row.get("vouched")?,
        policy: row.json("policy")?,
        step: to_count(row.get("step")?, "step")?,
        round: to_count(row.get("round")?, "round")?,
        state: row.parsed("state")?,
        started_at: row.time("started_at")?,
        next_at: row.time_maybe("next_at")?,
        alarms: to_count(row.get("alarms")?, "alarms")?,
        answered_by: row.get::<Option<String>>("answered_by")?.map(PersonId::from),
    })
}

fn page(row: &Row) -> Result<Page, StoreError> {
    Ok(Page {
        number: PageNumber(row.get("number")?),
        escalation: EscalationNumber(row.get("escalation")?),
        step: to_count(row.get("step")?, "step")?,
        round: to_count(row.get("round")?, "round")?,
        person: row.get::<String>("person")?.into(),
        state: row.parsed("state")?,
        decided_at: row.time("decided_at")?,
        changed_at: row.time("changed_at")?,
        trouble: row.get("trouble")?,
    })
}

fn update(row: &Row) -> Result<Update, StoreError> {
    Ok(Update {
        number: UpdateNumber(row.get("number")?),
        audience: row.get::<String>("audience")?.into(),
        state: row.parsed("state")?,
        text: row.get("body")?,
        version: to_count(row.get("version")?, "version")?,
        author: row.get::<Option<String>>("author")?.map(PersonId::from),
        keys: row.json("gate_keys")?,
        reason: row.get("reason")?,
        drafted_at: row.time("drafted_at")?,
        published_to: row.json("published_to")?,
        doubtful_at: row.json("doubtful_at")?,
        published_at: row.time_maybe("published_at")?,
        again: to_count(row.get("again")?, "again")?,
    })
}
