//! Payloads on other ways than by a device's own token: by links that are good for a while, from mirrors that are near, and as files that a
//! mirror is kept in step with.
//!
//! | question | file |
//! |---|---|
//! | what signs a link? | `key.rs` |
//! | what does a link say, and is this one good? | `link.rs` |
//! | is this device sent elsewhere now? | `elsewhere.rs` |
//! | who may fetch by a link, and what may caches keep? | `signed.rs` |
//! | how many at once may fetch by one? | `places.rs` |
//! | which payloads may lie elsewhere at all? | `whole.rs` |
//!
//! Nothing here is trusted by a device: the digest that two people signed decides, wherever the bytes came from. What leaves elsewhere isn't counted on
//! this server's line, and what leaves here is, whoever asked for it.

mod elsewhere;
mod key;
mod link;
mod places;
mod signed;
mod whole;

use axum::routing::get;

pub(crate) use self::elsewhere::{send_elsewhere, told};
pub use self::key::{DeliveryKey, KeyFileError};
pub(crate) use self::places::LinkPlaces;
pub(crate) use self::whole::{Deliverable, deliverable, one_deliverable};

use crate::places::{Credential, Place, Whom};

/// What needs no login: links bear their own, and revocations are signed for everybody.
pub(crate) const PLACES: &[Place] = &[
    Place::new("/delivery/v1/revocations", &[("GET", Whom::Anyone)], || {
        get(signed::revocations)
    }),
    Place::new(
        "/delivery/v1/{shelf}/{digest}",
        &[("GET", Whom::Shows(Credential::Link))],
        || get(signed::payload),
    ),
];
