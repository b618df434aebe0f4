//! Incidents, with their escalations, pages and updates: loaded whole, saved whole, on the version that was loaded.

use std::collections::HashMap;

use crate::domain::Timestamp;
use crate::domain::id::{EscalationNumber, IncidentId, PageNumber, PersonId, Snowflake, UpdateNumber};
use crate::domain::incident::{Incident, Room};
use crate::domain::paging::{Escalation, Page};
use crate::domain::update::Update;
use crate::store::db::{Row, Sql, Tx, values};
use crate::store::error::StoreError;
use crate::store::sql;
use crate::store::types::{from_snowflake, to_count, to_json, to_snowflake};

sql! {
    NEXT_ID = Sql::portable("UPDATE counter SET value = value + 1 WHERE name = 'incident' RETURNING value");
    INSERT = Sql::portable(
        "INSERT INTO incident (id, version, title, severity, severity_by, severity_reason, severity_proposed, category,
             phase, phase_since, team, rota, service, subjects, lead, liaison, scribe, declared_by, declared_at,
             alert_group, follows, next_update_due, room_channel, room_kind, room_trouble, entries,
             pace)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
             $23, $24, $25, $26, $27)",
    );
    UPDATE = Sql::portable(
        "UPDATE incident SET version = $2, title = $3, severity = $4, severity_by = $5, severity_reason = $6,
             severity_proposed = $7, category = $8, phase = $9, phase_since = $10, team = $11, rota = $12,
             service = $13, subjects = $14, lead = $15, liaison = $16, scribe = $17, declared_by = $18,
             declared_at = $19, alert_group = $20, follows = $21, next_update_due = $22, room_channel = $23,
             room_kind = $24, room_trouble = $25, entries = $26, pace = $27
         WHERE id = $1 AND version = $28",
    );
    LOAD = Sql::portable("SELECT * FROM incident WHERE id = $1");
    OPEN_OF_GROUPS = Sql::of_lists(
        "SELECT alert_group, incident.id AS id FROM json_each($1) AS wanted
         CROSS JOIN incident ON alert_group = wanted.value AND phase NOT IN ('resolved', 'closed')",
        "SELECT alert_group, id FROM incident
         WHERE alert_group = ANY($1::text[]) AND phase NOT IN ('resolved', 'closed')",
    );
    DECLARED = Sql::portable("SELECT declared_at FROM incident ORDER BY id DESC LIMIT $1");
    LAST_OF_GROUP = Sql::portable("SELECT MAX(id) AS id FROM incident WHERE alert_group = $1");
    BY_ROOM = Sql::portable("SELECT MAX(id) AS id FROM incident WHERE room_channel = $1");
    WITH_OPEN_PAGE = Sql::portable(
        "SELECT DISTINCT p.incident_id AS id FROM page p
         JOIN escalation e ON e.incident_id = p.incident_id AND e.number = p.escalation
         WHERE p.person = $1 AND p.state IN ('queued', 'sent', 'undelivered') AND e.state IN ('running', 'exhausted')
         ORDER BY p.incident_id",
    );
    PAGE_OF = Sql::portable(
        "SELECT * FROM incident
         WHERE id < $1 AND ($2 = '' OR phase = $2 OR ($2 = 'open' AND phase NOT IN ('resolved', 'closed')))
         ORDER BY id DESC LIMIT $3",
    );
    PHASES = Sql::portable("SELECT phase, severity, COUNT(*) AS count FROM incident GROUP BY phase, severity");
    ESCALATIONS = Sql::portable("SELECT * FROM escalation WHERE incident_id = $1 ORDER BY number");
    SAVE_ESCALATION = Sql::portable(
        "INSERT INTO escalation (incident_id, number, seeking, reason, vouched, policy, step, round, state, started_at,
             next_at, alarms, answered_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (incident_id, number) DO UPDATE SET step = excluded.step, round = excluded.round,
             state = excluded.state, next_at = excluded.next_at, alarms = excluded.alarms,
             answered_by = excluded.answered_by",
    );
    PAGES = Sql::portable("SELECT * FROM page WHERE incident_id = $1 ORDER BY number");
    SAVE_PAGE = Sql::portable(
        "INSERT INTO page (incident_id, number, escalation, step, round, person, state, decided_at, changed_at, trouble)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (incident_id, number) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at,
             trouble = excluded.trouble",
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

/// Whether a save was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It was.
    Kept,
    /// Another decision was committed first; decide again on what it wrote.
    Conflict,
}

/// Which incidents a listing has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// All.
    All,
    /// Those that go on.
    Open,
    /// Those in this phase.
    In(crate::domain::incident::Phase),
}

impl Tx {
    /// The number of the next incident; given back when the transaction is.
    pub async fn next_incident_id(&mut self) -> Result<IncidentId, StoreError> {
        Ok(IncidentId(self.one(NEXT_ID, values![]).await?.get("value")?))
    }

