//! The fleet: what is known of each device, and which devices a release may go to.
//!
//! Nothing here reads a database or a clock. Read [`Device`] first, then
//! [`Query`].

pub mod assurance;
pub mod attribute;
pub mod client;
pub mod controller_id;
pub mod declared;
pub mod device;
pub mod digest;
pub mod eligibility;
pub mod gateway;
pub mod id;
pub mod ineligible;
pub mod kept_instant;
pub mod moment;
pub mod query;
pub mod site;
pub mod zone;

pub use assurance::Assurance;
pub use attribute::{AttributeError, AttributeName};
pub use client::{ClientProfile, ClientProfileError, DeviceClient, Ranges, SetBy};
pub use controller_id::{ControllerId, ControllerIdError};
pub use declared::changes;
pub use device::{Device, Running};
pub use digest::ReleaseDigest;
pub use eligibility::{Support, Terms, eligible, stone_ahead, supported};
pub use gateway::GatewayRefusal;
pub use id::{DeviceId, IdError};
pub use ineligible::Ineligible;
pub use kept_instant::KeptInstant;
pub use moment::Moment;
pub use query::{Query, QueryError};
pub use site::{Site, SiteError};
pub use zone::{Zone, ZoneError};
