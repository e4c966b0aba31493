//! How a device says no.
//!
//! | version | a failure of the protocol, or one with a reason | one of a group |
//! |---|---|---|
//! | 1 | `{rc, rsn}` | `{rc: 1}` |
//! | 2 | `{rc, rsn}` | `{err: {group, rc}}` |
//!
//! A reason is text for people and programs: here always a stable id, such as `trust.bundle-expired`.

use crate::GROUP_IMAGE;

/// The protocol's own codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Code {
    /// Something that has no code.
    Unknown = 1,
    /// It doesn't fit.
    NoMemory = 2,
    /// The request makes no sense.
    Invalid = 3,
    /// There is no such thing.
    NoEntry = 5,
    /// Not now.
    BadState = 6,
    /// The device doesn't know this command.
    NotSupported = 8,
    /// What came isn't what it says.
    Corrupt = 9,
    /// The device may not do that.
    AccessDenied = 11,
}

/// Codes of the group of images, as far as a device of ours has use for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum ImageFailure {
    /// There is no image in that slot.
    NoImage = 3,
    /// There is no image of that hash.
    HashNotFound = 8,
    /// The first part of an upload must say how long it is.
    InvalidLength = 21,
    /// An image is about to be tried out already.
    AlreadyPending = 28,
    /// The image is larger than a slot.
    TooLarge = 30,
    /// An image that doesn't run can't be confirmed.
    ConfirmationDenied = 32,
    /// The image that runs needn't be tried out.
    TestOfActive = 33,
}

/// An answer that says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure<'a> {
    /// By the protocol's own code, with a reason or without.
    General(Code, Option<&'a str>),
    /// By a code of a group.
    OfGroup(u16, u16),
}

impl From<ImageFailure> for Failure<'_> {
    fn from(failure: ImageFailure) -> Self {
        Self::OfGroup(GROUP_IMAGE, failure as u16)
    }
}

impl From<Code> for Failure<'_> {
    fn from(code: Code) -> Self {
        Self::General(code, None)
    }
}
