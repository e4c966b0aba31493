//! SMP as others speak it, and what holds of it whatever the bytes.

mod golden;
mod judge;
mod properties;
