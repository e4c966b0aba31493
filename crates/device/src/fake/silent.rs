//! What a part can do wrong without saying so. At most one such fault is planned for a run.

/// A fault that nobody is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SilentFault {
    /// From then on a bit reads as `set`, whatever is written or erased.
    StuckBit {
        /// Address of its byte.
        address: u32,
        /// Which bit of the byte, 0 to 7.
        bit: u8,
        /// What it reads as.
        set: bool,
    },
    /// That operation does nothing, and reports success.
    Lost,
}

/// The fault of one part, if it has one.
#[derive(Debug, Clone, Default)]
pub(super) struct Silence {
    planned: Option<(u64, SilentFault)>,
    has_begun: bool,
}

impl Silence {
    pub fn plan(&mut self, index: u64, fault: SilentFault) {
        self.planned = Some((index, fault));
        self.has_begun = false;
    }

    /// Notes that an operation begins; whether it is lost.
    pub fn begin(&mut self, index: u64) -> bool {
        let Some((at, fault)) = self.planned else {
            return false;
        };
        self.has_begun |= index >= at;
        index == at && fault == SilentFault::Lost
    }

    /// Makes a stuck bit read as it does.
    pub fn disturb(&self, address: u32, bytes: &mut [u8]) {
        let Some((
            _,
            SilentFault::StuckBit {
                address: stuck,
                bit,
                set,
            },
        )) = self.planned.filter(|_| self.has_begun)
        else {
            return;
        };
        let index = stuck.checked_sub(address).map(|index| index as usize);
        if let Some(byte) = index.and_then(|index| bytes.get_mut(index)) {
            let mask = 1 << (bit & 7);
            *byte = if set { *byte | mask } else { *byte & !mask };
        }
    }
}
