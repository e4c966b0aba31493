//! What nobody honest sends, over bare TCP: no client library would.

mod bodies;
mod bombs;
mod flood;
mod framing;
mod names;
pub mod raw;
mod slow;
