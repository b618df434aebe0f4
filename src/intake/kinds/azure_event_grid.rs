//! Azure Event Grid, for the kind azure: its two handshakes, and the events that are alerts for us.
//!
//! Documented ("Endpoint validation with Event Grid event schema", "… with CloudEvents schema"; "Health Resources",
//! "Azure Machine Learning as an Event Grid source"): events come as a list, in Event Grid's schema with `eventType`,
//! or in that of CloudEvents with `type`. The first is validated by an event whose code is to be answered with 200; the
//! second by OPTIONS with `WebHook-Request-Origin`. Nothing is fetched: the code is answered, and `validationUrl` is
//! not asked.
//! Assumed: drift of a data set is a trouble of the model, which has no end there; a run that failed is one of the
//! run's; what was registered or deployed is information.

use serde_json::json;

use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Category, Signal};
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kinds::azure;
use crate::intake::{Answer, Misfit, Reading, words};

/// Who may ask whether it may send.
const ORIGIN: &str = "eventgrid.azure.net";

/// The answer to the handshake of CloudEvents.
pub(super) fn allowed(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let origin = delivery.headers.get("webhook-request-origin").unwrap_or_default().trim();
    if origin != ORIGIN {
        let problem = format!("is {origin:?}, and only {ORIGIN} may send here");
        return Err(Misfit::Wrong { field: "WebHook-Request-Origin".to_owned(), problem });
    }
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Ok(Reading::answer(Answer::Says {
        status: 200,
        body: serde_json::Value::Null,
        headers: vec![header("webhook-allowed-origin", ORIGIN), header("webhook-allowed-rate", "*")],
    }))
}

/// Events, as a list or one by itself.
pub(super) fn read(delivery: &Delivery<'_>, root: &Node<'_>) -> Result<Reading, Misfit> {
    let events = match root.value.is_array() {
        true => root.list("")?,
        false => vec![root.clone()],
    };
    if events.is_empty() {
        return Err(Misfit::Other("there is no event in the list".to_owned()));
    }
    for event in &events {
        if event.maybe("eventType").as_deref() == Some("Microsoft.EventGrid.SubscriptionValidationEvent") {
            let code = event.text("data.validationCode")?;
            let body = json!({ "validationResponse": code });
            return Ok(Reading::answer(Answer::Says { status: 200, body, headers: Vec::new() }));
        }
    }
    Reading::of_items(events, |event| one(delivery, &event))
}

fn one(delivery: &Delivery<'_>, event: &Node<'_>) -> Result<Option<Alert>, Misfit> {
    let path = if event.get("specversion").is_some() { "type" } else { "eventType" };
    let kind = event.text(path)?;
    let data = event.need("data")?;
    let said_at = event.moment("eventTime").or_else(|| event.moment("time"));
    let resource = event.first(&["topic", "source"]).unwrap_or_default();
    let known = kind.strip_prefix("Microsoft.").unwrap_or(&kind);
    let alert = match known {
        "EventGrid.SubscriptionDeletedEvent" => return Ok(None),
        "ResourceNotifications.HealthResources.AvailabilityStatusChanged" => health(delivery, &data)?,
        "MachineLearningServices.DatasetDriftDetected" => drift(delivery, &data)?,
        "MachineLearningServices.RunStatusChanged" | "MachineLearningServices.RunCompleted" => {
            match run(delivery, &data)? {
                Some(alert) => alert,
                None => return Ok(None),
            }
        }
        "MachineLearningServices.ModelRegistered" => model(delivery, &data, "registered")?,
        "MachineLearningServices.ModelDeployed" => model(delivery, &data, "deployed")?,
        _ => return Err(event.wrong(path, format!("is {kind:?}, of which no alert can be made"))),
    };
    let mut labels = alert.labels;
    labels.extend(words::labels([
        ("event_type", Some(kind)),
        ("subscription", azure::part_of(&resource, "subscriptions")),
        ("resource_group", azure::part_of(&resource, "resourcegroups")),
        ("workspace", azure::part_of(&resource, "workspaces")),
    ]));
    Ok(Some(Alert {
        started_at: alert.started_at.or(said_at).filter(|_| alert.status == AlertStatus::Firing),
        ended_at: said_at.filter(|_| alert.status == AlertStatus::Resolved),
        said_at,
        labels,
        ..alert
    }))
}

