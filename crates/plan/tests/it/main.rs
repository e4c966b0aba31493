//! The plan crate from outside: example plans, hostile files, every rule, every kind of night.

mod calendar;
mod calendar_properties;
mod clients;
mod clock_changes;
mod cohorts;
mod delivery;
mod emergency;
mod emergency_zones;
mod examples;
mod goals;
mod holidays;
mod hostile;
mod lateness;
mod lint;
mod lint_counts;
mod lint_known;
mod lint_page;
mod lint_root;
mod lint_rows;
mod lint_told;
mod lint_windows;
mod needs;
mod rendering;
mod settings;
mod window;
