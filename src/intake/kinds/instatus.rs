//! Instatus: what a status page tells its subscribers.
//!
//! Documented (Instatus's help, "Webhooks"): the shapes of incident, maintenance and component, in the manner of
//! Statuspage, with words in capitals: `INVESTIGATING`, `IDENTIFIED`, `MONITORING`, `RESOLVED`; `NOTSTARTEDYET`,
//! `INPROGRESS`, `COMPLETED`; `OPERATIONAL`, `UNDERMAINTENANCE`, `DEGRADEDPERFORMANCE`, `PARTIALOUTAGE`, `MAJOROUTAGE`. It
//! signs in `x-instatus-webhook-signature`, SHA-256 in hexadecimal over the body.
//! Seen: no delivery, only the shape with every value empty.
//! Assumed: the impact of an incident is a component's word, as on its pages. The example of the vendor signs the body
//! serialised again; the bytes as they came are what is checked here.

use crate::intake::auth::Scheme;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::kinds::statuspage;
use crate::intake::signature::Signature;

/// Instatus.
pub static KIND: Kind = Kind {
    name: "instatus",
    title: "Instatus",
    expected: "an Instatus webhook: an `incident`, a `maintenance`, or a `component` with its `component_update`",
    proofs: &[Scheme::Signature(Signature::of_body("x-instatus-webhook-signature"))],
    read: statuspage::read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/instatus/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/instatus/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/instatus.md"),
    ..Kind::USUAL
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::AlertStatus;
    use crate::intake::delivery::Delivery;

    #[test]
    fn a_maintenance_opens_nothing() {
        for state in ["NOTSTARTEDYET", "INPROGRESS", "COMPLETED"] {
            let body = format!(r#"{{"maintenance": {{"id": "m", "name": "Upgrade", "status": "{state}"}}}}"#);
            let reading = crate::intake::read(&KIND, &Delivery::bare(&"instatus".into(), body.as_bytes())).unwrap();
            assert_eq!(reading.alerts[0].status, AlertStatus::Info, "{state}");
        }
    }
}
