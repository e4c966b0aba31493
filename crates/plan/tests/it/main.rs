//! The plan crate from outside: example plans, hostile files, every rule, every kind of night.

mod clock_changes;
mod examples;
mod holidays;
mod hostile;
mod lint;
mod rendering;
mod window;
