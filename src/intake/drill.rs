//! Drills: alerts that go the whole real way and can be told from real ones wherever they are shown.

use crate::domain::alert::Alert;
use crate::intake::delivery::Delivery;

/// The header that makes a delivery a drill. It is set by whoever has proved to be the sender, and adds nothing to what
/// that one may do.
pub const HEADER: &str = "firebell-drill";
/// The label of an alert of a drill.
const LABEL: &str = "drill";

/// Whether the sender says that it only tries.
pub(super) fn is_one(delivery: &Delivery<'_>) -> bool {
    delivery.headers.get(HEADER).is_some()
}

/// Marks an alert as one of a drill. It has an identity and a group of its own, so that no real trouble is taken for it
/// and no real incident is joined, raised or resolved by it.
pub(super) fn mark(alert: &mut Alert) {
    alert.title = format!("DRILL: {}", alert.title);
    alert.fingerprint = format!("drill/{}", alert.fingerprint);
    alert.group = Some(format!("drill/{}", alert.group.as_deref().unwrap_or(&alert.fingerprint)));
    alert.labels.insert(LABEL.to_owned(), "true".to_owned());
}

#[cfg(test)]
mod tests {
    use crate::intake::delivery::{Delivery, Fields};
    use crate::intake::{kinds, read};

    #[test]
    fn a_drill_shows_that_it_is_one_and_has_an_identity_of_its_own() {
        let kind = kinds::ALERTMANAGER;
        let source = "alertmanager".into();
        let body = kind.samples.fires.body.as_bytes();
        let headers: Fields = [(super::HEADER, "yes")].into_iter().collect();
        let real = read(kind, &Delivery::bare(&source, body)).unwrap();
        let drill = read(kind, &Delivery { headers: &headers, ..Delivery::bare(&source, body) }).unwrap();
        for (real, drill) in real.alerts.iter().zip(&drill.alerts) {
            assert_eq!(drill.title, format!("DRILL: {}", real.title));
            assert_eq!(drill.labels["drill"], "true");
            assert_ne!((&drill.fingerprint, &drill.group), (&real.fingerprint, &real.group));
        }
    }
}