    /// An incident with all that belongs to it.
    pub async fn incident(&mut self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        let Some(row) = self.first(LOAD, values![id.0]).await? else { return Ok(None) };
        let mut incident = incident(&row)?;
        incident.escalations =
            self.all(ESCALATIONS, values![id.0]).await?.iter().map(escalation).collect::<Result<_, _>>()?;
        incident.pages = self.all(PAGES, values![id.0]).await?.iter().map(page).collect::<Result<_, _>>()?;
        incident.updates = self.all(UPDATES, values![id.0]).await?.iter().map(update).collect::<Result<_, _>>()?;
        Ok(Some(incident))
    }

    /// Saves `next` in place of `before`, or as new when `before` is absent.
    pub async fn save_incident(&mut self, before: Option<&Incident>, next: &Incident) -> Result<Saved, StoreError> {
        let room = next.room.as_ref();
        let mut values = values![
            next.id.0,
            next.version,
            next.title.as_str(),
            next.severity.to_string(),
            to_json(&next.severity_by),
            next.severity_reason.as_str(),
            next.severity_proposed.map(|severity| severity.to_string()),
            next.category.map(|category| category.word().to_owned()),
            next.phase.word(),
            next.phase_since,
            next.team.as_str(),
            next.rota.as_str(),
            next.service.clone(),
            to_json(&next.subjects),
            person(next.lead.as_ref()),
            person(next.liaison.as_ref()),
            person(next.scribe.as_ref()),
            to_json(&next.declared_by),
            next.declared_at,
            next.group.clone(),
            next.follows.map(|id| id.0),
            next.next_update_due,
            room.map(|room| from_snowflake(room.channel)),
            room.map(|room| room.kind.word().to_owned()),
            room.and_then(|room| room.trouble.clone()),
            next.entries,
            to_json(&next.pace),
        ];
        match before {
            None => {
                self.execute(INSERT, values).await?;
            }
            Some(before) => {
                values.push(before.version.into());
                if self.execute(UPDATE, values).await? == 0 {
                    return Ok(Saved::Conflict);
                }
            }
        }
        for escalation in changed(before.map(|before| &before.escalations), &next.escalations) {
            self.save_escalation(next.id, escalation).await?;
        }
        for page in changed(before.map(|before| &before.pages), &next.pages) {
            self.save_page(next.id, page).await?;
        }
        for update in changed(before.map(|before| &before.updates), &next.updates) {
            self.save_update(next.id, update).await?;
        }
        Ok(Saved::Kept)
    }

    async fn save_escalation(&mut self, id: IncidentId, escalation: &Escalation) -> Result<(), StoreError> {
        let values = values![
            id.0,
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
        ];
        self.execute(SAVE_ESCALATION, values).await?;
        Ok(())
    }

    async fn save_page(&mut self, id: IncidentId, page: &Page) -> Result<(), StoreError> {
        let values = values![
            id.0,
            page.number.0,
            page.escalation.0,
            page.step as i64,
            i64::from(page.round),
            page.person.as_str(),
            page.state.word(),
            page.decided_at,
            page.changed_at,
            page.trouble.clone(),
        ];
        self.execute(SAVE_PAGE, values).await?;
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

    /// The open incidents that alerts of these groups join.
    pub async fn open_incidents_of_groups(
        &mut self,
        groups: Vec<String>,
    ) -> Result<HashMap<String, IncidentId>, StoreError> {
        let rows = self.all(OPEN_OF_GROUPS, values![groups]).await?;
        rows.iter().map(|row| Ok((row.get("alert_group")?, IncidentId(row.get("id")?)))).collect()
    }

    /// When the latest incidents were opened, at most `limit`, the earliest first.
    pub async fn latest_declarations(&mut self, limit: i64) -> Result<Vec<Timestamp>, StoreError> {
        let rows = self.all(DECLARED, values![limit]).await?;
        rows.iter().rev().map(|row| row.time("declared_at")).collect()
    }

    /// The last incident of `group`, open or not.
    pub async fn last_incident_of_group(&mut self, group: &str) -> Result<Option<IncidentId>, StoreError> {
        let id: Option<i64> = self.one(LAST_OF_GROUP, values![group]).await?.get("id")?;
        Ok(id.map(IncidentId))
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
        let listing = match listing {
            Listing::All => "",
            Listing::Open => "open",
            Listing::In(phase) => phase.word(),
        };
        let before = before.map_or(i64::MAX, |id| id.0);
        self.all(PAGE_OF, values![before, listing, limit]).await?.iter().map(incident).collect()
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
fn changed<'a, T: PartialEq>(before: Option<&'a Vec<T>>, next: &'a [T]) -> impl Iterator<Item = &'a T> {
    next.iter()
        .enumerate()
        .filter(move |(index, item)| before.and_then(|before| before.get(*index)) != Some(item))
        .map(|(_, item)| item)
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
