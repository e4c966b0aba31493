//! Who a device is: how one comes by a token, how a certificate takes its place, and who asks in whose name.

mod behind;
mod certificates;
mod gateways;
mod issuer;
mod issuer_closed;
mod issuing;
mod issuing_refused;
mod joining;
mod newcomers;
mod required;
mod secrets;
mod stage;
mod through;
mod tokens;
mod unwelcome;
mod welcomed;

pub use behind::put;
pub use stage::{Stage, given};
pub use tokens::replace as replace_token;
