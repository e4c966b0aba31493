//! The server: what devices, people and browsers talk to, and the jobs that keep rollouts moving.
//!
//! It decides nothing about trust that a device wouldn't decide again for itself, and nothing about
//! rollouts that isn't in the `rollout` crate: handlers extract, authorize, load, ask the domain,
//! and save in one transaction. Read [`App`] first, then `offers.rs` (from a check-in to a promise)
//! and [`jobs::advance_rollouts`] (from telemetry back to the rollout).

pub mod acme;
pub mod admin;
mod apart;
mod app;
mod app_config;
mod aside;
mod asker;
mod at_once;
pub mod attack;
mod authenticate;
pub mod backup;
mod body;
mod brakes;
pub mod clock;
mod contacts;
pub mod data_dir;
mod ddi;
pub mod delivery;
mod device_protocol;
pub mod entropy;
mod figures;
mod fit;
pub mod flow;
mod founding;
mod front;
mod guard;
pub mod homes;
mod idempotency;
mod identity;
mod intake;
pub mod issuing;
pub mod jobs;
mod kept;
mod levels;
mod moved;
mod named;
mod newcomers;
mod news;
mod offers;
pub mod openapi;
mod operator;
pub mod pages;
pub mod places;
mod problem;
mod quiet;
mod readiness;
mod readings;
mod refusals;
mod release_walk;
mod room;
mod root_chain;
mod rotate;
mod routes;
pub mod serve;
mod server_id;
pub mod settings;
pub mod sign_in;
mod soundness;
mod standing;
mod status;
pub mod token;
mod upload;
mod webhooks;

pub use acme::Acme;
pub use app::{ActivePlan, App, AppError, Parts};
pub use app_config::{Advance, AppConfig, Grace, PagesAccess};
pub use attack::ForcedOffer;
pub use clock::{Clock, SystemClock, VirtualClock};
pub use data_dir::DataDir;
pub use delivery::DeliveryKey;
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use front::{Bounds, tls};
pub use guard::Times;
pub use homes::Homes;
pub use issuing::DeviceIssuer;
pub use problem::Refused;
pub use routes::router;
pub use token::Token;
pub use webhooks::{WebhookNetworks, WebhookRules};
