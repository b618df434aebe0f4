//! Amazon SageMaker, changes of state by EventBridge, straight or through SNS.
//!
//! Documented ("Events that SageMaker AI sends to EventBridge"): one `detail-type` for each sort of thing, each with a
//! name and a status of its own; several events for one change are normal. SageMaker Model Monitor has no webhook: a
//! drift is a processing job whose `ExitMessage` begins with `CompletedWithViolations`, or a CloudWatch alarm on its
//! metrics, which the kind cloudwatch reads; its report lies in S3 and is never sent.
//! Seen in the vendor's samples: `source` twice, as a text and as a list; `time` as a text of milliseconds; statuses as
//! `InService` and as `IN_SERVICE`.
//! Assumed: what failed, or serves no more, fires; what succeeded or serves again resolves, so that the next good run
//! of a pipeline ends the trouble of the last; what is under way is passed over. What was stopped by hand, an endpoint
//! that is being made or changed, and a registered or approved model are information. A monitoring job belongs to its
//! schedule, by the variable `sagemaker_monitoring_schedule_name` that SageMaker gives it, so that its next clean run
//! ends its violations.

use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Category};
use crate::intake::auth::Scheme;
use crate::intake::delivery::Delivery;
use crate::intake::json::{self, Node};
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, sns, words};

/// Amazon SageMaker.
pub static KIND: Kind = Kind {
    name: "sagemaker",
    title: "Amazon SageMaker",
    expected: "a SageMaker event of EventBridge: an object with `detail-type`, `resources` and `detail`, by itself or \
               in a message of SNS",
    proofs: &[Scheme::Sns, Scheme::Secret],
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/sagemaker/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/sagemaker/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/sagemaker.md"),
    ..Kind::USUAL
};

/// Sorts of things: what their `detail-type` has in it, where their name stands, and where their status. The first that
/// fits counts.
const SORTS: [(&str, &str, &str); 12] = [
    ("Pipeline Execution Step", "stepName", "currentStepStatus"),
    ("Pipeline Execution", "pipelineExecutionDisplayName", "currentPipelineExecutionStatus"),
    ("HyperParameter Tuning Job", "HyperParameterTuningJobName", "HyperParameterTuningJobStatus"),
    ("Training Job", "TrainingJobName", "TrainingJobStatus"),
    ("Transform Job", "TransformJobName", "TransformJobStatus"),
    ("Processing Job", "ProcessingJobName", "ProcessingJobStatus"),
    ("Model Package", "ModelPackageGroupName", "ModelPackageStatus"),
    ("Monitoring Schedule", "MonitoringScheduleName", "MonitoringScheduleStatus"),
    ("Feature Group", "FeatureGroupName", "FeatureGroupStatus"),
    ("Notebook Instance", "NotebookInstanceName", "NotebookInstanceStatus"),
    ("Image", "ImageName", "ImageStatus"),
    ("Endpoint", "EndpointName", "EndpointStatus"),
];

/// What the statuses of all sorts say, written without underscores; `None` for what is under way.
const STATUSES: &[(&str, Option<AlertStatus>)] = &[
    ("Failed", Some(AlertStatus::Firing)),
    ("CreateFailed", Some(AlertStatus::Firing)),
    ("UpdateFailed", Some(AlertStatus::Firing)),
    ("DeleteFailed", Some(AlertStatus::Firing)),
    ("OutOfService", Some(AlertStatus::Firing)),
    ("RollingBack", Some(AlertStatus::Firing)),
    ("UpdateRollbackFailed", Some(AlertStatus::Firing)),
    ("InService", Some(AlertStatus::Resolved)),
    ("Completed", Some(AlertStatus::Resolved)),
    ("Succeeded", Some(AlertStatus::Resolved)),
    ("Created", Some(AlertStatus::Resolved)),
    ("Scheduled", Some(AlertStatus::Resolved)),
    ("Creating", Some(AlertStatus::Info)),
    ("Updating", Some(AlertStatus::Info)),
    ("SystemUpdating", Some(AlertStatus::Info)),
    ("Stopped", Some(AlertStatus::Info)),
    ("Deleted", Some(AlertStatus::Info)),
    ("Starting", None),
    ("Pending", None),
    ("Executing", None),
    ("InProgress", None),
    ("Deleting", None),
    ("Stopping", None),
];

