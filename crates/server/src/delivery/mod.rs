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

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub(crate) use self::elsewhere::{send_elsewhere, told};
pub use self::key::{DeliveryKey, KeyFileError};
pub(crate) use self::places::LinkPlaces;
pub(crate) use self::whole::{Deliverable, deliverable, one_deliverable};

use crate::App;

/// What needs no login: links bear their own, and revocations are signed for everybody.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/delivery/v1/revocations", get(signed::revocations))
        .route("/delivery/v1/{shelf}/{digest}", get(signed::payload))
}
