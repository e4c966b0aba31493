//! A release on its way: which stage it is in, who moved it there, and why it may not move on.
//!
//! A [`Release`] names one signed manifest. Its [`Stage`] carries the facts of every stage before
//! it; each transition consumes the release and returns the next one, or a [`Refusal`] that names
//! its reason. Nothing here verifies a signature (the `trust` crate does), moves a device (the
//! `rollout` crate does), or reads a clock.
//!
//! Read [`Release`] first. `stage.rs` holds the stages, and each transition has its file:
//!
//! | who | does | in |
//! |---|---|---|
//! | an engineer | drafts, signs | `signing.rs` |
//! | evidence | opens the gates | `gate.rs` |
//! | a release manager | approves | `approval.rs` |
//! | operations | schedules, starts; withdraws before a wave opens | `schedule.rs` |
//! | the rollout | completes, halts, rolls back; a newer release supersedes | `outcome.rs` |
//! | the holders of role revocation | revoke, from any stage | `outcome.rs` |
//! | one person on call | holds; two release the hold | `hold.rs` |
//!
//! Beside them, [`root_facts`] tells a plan's rules of the root in use.

mod approval;
mod gate;
mod history;
pub mod hold;
mod outcome;
pub mod refusal;
pub mod release;
mod root_facts;
mod schedule;
mod signing;
pub mod stage;
mod stage_name;

pub use gate::NO_EVIDENCE;
pub use hold::{Hold, HoldRefusal, HoldState};
pub use refusal::Refusal;
pub use release::{Facts, RETURNS_TO_MAX, Release, ReleaseId};
pub use root_facts::root_facts;
pub use stage::{
    Approved, Complete, Drafted, Entry, GateFact, Gated, Halted, Revoked, RolledBack, Rolling,
    Scheduled, Signed, Stage, StageName, Superseded,
};
