//! A Cortex-M0 in QEMU, and the real `smpclient` at the other end of its serial line.

mod bench;
mod first_words;
mod guide;
mod stops;
mod updates;