/// How the exit message of a monitoring job begins that found what it looked for.
const VIOLATIONS: &str = "CompletedWithViolations";
/// The variable that names a monitoring job's schedule.
const SCHEDULE: &str = "Environment.sagemaker_monitoring_schedule_name";

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    sns::read(&delivery.document()?, |root| event(delivery, root))
}

fn event(delivery: &Delivery<'_>, root: &Node<'_>) -> Result<Option<Alert>, Misfit> {
    let detail = root.need("detail")?;
    let sort = root.text("detail-type")?;
    let known = SORTS.iter().find(|(word, ..)| sort.starts_with("SageMaker ") && sort.contains(word));
    let (_, name, path) =
        known.ok_or_else(|| root.wrong("detail-type", format!("is {:?}, which has no status", json::quoted(&sort))))?;
    let word = detail.text(path)?;
    let plain = word.replace('_', "");
    let status = STATUSES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&plain)).map(|(_, status)| *status);
    let status =
        status.ok_or_else(|| detail.wrong(path, format!("is {:?}, which is not known", json::quoted(&word))))?;
    let exit = detail.maybe("ExitMessage");
    let violates = exit.as_deref().is_some_and(|text| text.starts_with(VIOLATIONS));
    let is_model = sort.contains("Model Package");
    let status = match status {
        _ if violates => AlertStatus::Firing,
        // That a model is there is no end of anything.
        Some(AlertStatus::Resolved) if is_model => AlertStatus::Info,
        Some(status) => status,
        None => return Ok(None),
    };
    let resource = root.text("resources.0")?;
    let schedule = detail.maybe(SCHEDULE);
    // The ARN of a job names its run; that of its schedule stays.
    let fingerprint = match &schedule {
        Some(schedule) => format!("{}/monitoring-schedule/{schedule}", root.text("region")?),
        None => resource.clone(),
    };
    let name = match &schedule {
        Some(schedule) => schedule.clone(),
        None => detail.text(name)?,
    };
    let mut labels = detail.pairs("Tags");
    labels.extend(detail.items("Tags").iter().filter_map(|tag| tag.maybe("Key").zip(tag.maybe("Value"))));
    labels.extend(words::labels([
        ("account", root.maybe("account")),
        ("region", root.maybe("region")),
        ("resource", Some(resource)),
        ("status", Some(word.clone())),
        ("status_before", detail.first(&["previousPipelineExecutionStatus", "previousStepStatus"])),
        ("model", detail.maybe("ModelPackageGroupName")),
        ("model_version", detail.maybe("ModelPackageVersion")),
        ("approval", detail.maybe("ModelApprovalStatus")),
        ("endpoint", detail.first(&["EndpointName", "Environment.sagemaker_endpoint_name"])),
        ("report", detail.maybe("ProcessingOutputConfig.Outputs.0.S3Output.S3Uri")),
    ]));
    let said_at = root.moment("time");
    let version = detail.maybe("ModelPackageVersion").map(|version| format!(" {version}")).unwrap_or_default();
    let title = match status {
        // What only informs must say what it is in its title.
        AlertStatus::Info => {
            format!("{sort}: {name}{version} ({})", detail.maybe("ModelApprovalStatus").unwrap_or(word))
        }
        _ => format!("{sort}: {name}"),
    };
    Ok(Some(Alert {
        description: words::lines([detail.first(&["FailureReason", "failureReason"]), exit]),
        severity: (status == AlertStatus::Info).then_some(AlertSeverity::Info),
        category: match status {
            AlertStatus::Info => None,
            _ if schedule.is_some() || violates => Some(Category::ModelAnomaly),
            _ if sort.contains("Endpoint") => Some(Category::ServiceDisruption),
            _ if sort.contains("Feature Group") => Some(Category::Data),
            _ => None,
        },
        service: Some(name),
        started_at: said_at.filter(|_| status == AlertStatus::Firing),
        ended_at: said_at.filter(|_| status == AlertStatus::Resolved),
        said_at,
        labels,
        ..Alert::new(delivery.source, fingerprint, status, title)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(sort: &str, detail: Value) -> Result<Alert, String> {
        read_all(sort, detail).map(|reading| reading.alerts[0].clone())
    }

    fn read_all(sort: &str, detail: Value) -> Result<Reading, String> {
        let body = json!({
            "detail-type": sort, "source": "aws.sagemaker", "account": "1", "region": "eu-west-1",
            "time": "2026-02-04T01:40:00Z", "resources": ["arn:aws:sagemaker:eu-west-1:1:thing/t"], "detail": detail,
        })
        .to_string();
        let reading = crate::intake::read(&KIND, &Delivery::bare(&"sagemaker".into(), body.as_bytes()));
        reading.map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_status_says() {
        use AlertStatus::{Firing, Info, Resolved};
        let cases = [
            ("Training Job State Change", json!({"TrainingJobName": "t", "TrainingJobStatus": "Failed"}), Firing),
            ("Training Job State Change", json!({"TrainingJobName": "t", "TrainingJobStatus": "Stopped"}), Info),
            ("Endpoint State Change", json!({"EndpointName": "e", "EndpointStatus": "OUT_OF_SERVICE"}), Firing),
            ("Endpoint State Change", json!({"EndpointName": "e", "EndpointStatus": "InService"}), Resolved),
            (
                "Model Building Pipeline Execution Step Status Change",
                json!({"stepName": "s", "currentStepStatus": "Failed", "pipelineExecutionDisplayName": "p"}),
                Firing,
            ),
            (
                "Feature Group State Change",
                json!({"FeatureGroupName": "f", "FeatureGroupStatus": "CreateFailed"}),
                Firing,
            ),
        ];
        for (sort, detail, status) in cases {
            assert_eq!(read(&format!("SageMaker {sort}"), detail.clone()).unwrap().status, status, "{sort} {detail}");
        }
        let under_way = json!({"TrainingJobName": "t", "TrainingJobStatus": "InProgress"});
        assert!(read_all("SageMaker Training Job State Change", under_way).unwrap().alerts.is_empty());
        let odd = json!({"EndpointName": "e", "EndpointStatus": "Odd"});
        assert!(
            read("SageMaker Endpoint State Change", odd).unwrap_err().contains("`detail.EndpointStatus` is \"Odd\"")
        );
        assert!(read("SageMaker Human Task Created", json!({})).unwrap_err().contains("`detail-type`"));
    }

    #[test]
    fn violations_are_of_the_schedule_and_end_with_its_next_clean_run() {
        let job = |name: &str, exit: &str| {
            let detail = json!({
                "ProcessingJobName": name, "ProcessingJobStatus": "Completed", "ExitMessage": exit,
                "Environment": {"sagemaker_monitoring_schedule_name": "drift", "sagemaker_endpoint_name": "fraud"},
            });
            read("SageMaker Processing Job State Change", detail).unwrap()
        };
        let drifts =
            job("model-monitoring-1", "CompletedWithViolations: Job completed successfully with 2 violations.");
        let clean = job("model-monitoring-2", "Completed: Job completed successfully with no violations.");
        assert_eq!((drifts.status, drifts.category), (AlertStatus::Firing, Some(Category::ModelAnomaly)));
        assert_eq!((clean.status, &clean.fingerprint), (AlertStatus::Resolved, &drifts.fingerprint));
        assert_eq!(drifts.labels["endpoint"], "fraud");
    }
}
