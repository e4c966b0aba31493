//! How long a device takes from an offer to its word that it is well. Read [`Pace`].

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// How long a device takes. It is declared: a server doesn't know the lines of its devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// The size of what it downloads.
    pub image_bytes: u64,
    /// How many bytes it downloads in a second; 0 counts as 1.
    pub bytes_per_second: u64,
    /// From the last byte to the first boot of the new image.
    pub restart: SignedDuration,
    /// From that boot to the device's word that it keeps the image.
    pub confirm: SignedDuration,
}

impl Pace {
    /// How long the download takes, to the millisecond, rounded up.
    #[must_use]
    pub fn download(&self) -> SignedDuration {
        let ms = u128::from(self.image_bytes) * 1000;
        let ms = ms.div_ceil(u128::from(self.bytes_per_second.max(1)));
        // A download of more than ages is as good as one of ages.
        SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX).min(AGES_MS))
    }
}

/// A thousand years: so far may any moment of a preview lie ahead, and still be an instant.
const AGES_MS: i64 = 1000 * 365 * 24 * 3600 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_takes_its_bytes_over_its_line() {
        for (image_bytes, bytes_per_second, ms) in [
            (0, 10, 0),
            (10, 10, 1000),
            (1, 3, 334),
            (5, 0, 5000),
            (u64::MAX, 1, AGES_MS),
        ] {
            let pace = Pace {
                image_bytes,
                bytes_per_second,
                restart: SignedDuration::ZERO,
                confirm: SignedDuration::ZERO,
            };
            let taken = pace.download().as_millis();
            assert_eq!(taken, i128::from(ms), "{image_bytes} / {bytes_per_second}");
        }
    }
}
