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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_what_there_is_of_its_own_image_only() {
        let stick = Stick::with(Arc::from([1, 2, 3, 4]));
        let own = RustCrypto.digest(&[1, 2, 3, 4]);
        for (image, offset, length, expected) in [
            (own, 0, 2, Some(vec![1, 2])),
            (own, 2, 9, Some(vec![3, 4])),
            (own, 9, u32::MAX, Some(vec![])),
            (Digest::ZERO, 0, 2, None),
        ] {
            assert_eq!(stick.read(&image, offset, length), expected);
        }
    }
}