fn health(delivery: &Delivery<'_>, data: &Node<'_>) -> Result<Alert, Misfit> {
    let info = data.need("resourceInfo.properties")?;
    let (status, signal, severity) = azure::health(&info, "availabilityState")?;
    let resource = info.text("targetResourceId")?;
    let name = resource.rsplit('/').next().unwrap_or(&resource).to_owned();
    let title = format!("{name} is {}", info.text("availabilityState")?.to_lowercase());
    Ok(Alert {
        signal,
        severity: Some(severity),
        category: (signal != Signal::NoData).then_some(Category::InfrastructureDown),
        service: Some(name),
        labels: words::labels([
            ("resources", Some(resource.clone())),
            ("type", info.maybe("targetResourceType")),
            ("health", info.maybe("availabilityState")),
            ("health_before", info.maybe("previousAvailabilityState")),
        ]),
        started_at: info.moment("occurredTime"),
        ..Alert::new(delivery.source, azure::health_of(&resource), status, title)
    })
}

fn drift(delivery: &Delivery<'_>, data: &Node<'_>) -> Result<Alert, Misfit> {
    let name = data.first_text(&["dataDriftName", "DataDriftName"])?;
    let id = data.first_text(&["dataDriftId", "DataDriftId"])?;
    let coefficient = data.first(&["driftCoefficient", "DriftCoefficient"]);
    Ok(Alert {
        description: coefficient.as_ref().map(|number| format!("The drift coefficient is {number}.")),
        category: Some(Category::ModelAnomaly),
        service: Some(name.clone()),
        labels: words::labels([
            ("drift_coefficient", coefficient),
            ("base_dataset", data.first(&["baseDatasetId", "BaseDatasetId"])),
            ("target_dataset", data.first(&["targetDatasetId", "TargetDatasetId"])),
            ("run", data.first(&["runId", "RunId"])),
        ]),
        ..Alert::new(delivery.source, id, AlertStatus::Firing, format!("{name} drifts"))
    })
}

/// What the statuses of a run say; `None` for what is under way.
const RUNS: &[(&str, Option<AlertStatus>)] = &[
    ("Failed", Some(AlertStatus::Firing)),
    ("NotResponding", Some(AlertStatus::Firing)),
    ("Completed", Some(AlertStatus::Resolved)),
    ("Canceled", Some(AlertStatus::Info)),
    ("CancelRequested", None),
    ("Finalizing", None),
    ("NotStarted", None),
    ("Paused", None),
    ("Preparing", None),
    ("Provisioning", None),
    ("Queued", None),
    ("Running", None),
    ("Starting", None),
];

fn run(delivery: &Delivery<'_>, data: &Node<'_>) -> Result<Option<Alert>, Misfit> {
    let Some(status) = data.word("runStatus", RUNS)? else { return Ok(None) };
    let id = data.first_text(&["runId", "RunId"])?;
    let experiment = data.first(&["experimentName", "ExperimentName"]);
    let title = format!("Run {} has {}", experiment.as_deref().unwrap_or(&id), data.text("runStatus")?.to_lowercase());
    Ok(Some(Alert {
        severity: (status == AlertStatus::Info).then_some(AlertSeverity::Info),
        service: experiment.clone(),
        labels: words::labels([("experiment", experiment), ("run", Some(id.clone()))]),
        ..Alert::new(delivery.source, id, status, title)
    }))
}

