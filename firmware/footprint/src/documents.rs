//! The golden documents of `fixtures/good/trust`. Every program holds all of them, so they cancel out of
//! the differences.

use core::hint::black_box;

/// A root, signed.
pub fn root() -> &'static [u8] {
    black_box(include_bytes!(concat!(env!("OUT_DIR"), "/root.bin")))
}

/// A release under that root.
pub fn envelope() -> &'static [u8] {
    black_box(include_bytes!(concat!(env!("OUT_DIR"), "/envelope.bin")))
}

/// A status under that root.
pub fn status() -> &'static [u8] {
    black_box(include_bytes!(concat!(env!("OUT_DIR"), "/status.bin")))
}

/// Keeps all of them in the image.
pub fn keep() {
    root();
    envelope();
    status();
}
