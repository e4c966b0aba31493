//! What a device wants of its owner.

use mainstay_trust::Digest;

use crate::state::{Phase, State};

/// What a device wants of the world at `now_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// To be restarted.
    Reboot,
    /// To know its self-test.
    Look,
    /// To send its reports now.
    Report,
    /// To check in.
    CheckIn,
    /// Bytes of a payload.
    Fetch {
        /// Which payload.
        payload: Digest,
        /// From this byte on.
        offset: u32,
        /// How many are left.
        left: u32,
    },
    /// Nothing before this instant, in milliseconds.
    Sleep {
        /// When to ask again.
        until_ms: u64,
    },
}

/// What is left to fetch of an admitted payload: all of it that the device keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetching {
    /// Which payload.
    pub payload: Digest,
    /// From this byte on.
    pub offset: u32,
    /// How many are left.
    pub left: u32,
}

/// What `state` wants at `now_ms`, the most urgent first.
#[must_use]
pub fn wants(state: &State, now_ms: u64) -> Want {
    if state.phase == Phase::Rebooting {
        return Want::Reboot;
    }
    if state.watch.is_some() && state.look_at_ms <= now_ms {
        return Want::Look;
    }
    if state.tell_now {
        return Want::Report;
    }
    if let Phase::Fetching {
        admitted,
        written,
        at_ms,
        ..
    } = state.phase
    {
        if at_ms > now_ms {
            return Want::Sleep { until_ms: at_ms };
        }
        let left = admitted.image_bytes().saturating_sub(written);
        return Want::Fetch {
            payload: admitted.payload_digest(),
            offset: admitted.payload_offset().saturating_add(written),
            left,
        };
    }
    if state.check_in_at_ms <= now_ms {
        // Asked once already, and nothing to write over the slot: what is in it may go on.
        if state.is_visit() && state.answered {
            return Want::Reboot;
        }
        return Want::CheckIn;
    }
    let look_at_ms = state.watch.map_or(u64::MAX, |_| state.look_at_ms);
    Want::Sleep {
        until_ms: state.check_in_at_ms.min(look_at_ms),
    }
}
