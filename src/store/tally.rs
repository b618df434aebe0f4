//! How many alerts each incident has: counted as they come, since an incident may have a million.

use std::collections::BTreeMap;

use crate::domain::Timestamp;
use crate::domain::alert::AlertStatus;
use crate::domain::id::IncidentId;
use crate::store::alert::{Before, Changed, Repeated};
use crate::store::db::{Sql, values};
use crate::store::error::StoreError;
use crate::store::rows::Column::{Int, Time};
use crate::store::sql;
use crate::store::tx::Tx;
use crate::store::types::to_count;

sql! {
    ADD = Sql::of_rows(
        "INSERT INTO alert_tally (incident_id, alerts, firing, unacknowledged, deliveries, last_at)
         SELECT column1, column2, column3, column4, column5, column6 FROM {rows} WHERE column1 IS NOT NULL
         ON CONFLICT (incident_id) DO UPDATE SET
             alerts = alert_tally.alerts + excluded.alerts,
             firing = alert_tally.firing + excluded.firing,
             unacknowledged = alert_tally.unacknowledged + excluded.unacknowledged,
             deliveries = alert_tally.deliveries + excluded.deliveries,
             last_at = CASE WHEN alert_tally.last_at < excluded.last_at THEN excluded.last_at
                            ELSE alert_tally.last_at END",
        &[Int, Int, Int, Int, Int, Time],
    );
    COUNT_ANEW = Sql::portable(
        "UPDATE alert_tally SET (alerts, firing, unacknowledged) =
             (SELECT COUNT(*), COUNT(CASE WHEN status IN ('firing', 'acknowledged') THEN 1 END),
                     COUNT(CASE WHEN status = 'firing' THEN 1 END)
              FROM alert WHERE alert.incident_id = $1 AND status <> 'info')
         WHERE incident_id = $1",
    );
    OF_INCIDENT = Sql::portable("SELECT * FROM alert_tally WHERE incident_id = $1");
}

/// How many alerts an incident has; what only informs is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Different ones.
    pub alerts: u64,
    /// Those that still fire.
    pub firing: u64,
    /// Those of them that nobody took on at their source.
    pub unacknowledged: u64,
    /// Deliveries, repeats counted.
    pub deliveries: u64,
    /// When the last came.
    pub latest: Option<Timestamp>,
}

/// What a tally changes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Growth {
    alerts: i64,
    firing: i64,
    unacknowledged: i64,
    deliveries: i64,
    latest: Option<Timestamp>,
}

impl Growth {
    fn change(&mut self, alert: &Changed<'_>) {
        if let Before::Was(status) = alert.before {
            self.count(status, -1, alert.last_at);
        }
        self.count(alert.status, 1, alert.last_at);
        self.deliver(alert.status, alert.deliveries, alert.last_at);
    }

    fn count(&mut self, status: AlertStatus, by: i64, at: Timestamp) {
        let (fires, is_unacknowledged) = match status {
            AlertStatus::Info => return,
            AlertStatus::Resolved => (false, false),
            AlertStatus::Acknowledged => (true, false),
            AlertStatus::Firing => (true, true),
        };
        self.alerts += by;
        self.firing += i64::from(fires) * by;
        self.unacknowledged += i64::from(is_unacknowledged) * by;
        self.latest = self.latest.max(Some(at));
    }

    fn deliver(&mut self, status: AlertStatus, deliveries: i64, at: Timestamp) {
        if status != AlertStatus::Info {
            self.deliveries += deliveries;
            self.latest = self.latest.max(Some(at));
        }
    }
}

impl Tally {
    /// What the alerts of a batch come to, all of which belong to one incident that has no others.
    pub fn of(alerts: &[Changed<'_>]) -> Self {
        let mut growth = Growth::default();
        for alert in alerts {
            growth.change(&Changed { before: Before::Nothing, ..alert.clone() });
        }
        let Growth { alerts, firing, unacknowledged, deliveries, latest } = growth;
        let [alerts, firing, unacknowledged, deliveries] =
            [alerts, firing, unacknowledged, deliveries].map(i64::unsigned_abs);
        Self { alerts, firing, unacknowledged, deliveries, latest }
    }
}

impl Tx {
    /// Adds what a batch changed to the tallies of its incidents.
    pub(in crate::store) async fn tally(
        &mut self,
        changed: &[Changed<'_>],
        repeated: &[Repeated<'_>],
    ) -> Result<(), StoreError> {
        let mut growths: BTreeMap<IncidentId, Growth> = BTreeMap::new();
        let mut unknown = Vec::new();
        for alert in changed {
            let Some(incident) = alert.incident else { continue };
            growths.entry(incident).or_default().change(alert);
            if alert.before == Before::Unknown && !unknown.contains(&incident) {
                unknown.push(incident);
            }
        }
        for alert in repeated {
            let Some(incident) = alert.incident else { continue };
            growths.entry(incident).or_default().deliver(alert.status, alert.deliveries, alert.last_at);
        }
        let mut values = Vec::with_capacity(growths.len() * ADD.columns().len());
        for (incident, growth) in growths {
            // Nothing of it counts.
            let Growth { alerts, firing, unacknowledged, deliveries, latest: Some(latest) } = growth else { continue };
            values.extend(values![incident.0, alerts, firing, unacknowledged, deliveries, latest]);
        }
        self.later_rows(ADD, values).await?;
        for incident in unknown {
            self.execute(COUNT_ANEW, values![incident.0]).await?;
        }
        Ok(())
    }

    /// How many alerts an incident has.
    pub async fn tally_of(&mut self, incident: IncidentId) -> Result<Tally, StoreError> {
        let Some(row) = self.first(OF_INCIDENT, values![incident.0]).await? else { return Ok(Tally::default()) };
        let count = |column| -> Result<u64, StoreError> { to_count(row.get(column)?, column) };
        Ok(Tally {
            alerts: count("alerts")?,
            firing: count("firing")?,
            unacknowledged: count("unacknowledged")?,
            deliveries: count("deliveries")?,
            latest: Some(row.time("last_at")?),
        })
    }
}
