//! Fault points: the places at which a test can have the program die, fail, wait, or lose an answer.
//!
//! They exist only in a build with the feature `faults`, which is on in tests and never in a release; without it a point
//! is nothing. What strikes where is said in `FAILPOINTS`, in the language of the crate `fail`, with one of these words
//! as what is returned: `kill` (the process aborts there), `error` (before the work: it fails; after it: the work is done
//! and its answer lost), `delay:MILLISECONDS`, `stall` (for ever). For example
//! `FAILPOINTS='settle.commit.after=2*off->1*return(kill)'` dies after the third commit of a settlement.

/// What a point does when it is struck and the work must not go on.
#[cfg(feature = "faults")]
#[derive(Debug, thiserror::Error)]
#[error("struck at the fault point {0}")]
pub struct Fault(&'static str);

/// What a point does when it is struck: without the feature there is none.
#[cfg(not(feature = "faults"))]
#[derive(Debug, thiserror::Error)]
#[error("there are no faults")]
pub enum Fault {}

macro_rules! points {
    ($($(#[doc = $says:literal])+ $point:ident = $name:literal,)+) => {
        /// A place at which something can break.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Point { $($(#[doc = $says])+ $point,)+ }

        impl Point {
            /// Every point, in the order in which a story comes by.
            pub const ALL: &[Self] = &[$(Self::$point),+];

            /// The point's name, under which it is struck.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$point => $name),+ }
            }

            /// Where the point lies.
            pub const fn place(self) -> &'static str {
                match self { $(Self::$point => concat!($($says),+)),+ }
            }
        }
    };
}

points! {
    /// A lease is about to be taken or renewed.
    LeaseBefore = "lease.commit.before",
    /// A lease was taken or renewed.
    LeaseAfter = "lease.commit.after",
    /// The commands are about to be registered.
    RegisterBefore = "register.before",
    /// The commands are registered.
    RegisterAfter = "register.after",
    /// Alerts are about to be kept.
    InboxBefore = "inbox.commit.before",
    /// Alerts are kept, and nobody was told.
    InboxAfter = "inbox.commit.after",
    /// A batch of alerts was decided on, and nothing is kept.
    TriageBefore = "triage.commit.before",
    /// A batch of alerts was digested.
    TriageAfter = "triage.commit.after",
    /// Jobs were claimed, and nothing is kept.
    ClaimBefore = "claim.commit.before",
    /// Jobs are claimed, and not begun.
    ClaimAfter = "claim.commit.after",
    /// A room is about to be made.
    MakeChannelBefore = "call.make-channel.before",
    /// A room was made, and nobody knows which.
    MakeChannelAfter = "call.make-channel.after",
    /// A conversation with a person is about to be opened.
    DirectBefore = "call.open-direct.before",
    /// A conversation with a person is open.
    DirectAfter = "call.open-direct.after",
    /// A message is about to be posted.
    PostBefore = "call.post.before",
    /// A message was posted, and nobody knows which.
    PostAfter = "call.post.after",
    /// A message is about to be edited.
    EditBefore = "call.edit.before",
    /// A message was edited.
    EditAfter = "call.edit.after",
    /// A card is about to be pinned.
    PinBefore = "call.pin.before",
    /// A card was pinned.
    PinAfter = "call.pin.after",
    /// What stands where is about to be kept with the settlement of its job.
    BindingBefore = "binding.before",
    /// What stands where was written, and the settlement is not kept.
    BindingAfter = "binding.after",
    /// A job is about to be settled.
    SettleBefore = "settle.commit.before",
    /// A job is settled.
    SettleAfter = "settle.commit.after",
    /// Somebody's command is about to be answered for the first time.
    AnswerBefore = "answer.first.before",
    /// Somebody's command was answered for the first time.
    AnswerAfter = "answer.first.after",
    /// A command was decided on, and nothing is kept.
    DecisionBefore = "decision.commit.before",
    /// A command was decided, and nobody was told.
    DecisionAfter = "decision.commit.after",
    /// The result of a command is about to be shown.
    ResultBefore = "answer.result.before",
    /// The result of a command was shown.
    ResultAfter = "answer.result.after",
    /// A new configuration was read and is not in force.
    ReloadBefore = "reload.before",
    /// A new configuration is in force.
    ReloadAfter = "reload.after",
    /// Discord is about to be compared with what should stand there.
    ReconcileBefore = "reconcile.before",
    /// Discord was compared with what should stand there.
    ReconcileAfter = "reconcile.after",
    /// The auditor is about to look.
    AuditBefore = "audit.before",
    /// The auditor looked.
    AuditAfter = "audit.after",
    /// A lease is about to be handed over.
    HandOverBefore = "hand-over.before",
    /// A lease was handed over.
    HandOverAfter = "hand-over.after",
}

/// Comes by a point. What strikes there is what the test asked for; an error must end what is being done as one of its
/// own would.
#[cfg(feature = "faults")]
pub async fn pass(point: Point) -> Result<(), Fault> {
    let Some(task) = struck(point.name()) else { return Ok(()) };
    tracing::warn!(point = point.name(), task, "struck at a fault point");
    match task.split_once(':').unwrap_or((task.as_str(), "")) {
        ("kill", _) => std::process::abort(),
        ("stall", _) => std::future::pending().await,
        ("delay", time) => {
            tokio::time::sleep(std::time::Duration::from_millis(time.parse().unwrap_or(1000))).await;
            Ok(())
        }
        _ => Err(Fault(point.name())),
    }
}

/// Comes by a point: nothing, in a build without faults.
#[cfg(not(feature = "faults"))]
#[inline]
pub async fn pass(_: Point) -> Result<(), Fault> {
    Ok(())
}

#[cfg(feature = "faults")]
fn struck(name: &str) -> Option<String> {
    fail::fail_point!(name, |task| Some(task.unwrap_or_default()));
    None
}

/// Reads from the environment what is to strike, once a process; the points live as long as what is returned.
#[cfg(feature = "faults")]
pub fn scenario() -> fail::FailScenario<'static> {
    fail::FailScenario::setup()
}

#[cfg(test)]
mod tests {
    use super::Point;

    #[test]
    fn every_point_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<&str> = Point::ALL.iter().map(|point| point.name()).collect();
        assert_eq!(names.len(), Point::ALL.len());
    }
}
