//! The power: when it goes away, and how much of an operation is done by then.

use crate::flash::FlashError;

/// How the power goes away at an operation (a write or an erase).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Just before it: nothing happens.
    Before,
    /// Within it: so many thousandths of its bytes are done, and the rest is as it was.
    Torn {
        /// Thousandths.
        permille: u32,
    },
    /// Within it: so many of its first bytes are done, and the rest is as it was.
    TornAt {
        /// Bytes; none or all of them if there are fewer.
        bytes: u32,
    },
    /// Within it, while cells were on their way: some bits read unstably until their page is erased.
    ///
    /// Of a write, the units before that of this byte are done. Of an erase, the first half of the numbers
    /// stands for the phase that clears, the second half for the phase that sets.
    Weak {
        /// How far it had come, in bytes; taken modulo the operation's length.
        bytes: u32,
    },
    /// Just after it: it is done, but nobody is told.
    After,
}

/// How much of an operation is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Nothing,
    /// So many bytes.
    Prefix(usize),
    /// So many bytes, and cells between levels behind them.
    Weak(usize),
    All,
}

/// The power of one part.
#[derive(Debug, Clone, Default)]
pub(super) struct Power {
    operations: u64,
    cut: Option<(u64, Cut)>,
    dark: bool,
}

impl Power {
    pub fn operations(&self) -> u64 {
        self.operations
    }

    pub fn is_dark(&self) -> bool {
        self.dark
    }

    pub fn cut_at(&mut self, index: u64, cut: Cut) {
        self.cut = Some((self.operations.saturating_add(index), cut));
    }

    pub fn restore(&mut self) {
        self.cut = None;
        self.dark = false;
    }

    pub fn check(&self) -> Result<(), FlashError> {
        match self.dark {
            true => Err(FlashError::PowerLost),
            false => Ok(()),
        }
    }

    /// How much of the next operation over `length` bytes is done, and whether the power stays.
    pub fn begin(&mut self, length: usize) -> (Extent, Result<(), FlashError>) {
        let index = self.operations;
        self.operations += 1;
        let Some((_, cut)) = self.cut.filter(|(at, _)| *at == index) else {
            return (Extent::All, Ok(()));
        };
        self.dark = true;
        (extent(cut, length), Err(FlashError::PowerLost))
    }
}

fn extent(cut: Cut, length: usize) -> Extent {
    match cut {
        Cut::Before => Extent::Nothing,
        Cut::Torn { permille } => prefix(length * permille.min(1000) as usize / 1000, length),
        Cut::TornAt { bytes } => prefix(bytes as usize, length),
        Cut::Weak { bytes } => Extent::Weak(bytes as usize % length.max(1)),
        Cut::After => Extent::All,
    }
}

fn prefix(bytes: usize, length: usize) -> Extent {
    match bytes {
        0 => Extent::Nothing,
        some if some >= length => Extent::All,
        some => Extent::Prefix(some),
    }
}
