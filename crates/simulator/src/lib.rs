//! The real device core against the real server, many at once, in virtual or real time.
//!
//! Simulated are: the flash, the self-test (declared by image digest), the luck of the network and the power,
//! and the clock. Real are: the device core, HTTP, the server, its database, every signature.
//!
//! Read [`crowd::Crowd`] for the devices, [`demo`] for the demonstration, [`desk`] for one device in
//! somebody's hands.

pub mod agenda;
pub mod behaviour;
mod body;
pub mod crowd;
pub mod demo;
pub mod desk;
pub mod dice;
pub mod link;
pub mod model;
pub mod population;
pub mod real_time;
pub mod simulated_device;
mod slip;
mod stick;
pub mod weather;

pub use behaviour::{Behaviour, Behaviours};
pub use body::Region;
pub use crowd::Crowd;
pub use dice::Dice;
pub use link::Link;
pub use population::{Hardship, Home};
pub use simulated_device::{Circumstances, SimulatedDevice};
