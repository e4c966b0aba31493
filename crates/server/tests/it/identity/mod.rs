//! Who a device is: how one comes by a token, and how a certificate takes its place.

mod certificates;
mod joining;
mod required;
