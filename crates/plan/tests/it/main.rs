//! The plan crate from outside: example plans, hostile files, every rule, every kind of night.

mod cohorts;
mod examples;
mod hostile;
mod lint;
mod rendering;
mod window;
