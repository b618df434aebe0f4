//! The store on both databases: positions, claims, lanes, leases, conflicts.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration};
use firebell::domain::Timestamp;
use firebell::domain::actor::Author;
use firebell::domain::alert::{Alert, AlertStatus, Severity};
use firebell::domain::effect::{Effect, Performer};
use firebell::domain::id::{EntryNumber, IncidentId, PageNumber};
use firebell::domain::incident::{Incident, Phase};
use firebell::domain::timeline::{Entry, Event};
use firebell::store::Db;
use firebell::store::alert::{Asked, Before, Changed, Counted, Repeated};
use firebell::store::inbox::Written;
use firebell::store::inbox_writer::Inbox;
use firebell::store::incident::OfGroup;
use firebell::store::job::{Claim, Ending, Job, NewJob, SharedJob};
use sqlx::{Connection, SqliteConnection};

use crate::support::inbox::append;
use crate::support::{TestDatabase, run, tallies};

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_770_000_000 + seconds, 123_456_000).unwrap()
}

fn alert(number: usize) -> Alert {
    let alert = serde_json::json!({
        "source": "s", "fingerprint": number.to_string(), "status": "firing", "signal": "normal",
        "title": format!("Line {number}\nand another"), "description": null, "severity": null, "vendor_severity": null,
        "category": null, "service": null, "labels": {}, "links": [], "started_at": null, "ended_at": null,
    });
    serde_json::from_value(alert).unwrap()
}

async fn fresh(database: &TestDatabase) -> Db {
    let db = Db::connect(&database.url).await.unwrap();
    db.migrate().await.unwrap();
    db
}

fn claim(holder: &str, real_now: Timestamp) -> Claim<'_> {
    Claim { holder, lease: Duration::seconds(10), real_now }
}

async fn claim_jobs(db: &Db, holder: &str, real: i64, now: i64, limit: usize) -> Vec<Job> {
    claim_jobs_of(db, Performer::Chat, &claim(holder, at(real)), at(now), limit).await
}

async fn claim_jobs_of(db: &Db, of: Performer, claim: &Claim<'_>, now: Timestamp, limit: usize) -> Vec<Job> {
    let claimable = db.claimable_jobs(of, claim, now, limit).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let jobs = tx.claim_jobs(claimable, claim, now).await.unwrap();
    tx.commit().await.unwrap();
    jobs
}

/// A firing alert, as a batch leaves it at `second`.
fn changed(alert: &Written, incident: Option<IncidentId>, second: i64, before: Before) -> Changed<'_> {
    Changed {
        alert,
        status: AlertStatus::Firing,
        severity: Severity::Sev2,
        started_at: None,
        changed_at: at(second),
        said_at: None,
        last_at: at(second),
        deliveries: 1,
        incident,
        before,
    }
}

/// Puts an incident there for what must belong to one.
async fn put_incident(db: &Db, id: i64) {
    let then = if matches!(db, Db::Sqlite { .. }) { "0" } else { "'epoch'" };
    let pace = r#"{"since":"1970-01-01T00:00:00Z","window_s":10,"decisions":0,"gathering_from":null}"#;
    let text = format!(
        "INSERT INTO incident (id, version, title, severity, severity_by, severity_reason, phase, phase_since, team, rota,
             subjects, declared_by, declared_at, entries, pace)
         VALUES ({id}, 1, 't', 'SEV2', '\"firebell\"', 'r', 'triage', {then}, 't', 'r', '[]', '\"firebell\"', {then}, 0, '{pace}')"
    );
    run(db, text).await;
}

async fn queue(db: &Db, key: &str, text: &str, due: i64) -> bool {
    let mut tx = db.begin().await.unwrap();
    let added = tx.add_job(None, key, &Effect::TellOperators { text: text.to_owned() }, at(due), at(0)).await.unwrap();
    tx.commit().await.unwrap();
    added
}

async fn finish(db: &Db, job: &Job, holder: &str) -> bool {
    let mut tx = db.begin().await.unwrap();
    let held = tx.finish_job(job.id, Ending::Done, None, holder, at(0)).await.unwrap();
    tx.commit().await.unwrap();
    held
}

fn keys(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| job.dedup_key.as_str()).collect()
}

