//! All kinds of sources, one file each. Another one is a line in each of the two lists, in its family.

// For everyone.
mod alertmanager;
mod cloudevents;
mod custom;

// Systems that page.
mod instatus;
mod pagerduty;
mod statuspage;

// Clouds.
mod cloudwatch;

// Observability.
mod checkmk;
mod dynatrace;
mod elastic;
mod grafana;
mod honeycomb;
mod newrelic;
mod sentry;
mod uptime_kuma;
mod zabbix;

// ML systems.
mod mlflow;
mod mlrun;
mod seldon;
mod wandb;

use crate::intake::kind::Kind;

/// All of them.
pub static ALL: &[&Kind] = &[
    // For everyone.
    &alertmanager::KIND,
    &cloudevents::KIND,
    &custom::KIND,
    //
    // Systems that page.
    &instatus::KIND,
    &pagerduty::KIND,
    &statuspage::KIND,
    //
    // Clouds.
    &cloudwatch::KIND,
    //
    // Observability.
    &checkmk::KIND,
    &dynatrace::KIND,
    &elastic::KIND,
    &grafana::KIND,
    &honeycomb::KIND,
    &newrelic::KIND,
    &sentry::KIND,
    &uptime_kuma::KIND,
    &zabbix::KIND,
    //
    // ML systems.
    &mlflow::KIND,
    &mlrun::KIND,
    &seldon::KIND,
    &wandb::KIND,
];

/// The kind that most examples use, and a configuration gets whose own is not known.
pub static ALERTMANAGER: &Kind = &alertmanager::KIND;

/// The kind whose readings the configuration gives.
pub static CUSTOM: &Kind = &custom::KIND;

/// The kind of this name.
pub fn named(name: &str) -> Option<&'static Kind> {
    ALL.iter().copied().find(|kind| kind.name == name)
}
