//! All kinds of sources, one file each. Another one is a line in each of the two lists, in its family.

// For everyone.
mod alertmanager;
mod cloudevents;
mod custom;
mod heartbeat;

// Systems that page.
mod opsgenie;
mod pagerduty;
mod splunk_oncall;

// Status pages of others.
mod instatus;
mod statuspage;

// Clouds.
mod aws_health;
mod azure;
mod azure_event_grid;
mod cloudwatch;
mod gcp;

// Observability.
mod checkmk;
mod datadog;
mod dynatrace;
mod elastic;
mod grafana;
mod honeycomb;
mod newrelic;
mod sentry;
mod splunk;
mod splunk_observability;
mod uptime_kuma;
mod wavefront;
mod zabbix;

// ML systems.
mod mlflow;
mod mlrun;
mod sagemaker;
mod seldon;
mod wandb;

use crate::intake::kind::Kind;

/// All of them.
pub static ALL: &[&Kind] = &[
    // For everyone.
    &alertmanager::KIND,
    &cloudevents::KIND,
    &custom::KIND,
    &heartbeat::KIND,
    //
    // Systems that page.
    &opsgenie::KIND,
    &pagerduty::KIND,
    &splunk_oncall::KIND,
    //
    // Status pages of others.
    &instatus::KIND,
    &statuspage::KIND,
    //
    // Clouds.
    &aws_health::KIND,
    &azure::KIND,
    &cloudwatch::KIND,
    &gcp::KIND,
    //
    // Observability.
    &checkmk::KIND,
    &datadog::KIND,
    &dynatrace::KIND,
    &elastic::KIND,
    &grafana::KIND,
    &honeycomb::KIND,
    &newrelic::KIND,
    &sentry::KIND,
    &splunk::KIND,
    &splunk_observability::KIND,
    &uptime_kuma::KIND,
    &wavefront::KIND,
    &zabbix::KIND,
    //
    // ML systems.
    &mlflow::KIND,
    &mlrun::KIND,
    &sagemaker::KIND,
    &seldon::KIND,
    &wandb::KIND,
];

/// The kind that most examples use, and a configuration gets whose own is not known.
pub static ALERTMANAGER: &Kind = &alertmanager::KIND;

/// The kind whose readings the configuration gives.
pub static CUSTOM: &Kind = &custom::KIND;

/// The kind that must call every so often.
pub static HEARTBEAT: &Kind = &heartbeat::KIND;

/// The kind of this name.
pub fn named(name: &str) -> Option<&'static Kind> {
    ALL.iter().copied().find(|kind| kind.name == name)
}
