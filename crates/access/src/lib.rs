//! People and their duties: who may do what, and who may not do both.
//!
//! One person has one duty. That is checked here for the plan and the server, and once more by every
//! device, which knows the holders of keys through its root. Read [`Assignments`] first.

pub mod assignments;
pub mod duty;
pub mod email;
pub mod permission;

pub use assignments::{Assignments, DutyConflict};
pub use duty::{Duty, Person};
pub use email::{Email, EmailError};
pub use permission::{Denied, Permission};
