//! `firebell faults`, in builds with fault points.

use clap::Args;

use crate::cli::{Ended, print};
use crate::fault::Point;

/// List the fault points of this build, which FAILPOINTS may strike.
#[derive(Debug, Args)]
pub struct Faults {}

impl Faults {
    pub(super) fn run(&self) -> Ended {
        for point in Point::ALL {
            print::line(format_args!("{:26}{}", point.name(), point.place().trim()));
        }
        Ended::Well
    }
}
