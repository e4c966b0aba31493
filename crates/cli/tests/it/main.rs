//! The built program, run as people and scripts run it: one file for each promise.

#[path = "../support/address.rs"]
mod address;
mod algorithms;
mod artifacts;
mod backups;
mod bad_input;
mod banks;
#[path = "../homes/bucket.rs"]
mod bucket;
mod bundles;
mod cohorts;
mod devices;
mod digests;
mod folder;
mod guide;
#[path = "../support/hawkbit.rs"]
mod hawkbit;
mod help;
mod imports;
mod incidents;
mod keys;
mod mcuboot;
mod mirror;
mod mirror_mends;
#[path = "../support/older.rs"]
mod older;
mod origin;
mod papers;
mod people;
mod plan_calendar;
mod plan_check;
mod plan_emergency;
mod plan_size;
mod provenance;
mod reproducible;
mod revocations;
mod roots;
mod schedules;
#[path = "../support/served.rs"]
mod served;
mod settings;
mod simulate;
mod softhsm;
mod store;
mod tokens;
mod too_large;
mod verify_envelope;
mod webhooks;
