//! The built program, run as people and scripts run it: one file for each promise.

mod artifacts;
mod bad_input;
mod bundles;
mod folder;
mod guide;
mod help;
mod papers;
mod revocations;
mod roots;
mod schedules;
