//! All kinds of sources, one file each. Another one is a line in each of the two lists, in its family.

// For everyone.
mod alertmanager;
mod custom;

// Systems that page.
mod opsgenie;
mod pagerduty;
mod splunk_oncall;

// Clouds.
mod aws_health;
mod azure;
mod azure_event_grid;
mod cloudwatch;
mod gcp;

// Observability.
mod datadog;
mod splunk;
mod splunk_observability;
mod wavefront;

// ML systems.
mod sagemaker;

use crate::intake::kind::Kind;

/// All of them.
pub static ALL: &[&Kind] = &[
    // For everyone.
    &alertmanager::KIND,
    &custom::KIND,
    //
    // Systems that page.
    &pagerduty::KIND,
    &opsgenie::KIND,
    &splunk_oncall::KIND,
    //
    // Clouds.
    &aws_health::KIND,
    &cloudwatch::KIND,
    &gcp::KIND,
    &azure::KIND,
    //
    // Observability.
    &datadog::KIND,
    &splunk::KIND,
    &splunk_observability::KIND,
    &wavefront::KIND,
    //
    // ML systems.
    &sagemaker::KIND,
];

/// The kind that most examples use, and a configuration gets whose own is not known.
pub static ALERTMANAGER: &Kind = &alertmanager::KIND;

/// The kind whose readings the configuration gives.
pub static CUSTOM: &Kind = &custom::KIND;

/// The kind of this name.
pub fn named(name: &str) -> Option<&'static Kind> {
    ALL.iter().copied().find(|kind| kind.name == name)
}
