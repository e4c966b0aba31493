//! A client at one end of the line, a device at the other, and power that goes away.

mod client;
mod refusals;
mod starts;
mod storms;
mod updates;
mod world;
