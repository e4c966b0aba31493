//! The security counter: below which image a boot loader with rollback protection never goes back.
//!
//! It stands in a protected TLV (`IMAGE_TLV_SEC_CNT`, 32 bits). See [`counter_from_floor`].

/// The security floor is too high for MCUboot's counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the security floor {0} doesn't fit MCUboot's security counter of 32 bits")]
pub struct CounterError(pub u64);

impl CounterError {
    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        "mcuboot.security-counter"
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        "Choose the counter by hand with --security-counter: one more than the last, or the same."
    }
}

/// The security counter of a release that has this security floor.
///
/// A boot loader with rollback protection keeps the highest counter that it has confirmed, and never
/// again boots an image with a lower one. If the counter rose with every release, as its sequence
/// does, no release could be returned to, whatever `returns_to` says and two people signed. So it
/// follows the floor, which rises only when going back is to be forbidden.
pub fn counter_from_floor(security_floor: u64) -> Result<u32, CounterError> {
    u32::try_from(security_floor).map_err(|_| CounterError(security_floor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_the_floor_while_it_fits() {
        assert_eq!(counter_from_floor(0), Ok(0));
        assert_eq!(counter_from_floor(u32::MAX.into()), Ok(u32::MAX));
        assert_eq!(counter_from_floor(1 << 32), Err(CounterError(1 << 32)));
    }
}