fn model(delivery: &Delivery<'_>, data: &Node<'_>, what: &str) -> Result<Alert, Misfit> {
    let name = match what {
        "deployed" => data.first_text(&["serviceName", "ServiceName"])?,
        _ => data.first_text(&["modelName", "ModelName"])?,
    };
    let version = data.first(&["modelVersion", "ModelVersion"]);
    let models = data.first(&["modelIds", "ModelIds"]);
    let title = match &version {
        Some(version) => format!("{name} {version} was {what}"),
        None => format!("{name} was {what}"),
    };
    Ok(Alert {
        severity: Some(AlertSeverity::Info),
        service: Some(name.clone()),
        labels: words::labels([("model", Some(name.clone())), ("model_version", version.clone()), ("models", models)]),
        ..Alert::new(
            delivery.source,
            format!("{what}:{name}:{}", version.unwrap_or_default()),
            AlertStatus::Info,
            title,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::delivery::{Fields, Method};
    use serde_json::Value;

    fn read(body: &Value) -> Result<Reading, String> {
        let body = body.to_string();
        let reading = crate::intake::read(&azure::KIND, &Delivery::bare(&"azure".into(), body.as_bytes()));
        reading.map_err(|error| error.to_string())
    }

    fn event(kind: &str, data: Value) -> Value {
        json!({
            "id": "1", "subject": "", "eventType": format!("Microsoft.{kind}"), "eventTime": "2026-02-04T01:40:00Z",
            "topic": "/subscriptions/s/resourceGroups/ml/providers/Microsoft.MachineLearningServices/workspaces/w",
            "data": data, "dataVersion": "1", "metadataVersion": "1",
        })
    }

    #[test]
    fn only_event_grid_is_told_that_it_may_send() {
        let source = "azure".into();
        let asked = |origin: &str| {
            let headers: Fields = [("webhook-request-origin", origin)].into_iter().collect();
            let delivery = Delivery { method: Method::Options, headers: &headers, ..Delivery::bare(&source, b"") };
            crate::intake::read(&azure::KIND, &delivery)
        };
        match asked(ORIGIN).unwrap().answer {
            Some(Answer::Says { status: 200, headers, .. }) => {
                assert!(headers.contains(&("webhook-allowed-origin".to_owned(), ORIGIN.to_owned())));
            }
            other => panic!("{other:?}"),
        }
        assert!(asked("evil.example").is_err());
        assert!(asked("").is_err());
    }

    #[test]
    fn what_the_events_say() {
        let resource = "/subscriptions/s/resourceGroups/ml/providers/Microsoft.Compute/virtualMachines/gpu-1";
        let state = |state: &str| {
            let properties = json!({"targetResourceId": resource, "availabilityState": state});
            json!({"resourceInfo": {"properties": properties}})
        };
        let availability = "ResourceNotifications.HealthResources.AvailabilityStatusChanged";
        let cases = [
            (event(availability, state("Unavailable")), "firing", "gpu-1 is unavailable"),
            (event(availability, state("Available")), "resolved", "gpu-1 is available"),
            (
                event(
                    "MachineLearningServices.DatasetDriftDetected",
                    json!({"dataDriftId": "d", "dataDriftName": "scores", "driftCoefficient": 0.83}),
                ),
                "firing",
                "scores drifts",
            ),
            (
                event(
                    "MachineLearningServices.RunStatusChanged",
                    json!({"runId": "r", "experimentName": "train", "runStatus": "Failed"}),
                ),
                "firing",
                "Run train has failed",
            ),
            (
                event("MachineLearningServices.ModelRegistered", json!({"modelName": "fraud", "modelVersion": "3"})),
                "info",
                "fraud 3 was registered",
            ),
        ];
        for (event, status, title) in cases {
            let reading = read(&json!([event])).unwrap();
            assert_eq!((reading.alerts[0].status.word(), reading.alerts[0].title.as_str()), (status, title));
        }
        let odd = read(&json!([event("Storage.BlobCreated", json!({}))])).unwrap_err();
        assert!(odd.contains("Microsoft.Storage.BlobCreated"), "{odd}");
    }

    #[test]
    fn one_event_by_itself_is_that_of_cloud_events() {
        let event = json!({
            "specversion": "1.0", "id": "1", "source": "/subscriptions/s", "time": "2026-02-04T01:40:00Z",
            "type": "Microsoft.MachineLearningServices.RunStatusChanged",
            "data": {"runId": "r", "runStatus": "Completed"},
        });
        assert_eq!(read(&event).unwrap().alerts[0].status, AlertStatus::Resolved);
    }
}
