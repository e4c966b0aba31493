//! The life of a release, and what holds one.

mod holds;
mod stages;
