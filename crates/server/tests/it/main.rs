//! Stories over a real, bound loopback listener: the whole server, a database file, real signatures.
//! Time is a [`mainstay_server::VirtualClock`]'s, chance is seeded.

#![expect(
    clippy::unwrap_used,
    reason = "what doesn't unwrap in a test has failed it"
)]

mod abuse;
mod acme;
mod activation;
mod anew;
mod backup;
#[path = "../../../cli/tests/homes/bucket.rs"]
mod bucket;
mod counts;
mod cut_off;
mod database;
mod ddi;
mod declared;
mod delivery;
mod door;
mod eased;
mod elected;
mod eligibility;
mod events;
mod faulty;
mod folder;
#[cfg(target_os = "linux")]
mod full_disk;
mod gadget;
mod gates;
mod holds;
mod hostile;
mod house;
mod idempotency;
mod identity;
mod imports;
mod incident_plans;
mod incidents;
mod large;
mod last_seen;
mod levels;
mod line;
mod lists;
mod live;
mod many_downloads;
mod needs;
mod nothing_to_run;
mod oidc;
mod openapi;
mod pages;
mod papers;
mod patience;
mod pauses;
mod payload_faults;
mod payloads;
mod people;
mod previews;
mod promotion;
mod queries;
mod quiet;
mod ranks;
mod readiness;
mod receiver;
mod revocations;
mod rollback;
mod roots;
mod rows;
mod schedules;
mod schemathesis;
mod serving;
mod slow_uploads;
#[cfg(target_os = "linux")]
#[path = "../../../store/tests/small_disk/mod.rs"]
mod small_disk;
mod soft_signals;
mod starting;
mod stopping;
mod storm;
mod tls;
mod told;
mod turns;
mod update;
mod webhooks;
mod windows;
mod withdrawal;
