//! The built program, run as people and scripts run it: one file for each promise.

mod algorithms;
mod artifacts;
mod bad_input;
mod folder;
mod guide;
mod help;
