//! The image on a stick that somebody carries to a device: read as if it were fetched, without a network.

use std::sync::Arc;

use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{Digest, Primitives as _};

/// The payload of a bundle.
pub struct Stick {
    image: Digest,
    payload: Arc<[u8]>,
}

impl Stick {
    /// A stick with this image on it.
    pub fn with(payload: Arc<[u8]>) -> Self {
        let image = RustCrypto.digest(&payload);
        Self { image, payload }
    }

    /// `length` bytes from `offset`, or as many as there are; none if this is another image.
    pub fn read(&self, image: &Digest, offset: u32, length: u32) -> Option<Vec<u8>> {
        let from = (offset as usize).min(self.payload.len());
        let to = from.saturating_add(length as usize).min(self.payload.len());
        (self.image == *image).then(|| self.payload[from..to].to_vec())
    }
}
