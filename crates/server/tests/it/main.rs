//! Stories over a real, bound loopback listener: the whole server, a database file, real signatures.
//! Time is a [`mainstay_server::VirtualClock`]'s, chance is seeded.

#![expect(
    clippy::unwrap_used,
    reason = "what doesn't unwrap in a test has failed it"
)]

mod folder;
mod gadget;
mod hostile;
mod house;
mod pages;
mod people;
mod rollback;
mod update;
mod windows;