on_both_databases! {
    async fn what_waits_to_be_written_is_read_back_kept_by_the_commit_and_forgotten_without_one(database: TestDatabase) {
        let db = fresh(&database).await;
        let alerts: Vec<Written> = (0..20).map(|number| Written::new(alert(number)).unwrap()).collect();
        let new = |alert| changed(alert, None, 0, Before::Nothing);
        let known = |alert| changed(alert, None, 0, Before::Was(AlertStatus::Firing));
        // Few wait for each other; many are written at once, after those that wait.
        let (few, many): (Vec<_>, Vec<_>) = (alerts[..2].iter().map(new).collect(), alerts[2..].iter().map(new).collect());
        let again: Vec<_> = alerts[..2].iter().map(known).collect();
        for is_kept in [false, true] {
            let mut tx = db.begin().await.unwrap();
            tx.keep_alerts(&few[..1], &[]).await.unwrap();
            tx.keep_alerts(&few[1..], &[]).await.unwrap();
            assert_eq!(tx.alerts_page(None, 50).await.unwrap().len(), 2);
            tx.keep_alerts(&again, &[]).await.unwrap();
            tx.keep_alerts(&many, &[]).await.unwrap();
            tx.keep_alerts(&again, &[]).await.unwrap();
            if is_kept {
                tx.commit().await.unwrap();
            } else {
                drop(tx);
            }
            let kept = db.read().await.unwrap().alerts_page(None, 50).await.unwrap();
            assert_eq!(kept.len(), if is_kept { 20 } else { 0 });
            assert_eq!(kept.iter().map(|alert| alert.deliveries).sum::<i64>(), if is_kept { 24 } else { 0 });
        }
        db.close().await;
    }

    async fn what_came_again_is_counted_wherever_an_alert_is_read(database: TestDatabase) {
        let db = fresh(&database).await;
        let alerts: Vec<Written> = (0..3).map(|number| Written::new(alert(number)).unwrap()).collect();
        let incident = IncidentId(1);
        let repeated = |number: usize, second, said_at| Repeated {
            source: &alerts[number].alert.source,
            fingerprint: &alerts[number].alert.fingerprint,
            incident: Some(incident),
            said_at,
            status: AlertStatus::Firing,
            last_at: at(second),
            deliveries: 10,
        };
        let mut tx = db.begin().await.unwrap();
        let firing: Vec<_> =
            alerts.iter().map(|alert| changed(alert, Some(incident), 1, Before::Nothing)).collect();
        tx.keep_alerts(&firing, &[]).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        tx.keep_alerts(&[], &[repeated(0, 5, None), repeated(1, 4, Some(at(3)))]).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        tx.keep_alerts(&[], &[repeated(0, 7, None)]).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        // What changes after repeats is later than they are.
        let firing = changed(&alerts[0], Some(incident), 9, Before::Was(AlertStatus::Firing));
        tx.keep_alerts(&[Changed { status: AlertStatus::Resolved, ..firing }], &[]).await.unwrap();
        tx.commit().await.unwrap();
        tallies::are_exact(&db).await;

        let mut tx = db.read().await.unwrap();
        let tally = tx.tally_of(incident).await.unwrap();
        assert_eq!((tally.alerts, tally.firing, tally.deliveries, tally.latest), (3, 2, 34, Some(at(9))));
        let counted = |of: &[Counted]| {
            let mut all: Vec<_> = of.iter().map(|it| (it.alert.fingerprint.clone(), it.deliveries, it.last_at)).collect();
            all.sort();
            all
        };
        let expected = [("0", 22, at(9)), ("1", 11, at(4)), ("2", 1, at(1))].map(|(key, n, at)| (key.to_owned(), n, at));
        assert_eq!(counted(&tx.alerts_of(incident, 9).await.unwrap()), expected);
        assert_eq!(counted(&tx.alerts_page(None, 9).await.unwrap()), expected);
        let asked = ["0", "1", "2", "3"].map(|fingerprint| Asked { source: "s", fingerprint, group: None });
        let lore = db.lore_of(&asked).await.unwrap();
        let said: Vec<_> = lore.alerts.into_iter().map(|found| found.known.map(|known| known.said_at)).collect();
        assert_eq!(said, [Some(None), Some(Some(at(3))), Some(None), None], "a later state is held against it");
        drop(tx);
        db.close().await;
    }

    // A statement has other texts for few rows than for many, and what fills them up is no row.
    async fn however_many_rows_are_given_each_is_kept_and_found_and_no_other_is(database: TestDatabase) {
        let db = fresh(&database).await;
        for count in [1, 2, 7, 8, 9, 16, 17, 300] {
            put_incident(&db, count).await;
            let incident = IncidentId(count);
            let alerts: Vec<Written> =
                (0..count).map(|number| Written::new(alert((1000 * count + number) as usize)).unwrap()).collect();
            let kept: Vec<_> = alerts.iter().map(|alert| changed(alert, Some(incident), 1, Before::Nothing)).collect();
            let mut tx = db.begin().await.unwrap();
            tx.keep_alerts(&kept, &[]).await.unwrap();
            tx.commit().await.unwrap();
            let asked: Vec<_> = alerts
                .iter()
                .map(|alert| Asked { source: "s", fingerprint: &alert.alert.fingerprint, group: None })
                .collect();
            let lore = db.lore_of(&asked).await.unwrap();
            let found = lore.alerts.iter().filter(|found| {
                found.known.as_ref().is_some_and(|known| known.incident == Some(incident) && known.incident_is_open)
            });
            assert_eq!(found.count(), asked.len(), "of {count}");
            let tally = db.read().await.unwrap().tally_of(incident).await.unwrap();
            assert_eq!((tally.alerts, tally.deliveries), (count as u64, count as u64), "of {count}");
        }
        tallies::are_exact(&db).await;
        db.close().await;
    }

    async fn an_alert_that_comes_back_to_a_reopened_incident_is_counted_there_once(database: TestDatabase) {
        let db = fresh(&database).await;
        let alerts: Vec<Written> = (0..2).map(|number| Written::new(alert(number)).unwrap()).collect();
        let keep = async |number: usize, incident, before, second| {
            let mut tx = db.begin().await.unwrap();
            let changed = changed(&alerts[number], Some(IncidentId(incident)), second, before);
            tx.keep_alerts(&[changed], &[]).await.unwrap();
            tx.commit().await.unwrap();
        };
        keep(0, 1, Before::Nothing, 1).await;
        keep(0, 2, Before::Nothing, 2).await;
        keep(1, 2, Before::Nothing, 3).await;
        // The first was part of the earlier incident, the second was not.
        keep(0, 1, Before::Unknown, 4).await;
        keep(1, 1, Before::Unknown, 5).await;
        tallies::are_exact(&db).await;
        let tally = db.read().await.unwrap().tally_of(IncidentId(1)).await.unwrap();
        assert_eq!((tally.alerts, tally.firing, tally.deliveries, tally.latest), (2, 2, 3, Some(at(5))));
        db.close().await;
    }

    async fn an_alert_that_another_process_kept_first_has_the_batch_decided_anew(database: TestDatabase) {
        let db = fresh(&database).await;
        put_incident(&db, 1).await;
        let new = Written::new(alert(0)).unwrap();
        let keep = async || {
            let mut tx = db.begin().await.unwrap();
            tx.keep_alerts(&[changed(&new, Some(IncidentId(1)), 0, Before::Nothing)], &[]).await.unwrap();
            tx.commit().await
        };
        keep().await.unwrap();
        let error = keep().await.unwrap_err();
        assert!(error.is_overtaken(), "{error:?}");
        tallies::are_exact(&db).await;
        db.close().await;
    }

    async fn where_another_process_moved_the_cursor_nothing_of_a_batch_is_kept_and_nobody_is_paged_by_it(database: TestDatabase) {
        let db = fresh(&database).await;
        let alerts = [Written::new(alert(0)).unwrap()];
        let (handed, mut hands) = tokio::sync::mpsc::channel(3);
        let digest = async |from: i64, to: i64, incident: i64| {
            put_incident(&db, incident).await;
            let mut tx = db.begin().await.unwrap();
            let job = NewJob {
                incident: IncidentId(incident),
                dedup_key: format!("page/{incident}"),
                effect: &Effect::PageDirectly { page: PageNumber(1) },
                due: at(0),
            };
            let handed = handed.clone();
            tx.add_claimed_jobs(&[job], &claim("w", at(0)), at(0), move |jobs| {
                jobs.into_iter().for_each(|job| handed.try_send(job.dedup_key).unwrap());
            })
            .await
            .unwrap();
            tx.keep_alerts(&[changed(&alerts[0], Some(IncidentId(incident)), 0, Before::Nothing)], &[]).await.unwrap();
            tx.advance_inbox_cursor(from, to, None).await.unwrap();
            tx.commit().await
        };
        digest(0, 5, 1).await.unwrap();
        let error = digest(0, 7, 2).await.unwrap_err();
        assert!(error.is_overtaken(), "{error:?}");
        digest(5, 6, 3).await.unwrap();
        let mut tx = db.read().await.unwrap();
        assert_eq!(tx.inbox_cursor().await.unwrap(), 6);
        let mut counts = Vec::new();
        for incident in 1..=3 {
            counts.push(tx.tally_of(IncidentId(incident)).await.unwrap().alerts);
        }
        assert_eq!(counts, [1, 0, 1]);
        assert_eq!(tx.job_states().await.unwrap(), [("running".to_owned(), 2)]);
        drop(tx);
        assert_eq!((hands.try_recv().unwrap(), hands.try_recv().unwrap()), ("page/1".to_owned(), "page/3".to_owned()));
        assert!(hands.try_recv().is_err(), "what is not kept is not handed over");
        db.close().await;
    }

    async fn what_triage_goes_by_holds_until_an_incident_ends_or_is_reopened(database: TestDatabase) {
        let db = fresh(&database).await;
        put_incident(&db, 1).await;
        let asked = [Asked { source: "s", fingerprint: "0", group: None }];
        let endings = async || db.lore_of(&asked).await.unwrap().endings;
        let advance = async |from: i64, endings: Option<i64>| {
            let mut tx = db.begin().await.unwrap();
            tx.advance_inbox_cursor(from, from + 1, endings).await.unwrap();
            tx.commit().await
        };
        let at_first = endings().await;
        advance(0, at_first).await.unwrap();
        let enter = async |phase: Phase| {
            let mut tx = db.begin().await.unwrap();
            let before = tx.incident(IncidentId(1)).await.unwrap().unwrap();
            let next = Incident { version: before.version + 1, phase, ..before.clone() };
            tx.save_incident(&before, &next).await.unwrap();
            tx.commit().await.unwrap();
        };
        enter(Phase::Mitigating).await;
        assert_eq!(endings().await, at_first, "it goes on");
        for phase in [Phase::Resolved, Phase::Monitoring] {
            let before = endings().await;
            enter(phase).await;
            let error = advance(1, before).await.unwrap_err();
            assert!(error.is_overtaken(), "{error:?}");
            assert_ne!(endings().await, before);
        }
        advance(1, endings().await).await.unwrap();
        // Who looked everything up goes by nothing else.
        advance(2, None).await.unwrap();
        assert_eq!(db.read().await.unwrap().inbox_cursor().await.unwrap(), 3);
        db.close().await;
    }

    async fn what_came_before_a_moment_is_found_among_commits_of_any_size_and_deleted_once_it_is_digested(database: TestDatabase) {
        let db = fresh(&database).await;
        let position_before = async |second: i64| db.read().await.unwrap().inbox_before(at(second)).await.unwrap();
        assert_eq!(position_before(1).await, 0, "nothing is kept");
        let alerts: Vec<Written> = (0..9).map(|number| Written::new(alert(number)).unwrap()).collect();
        // Some come at the same moment.
        for (count, second) in [(9, 10), (1, 20), (3, 20), (5, 30), (2, 40)] {
            append(&db, &alerts[..count], at(second)).await.unwrap();
        }
        for (second, position) in [(0, 0), (10, 0), (11, 9), (20, 9), (21, 13), (30, 13), (31, 18), (40, 18), (41, 20)] {
            assert_eq!(position_before(second).await, position, "before {second}");
        }
        let mut tx = db.begin().await.unwrap();
        tx.advance_inbox_cursor(0, 13, None).await.unwrap();
        tx.set_aside(11, &"s".into(), "it cannot be read", at(50)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        assert_eq!(tx.prune_inbox(at(10), 100).await.unwrap(), 0);
        assert_eq!(tx.prune_inbox(at(50), 1).await.unwrap(), 1);
        assert_eq!(tx.prune_inbox(at(50), 100).await.unwrap(), 1, "what waits, or was set aside, stays");
        tx.commit().await.unwrap();
        let kept = db.read().await.unwrap().inbox_after(0, 100).await.unwrap();
        assert_eq!(kept.iter().map(|row| row.position).collect::<Vec<_>>(), (11..=20).collect::<Vec<_>>());
        assert_eq!(position_before(20).await, 10, "before all that are kept");
        db.close().await;
    }

    async fn what_is_known_of_alerts_tells_the_incidents_of_their_groups_where_they_may_join_one(database: TestDatabase) {
        let whole = fresh(&database).await;
        let alerts: Vec<Written> = (0..2).map(|number| Written::new(alert(number)).unwrap()).collect();
        for (id, group, phase) in [(1, "g", "closed"), (2, "g", "triage"), (3, "ended", "resolved"), (4, "other", "triage")] {
            put_incident(&whole, id).await;
            run(&whole, format!("UPDATE incident SET alert_group = '{group}', phase = '{phase}' WHERE id = {id}")).await;
        }
        run(&whole, "UPDATE counter SET value = 4 WHERE name = 'incident'").await;
        let mut tx = whole.begin().await.unwrap();
        let kept = [(0, 4), (1, 3)].map(|(number, incident)| {
            changed(&alerts[number], Some(IncidentId(incident)), 1, Before::Nothing)
        });
        tx.keep_alerts(&kept, &[]).await.unwrap();
        tx.commit().await.unwrap();
        let asked = [("s", "0", "g"), ("s", "1", "g"), ("s", "2", "ended"), ("t", "0", "none"), ("", "", "other")];
        let asked = asked.map(|(source, fingerprint, group)| Asked { source, fingerprint, group: Some(group) });
        let (open, ended) = (|id| Some(OfGroup::Open(IncidentId(id))), |id| Some(OfGroup::Ended(IncidentId(id))));
        // As triage has it, with a connection of its own, and as others do.
        for db in [&whole, &whole.apart()] {
            let lore = db.lore_of(&asked).await.unwrap();
            assert_eq!(lore.last_incident, IncidentId(4));
            let known = |place: usize| lore.alerts[place].known.as_ref().map(|it| (it.incident, it.incident_is_open));
            assert_eq!(known(0), Some((Some(IncidentId(4)), true)));
            assert_eq!(known(1), Some((Some(IncidentId(3)), false)));
            assert_eq!((known(2), known(3), known(4)), (None, None, None));
            let groups: Vec<_> = lore.alerts.iter().map(|found| found.of_group).collect();
            assert_eq!(groups, [None, open(2), ended(3), None, open(4)]);
            assert!(db.lore_of(&[]).await.unwrap().alerts.is_empty());
            // More than are looked up in the caller's own thread.
            let many = asked.repeat(4);
            let known = db.lore_of(&many).await.unwrap().alerts.into_iter().map(|found| found.known.is_some());
            assert_eq!(known.collect::<Vec<_>>(), [true, true, false, false, false].repeat(4));
        }
        whole.close().await;
    }

    async fn numbers_that_somebody_else_was_given_meanwhile_fail_the_batch_that_counted_on_them(database: TestDatabase) {
        let whole = fresh(&database).await;
        let db = whole.apart();
        // What a batch writes last, and first: it fails where all else is kept with it, and where it is not.
        for is_alone in [true, false] {
            let seen = db.lore_of(&[Asked { source: "s", fingerprint: "0", group: None }]).await.unwrap().last_incident;
            let mut tx = whole.begin().await.unwrap();
            let theirs = tx.next_incident_id().await.unwrap();
            assert_eq!(theirs, IncidentId(seen.0 + 1));
            tx.commit().await.unwrap();
            let mut tx = db.begin().await.unwrap();
            tx.take_incident_ids(seen, 2).await.unwrap();
            if !is_alone {
                tx.add_job(None, "late", &Effect::TellOperators { text: "t".to_owned() }, at(0), at(0)).await.unwrap_err();
                drop(tx);
                continue;
            }
            let error = tx.commit().await.unwrap_err();
            assert!(error.is_overtaken(), "{error:?}");
            let mut tx = db.begin().await.unwrap();
            tx.take_incident_ids(theirs, 2).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(db.lore_of(&[Asked { source: "s", fingerprint: "0", group: None }]).await.unwrap().last_incident, IncidentId(4));
        whole.close().await;
    }

    async fn a_word_that_does_not_belong_there_is_refused_or_named_when_it_is_read(database: TestDatabase) {
        let db = fresh(&database).await;
        put_incident(&db, 1).await;
        for (column, good) in [("severity", "SEV2"), ("phase", "triage")] {
            let text = sqlx::AssertSqlSafe(format!("UPDATE incident SET {column} = 'nonsense'"));
            match &db {
                Db::Sqlite { file, .. } => {
                    let mut connection = SqliteConnection::connect_with(file).await.unwrap();
                    let refused = sqlx::query(text).execute(&mut connection).await.unwrap_err();
                    assert!(refused.to_string().contains("CHECK"), "{refused}");
                }
                Db::Postgres { pool, .. } => {
                    sqlx::query(text).execute(pool).await.unwrap();
                    let read = db.read().await.unwrap().incident(IncidentId(1)).await;
                    assert!(read.unwrap_err().to_string().contains(&format!("`{column}` holds")), "{column}");
                    run(&db, format!("UPDATE incident SET {column} = '{good}'")).await;
                }
            }
        }
    }

    async fn an_incident_that_somebody_changed_meanwhile_is_not_saved_and_nothing_is_kept_with_it(database: TestDatabase) {
        let whole = fresh(&database).await;
        put_incident(&whole, 1).await;
        put_incident(&whole, 2).await;
        let mut incidents = Vec::new();
        for id in 1..=2 {
            incidents.push(whole.read().await.unwrap().incident(IncidentId(id)).await.unwrap().unwrap());
        }
        let changed = |place: usize, title: &str| {
            let before = &incidents[place];
            let mut next = before.clone();
            (next.version, next.title) = (before.version + 1, title.to_owned());
            (before.clone(), next)
        };
        // Each decision has its entry, and all of them the same number.
        let entry = Entry {
            number: EntryNumber(1),
            at: at(0),
            recorded_at: at(0),
            author: Author::Firebell,
            event: Event::ResolveAsked,
        };
        // As triage does, on a connection of its own, and as others do.
        for (db, key) in [(&whole.apart(), "apart"), (&whole, "of all")] {
            let ((first, theirs), (_, mine), (second, other)) = (changed(0, "theirs"), changed(0, "mine"), changed(1, key));
            let mut tx = db.begin().await.unwrap();
            tx.save_incident(&second, &other).await.unwrap();
            if key == "apart" {
                // Two in one statement.
                tx.save_incident(&first, &theirs).await.unwrap();
                tx.add_to_timelines(vec![(IncidentId(1), &entry)]).await.unwrap();
            }
            let committed = tx.commit().await;
            assert_eq!(committed.is_ok(), key == "apart", "{committed:?}");
            let mut tx = db.begin().await.unwrap();
            tx.save_incident(&first, &mine).await.unwrap();
            tx.add_to_timelines(vec![(IncidentId(1), &entry)]).await.unwrap();
            let job = NewJob {
                incident: IncidentId(1),
                dedup_key: key.to_owned(),
                effect: &Effect::DrawCard,
                due: at(0),
            };
            tx.add_jobs(&[job], at(0)).await.unwrap();
            let error = tx.commit().await.unwrap_err();
            assert!(error.is_overtaken() && error.is_transient(), "{error:?}");
            let kept = whole.read().await.unwrap().incident(IncidentId(1)).await.unwrap().unwrap();
            assert_eq!((kept.version, kept.title.as_str()), (2, "theirs"));
        }
        assert!(whole.read().await.unwrap().job_states().await.unwrap().is_empty());
        whole.close().await;
    }

    async fn what_a_job_does_for_several_is_widened_until_it_is_begun_and_then_done_by_another(database: TestDatabase) {
        let whole = fresh(&database).await;
        put_incident(&whole, 1).await;
        let incident = IncidentId(1);
        let say = |to| Effect::SayAlerts { from: EntryNumber(1), to: EntryNumber(to) };
        // As triage does, on a connection of its own, and as others do.
        for (db, window) in [(&whole.apart(), "w1"), (&whole, "w2")] {
            for to in 2..=4 {
                let (together, alone) = (say(to), Effect::SayAlerts { from: EntryNumber(to), to: EntryNumber(to) });
                let mut tx = db.begin().await.unwrap();
                let shared =
                    NewJob { incident, dedup_key: window.to_owned(), effect: &together, due: at(5) };
                let alone = NewJob { incident, dedup_key: format!("{window}/{to}"), effect: &alone, due: at(1) };
                tx.add_or_widen_jobs(&[SharedJob { shared, alone }], at(1));
                // What else is queued with it goes in the same turn.
                let other = NewJob { incident, dedup_key: format!("{window}/other/{to}"), effect: &say(9), due: at(99) };
                tx.add_jobs(&[other], at(1)).await.unwrap();
                tx.commit().await.unwrap();
                if to == 3 {
                    let begun = claim_jobs(db, "w", 0, 5, 9).await;
                    assert_eq!(begun.iter().map(|job| &job.effect).collect::<Vec<_>>(), [&say(3)]);
                    assert!(claim_jobs(db, "w", 0, 5, 9).await.is_empty());
                }
            }
            // In its lane behind the one that is under way, and at once.
            let mut tx = db.read().await.unwrap();
            let waiting = tx.waiting_jobs(20).await.unwrap();
            drop(tx);
            let alone = waiting.iter().find(|job| job.dedup_key == format!("{window}/4")).unwrap();
            assert_eq!((&alone.effect, alone.due_at), (&Effect::SayAlerts { from: EntryNumber(4), to: EntryNumber(4) }, at(1)));
            assert_eq!(waiting.iter().filter(|job| job.dedup_key.starts_with(window)).count(), 5);
            let begun = waiting.iter().find(|job| job.dedup_key == window).unwrap();
            assert!(finish(db, begun, "w").await);
            assert_eq!(keys(&claim_jobs(db, "w", 0, 5, 9).await), [alone.dedup_key.as_str()]);
            assert!(finish(db, alone, "w").await);
        }
        whole.close().await;
    }

    async fn who_is_still_deciding_what_to_write_holds_up_nobody(database: TestDatabase) {
        // As triage has it, with a connection of its own.
        let whole = fresh(&database).await;
        put_incident(&whole, 1).await;
        let job = |key: &str| NewJob {
            incident: IncidentId(1),
            dedup_key: key.to_owned(),
            effect: &Effect::DrawCard,
            due: at(0),
        };
        let mut deciding = whole.apart().begin().await.unwrap();
        deciding.add_jobs(&[job("second")], at(0)).await.unwrap();
        let mut other = whole.begin().await.unwrap();
        other.add_jobs(&[job("first")], at(0)).await.unwrap();
        other.commit().await.unwrap();
        deciding.commit().await.unwrap();
        let waiting = whole.read().await.unwrap().waiting_jobs(9).await.unwrap();
        assert_eq!(keys(&waiting), ["first", "second"]);
        whole.close().await;
    }

    async fn a_write_that_is_left_is_taken_back_and_holds_up_nobody(database: TestDatabase) {
        // As triage has it, with a connection of its own.
        let whole = fresh(&database).await;
        let db = whole.apart();
        let queued = async |key: &str| {
            let mut tx = db.begin().await.unwrap();
            tx.add_job(None, key, &Effect::TellOperators { text: "t".to_owned() }, at(0), at(0)).await.unwrap();
            tx
        };
        drop(queued("left").await);
        queued("given up").await.rollback();
        // Gone in the middle of a statement, as when somebody waits no longer.
        let gone = tokio::time::timeout(std::time::Duration::ZERO, async {
            let tx = queued("gone").await;
            std::future::pending::<()>().await;
            drop(tx);
        });
        assert!(gone.await.is_err());
        queued("kept").await.commit().await.unwrap();
        assert_eq!(keys(&claim_jobs(&whole, "w", 0, 1, 9).await), ["kept"]);
        whole.close().await;
        let asked = async { db.begin().await?.next_incident_id().await };
        assert!(asked.await.is_err(), "what is closed is not lent any more");
    }

    async fn who_has_a_connection_of_its_own_goes_on_when_the_server_ended_it(database: TestDatabase) {
        let whole = fresh(&database).await;
        let db = whole.apart();
        let alerts = [Written::new(alert(0)).unwrap()];
        append(&db, &alerts, at(0)).await.unwrap();
        if let Db::Postgres { pool, .. } = &whole {
            let all_others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                              WHERE datname = current_database() AND pid <> pg_backend_pid()";
            for is_append in [false, true] {
                sqlx::query(all_others).execute(pool).await.unwrap();
                // A transaction begins on another connection. Of an append nobody would know whether it was kept: it may
                // fail, and the next one does not.
                if is_append && append(&db, &alerts, at(0)).await.is_err() {
                    append(&db, &alerts, at(0)).await.unwrap();
                }
                let tx = db.begin().await.unwrap();
                tx.commit().await.unwrap();
            }
        }
        db.begin().await.unwrap().commit().await.unwrap();
        whole.close().await;
    }

    async fn many_senders_at_once_get_positions_without_a_gap_or_a_double(database: TestDatabase) {
        let db = fresh(&database).await;
        // Two writers, as two processes have.
        let inboxes = [Inbox::start(db.clone()), Inbox::start(db.clone())];
        let senders = (0..200_usize).map(|number| {
            let inbox = inboxes[number % 2].clone();
            tokio::spawn(async move {
                let count = number % 5 + 1;
                let first = inbox.append(vec![alert(number); count], at(0)).await.unwrap();
                (number, (first..).take(count).collect::<Vec<i64>>())
            })
        });
        let mut all = Vec::new();
        for sender in senders.collect::<Vec<_>>() {
            let (number, positions) = sender.await.unwrap();
            let mut tx = db.read().await.unwrap();
            // What was answered is there, under the position that was answered.
            let rows = tx.inbox_after(positions[0] - 1, positions.len()).await.unwrap();
            assert_eq!(rows.iter().map(|row| row.position).collect::<Vec<_>>(), positions);
            assert!(rows.iter().all(|row| row.alert.as_ref().unwrap().alert == alert(number)), "{number}");
            all.extend(positions);
        }
        all.sort_unstable();
        assert_eq!(all, (1..=all.len() as i64).collect::<Vec<_>>());
        db.close().await;
    }

    async fn what_waits_is_read_as_far_as_asked_however_large_its_commits_are(database: TestDatabase) {
        let db = fresh(&database).await;
        let sizes = [1, 1, 40, 3, 100, 1, 2];
        for size in sizes {
            let alerts = (0..size).map(alert).map(Written::new).collect::<Result<Vec<_>, _>>().unwrap();
            append(&db, &alerts, at(0)).await.unwrap();
        }
        for count in [1, 7, 50, 1000] {
            let mut read = Vec::new();
            loop {
                let after = read.last().copied().unwrap_or_default();
                let rows = db.read().await.unwrap().inbox_after(after, count).await.unwrap();
                assert!(rows.len() <= count, "{} of {count}", rows.len());
                read.extend(rows.iter().map(|row| row.position));
                // Less than was asked for is all that there is.
                if rows.len() < count {
                    break;
                }
            }
            assert_eq!(read, (1..=sizes.iter().sum::<usize>() as i64).collect::<Vec<_>>());
        }
        db.close().await;
    }

    async fn a_job_is_queued_once_for_its_key(database: TestDatabase) {
        let db = fresh(&database).await;
        assert!(queue(&db, "a", "one", 0).await);
        assert!(!queue(&db, "a", "two", 0).await);
        let jobs = claim_jobs(&db, "w", 0, 0, 10).await;
        assert_eq!(jobs.len(), 1);
        assert!(finish(&db, &jobs[0], "w").await);
        assert!(!queue(&db, "a", "three", 0).await, "nor again when it is done");
        db.close().await;
    }

    async fn a_lane_is_worked_off_in_order_one_at_a_time(database: TestDatabase) {
        let db = fresh(&database).await;
        for key in ["a", "b", "c"] {
            queue(&db, key, key, 0).await;
        }
        let first = claim_jobs(&db, "w", 0, 0, 10).await;
        assert_eq!(keys(&first), ["a"]);
        assert!(claim_jobs(&db, "v", 0, 0, 10).await.is_empty(), "the lane is taken");
        // Tried again later: what comes after it waits.
        let mut tx = db.begin().await.unwrap();
        assert!(tx.run_job_again(first[0].id, at(30), "busy".into(), false, "w").await.unwrap());
        tx.commit().await.unwrap();
        assert!(claim_jobs(&db, "w", 0, 29, 10).await.is_empty());
        let again = claim_jobs(&db, "w", 0, 30, 10).await;
        assert_eq!((keys(&again), again[0].attempts, again[0].first_attempt_at), (vec!["a"], 2, Some(at(0))));
        finish(&db, &again[0], "w").await;
        assert_eq!(keys(&claim_jobs(&db, "w", 0, 30, 10).await), ["b"]);
        db.close().await;
    }

    async fn what_is_due_later_holds_up_nothing_in_its_lane(database: TestDatabase) {
        let db = fresh(&database).await;
        queue(&db, "later", "later", 60).await;
        queue(&db, "now", "now", 0).await;
        let now = claim_jobs(&db, "w", 0, 0, 10).await;
        assert_eq!(keys(&now), ["now"]);
        finish(&db, &now[0], "w").await;
        assert!(claim_jobs(&db, "w", 0, 59, 10).await.is_empty());
        assert_eq!(keys(&claim_jobs(&db, "w", 0, 60, 10).await), ["later"]);
        db.close().await;
    }

    async fn a_clock_that_is_set_back_holds_up_nothing_that_was_due(database: TestDatabase) {
        let db = fresh(&database).await;
        queue(&db, "now", "now", 0).await;
        queue(&db, "later", "later", 60).await;
        assert!(claim_jobs(&db, "w", 0, -3600, 10).await.is_empty(), "by its clock nothing is due");
        let mut tx = db.begin().await.unwrap();
        assert_eq!(tx.set_jobs_back(at(-3600)).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let claimed = claim_jobs(&db, "w", 0, -3600, 10).await;
        assert_eq!(keys(&claimed), ["now"], "what was to come later still does");
        // Its next attempt was set by the clock as it was before.
        let mut tx = db.begin().await.unwrap();
        assert!(tx.run_job_again(claimed[0].id, at(3600), "busy".into(), false, "w").await.unwrap());
        assert_eq!(tx.set_jobs_back(at(-3600)).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(keys(&claim_jobs(&db, "w", 0, -3600, 10).await), ["now"]);
        db.close().await;
    }

    async fn a_lease_that_ended_is_taken_over_and_the_late_one_settles_nothing(database: TestDatabase) {
        let db = fresh(&database).await;
        queue(&db, "a", "a", 0).await;
        let first = claim_jobs(&db, "dead", 0, 0, 10).await;
        assert!(claim_jobs(&db, "alive", 10, 0, 10).await.is_empty(), "it lasts ten seconds");
        let mut tx = db.begin().await.unwrap();
        tx.keep_claims(vec![first[0].id], &claim("dead", at(5))).await.unwrap();
        tx.commit().await.unwrap();
        assert!(claim_jobs(&db, "alive", 14, 0, 10).await.is_empty(), "it was renewed");
        let second = claim_jobs(&db, "alive", 16, 0, 10).await;
        assert_eq!((second.len(), second[0].attempts), (1, 2));
        assert!(!finish(&db, &first[0], "dead").await);
        assert!(finish(&db, &second[0], "alive").await);
        db.close().await;
    }

    async fn many_workers_never_share_a_job(database: TestDatabase) {
        let db = fresh(&database).await;
        let mut tx = db.begin().await.unwrap();
        for number in 0..300 {
            // No lane: pages go out side by side.
            let effect = Effect::PageDirectly { page: PageNumber(number) };
            let key = format!("INC-1/page/{number}");
            tx.add_job(None, &key, &effect, at(0), at(0)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let workers = (0..8).map(|worker| {
            let db = db.clone();
            tokio::spawn(async move {
                let holder = format!("worker-{worker}");
                let mut mine = Vec::new();
                loop {
                    // Others may be faster in claiming all that was found.
                    let claim = claim(&holder, at(0));
                    if db.claimable_jobs(Performer::Page, &claim, at(0), 7).await.unwrap().is_empty() {
                        return mine;
                    }
                    let jobs = claim_jobs_of(&db, Performer::Page, &claim, at(0), 7).await;
                    mine.extend(jobs.into_iter().map(|job| job.id));
                }
            })
        });
        let mut all = Vec::new();
        for worker in workers.collect::<Vec<_>>() {
            all.extend(worker.await.unwrap());
        }
        let distinct: BTreeSet<i64> = all.iter().copied().collect();
        assert_eq!(distinct.len(), all.len(), "{} claims of {} jobs", all.len(), distinct.len());
        db.close().await;
    }

    async fn a_lease_has_one_holder_until_it_ends_or_is_given_up(database: TestDatabase) {
        let db = fresh(&database).await;
        let hold = async |holder: &'static str, now: i64| {
            let mut tx = db.begin().await.unwrap();
            let held = tx.hold_lease("gateway", holder, at(now + 10), at(now)).await.unwrap();
            tx.commit().await.unwrap();
            held
        };
        assert!(hold("a", 0).await);
        assert!(!hold("b", 5).await);
        assert!(hold("a", 6).await, "renewed");
        assert!(!hold("b", 12).await);
        assert!(hold("b", 17).await, "it ended");
        assert!(!hold("a", 18).await);
        let mut tx = db.begin().await.unwrap();
        tx.release_lease("gateway", "b").await.unwrap();
        tx.commit().await.unwrap();
        assert!(hold("a", 18).await);
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_more_waits_than_is_kept_waiting_the_sender_is_told_and_what_was_taken_in_is_kept() {
    use firebell::store::inbox_writer::InboxError;
    let database = TestDatabase::sqlite();
    let db = fresh(&database).await;
    let inbox = Inbox::start(db.clone());
    // Somebody holds the one connection that writes, which is lent with the first statement: the writer stalls, and the
    // queue fills.
    let mut stall = db.begin().await.unwrap();
    assert!(stall.hold_lease("gateway", "stall", at(1), at(0)).await.unwrap());
    let accepted = || vec![alert(0)];
    // More than one commit takes and the queue holds.
    let mut answers = tokio::task::JoinSet::new();
    for _ in 0..6000 {
        let inbox = inbox.clone();
        answers.spawn(async move { inbox.append(accepted(), at(0)).await });
    }
    // While the stall lasts only those answer that are refused.
    let first = tokio::time::timeout(std::time::Duration::from_secs(20), answers.join_next()).await.unwrap();
    assert!(matches!(first.unwrap().unwrap(), Err(InboxError::Full)));
    stall.rollback();
    let (mut kept, mut full) = (0, 1);
    while let Some(answer) = answers.join_next().await {
        match answer.unwrap() {
            Ok(_) => kept += 1,
            Err(InboxError::Full) => full += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(0 < full && 1024 <= kept, "{kept} kept, {full} refused");
    let mut tx = db.read().await.unwrap();
    let (mut read, mut position) = (0, 0);
    loop {
        let rows = tx.inbox_after(position, 100).await.unwrap();
        let Some(last) = rows.last() else { break };
        (read, position) = (read + rows.len(), last.position);
    }
    assert_eq!(read, kept);
    drop(tx);
    db.close().await;
}

/// The look-up of what is known of a batch of alerts must search each by its key. With SQLite's own choice of order it
/// once scanned all alerts of the source for each, which made a batch cost the square of a storm.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_up_known_alerts_searches_each_by_its_key() {
    let database = TestDatabase::sqlite();
    let db = fresh(&database).await;
    let Db::Sqlite { file, .. } = &db else { unreachable!("it was made so") };
    let known = firebell::store::alert::STATEMENTS.iter().find(|(name, _)| *name == "KNOWN").unwrap().1;
    let plan: Vec<String> = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", known.text_for_sqlite())))
        .fetch_all(&mut SqliteConnection::connect_with(file).await.unwrap())
        .await
        .unwrap()
        .iter()
        .map(|row| sqlx::Row::get::<String, _>(row, "detail"))
        .collect();
    let by_key = plan
        .iter()
        .any(|step| step.starts_with("SEARCH a ") && step.contains("source=? AND fingerprint=? AND incident_id=?"));
    assert!(by_key, "{plan:#?}");
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_opened_is_named_without_its_password() {
    let cases = [
        ("sqlite:/nowhere/at/all.db", "cannot open the database sqlite:/nowhere/at/all.db"),
        (
            "postgres://bot:hush@127.0.0.1:9/bell?sslmode=disable",
            "cannot open the database postgres://127.0.0.1:9/bell",
        ),
    ];
    for (url, said) in cases {
        let error = Db::connect(url).await.unwrap_err();
        assert_eq!(error.to_string(), said);
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
    }
}
