//! Whatever the configuration maps: `[sources.<name>.map]` says how a payload reads, see [`crate::intake::custom`].

use crate::intake::delivery::Delivery;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading};

/// Anything, by a mapping.
pub static KIND: Kind = Kind {
    name: "custom",
    title: "Custom",
    expected: "a payload that the mapping under [sources.<name>.map] reads",
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/custom/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/custom/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/custom.md"),
    ..Kind::USUAL
};

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    match delivery.mapping {
        Some(mapping) => mapping.read(delivery),
        None => Err(Misfit::Other("the configuration gives this source no mapping".to_owned())),
    }
}
