//! Single values between rows and the domain, for every back end.

use jiff::Timestamp;
use mainstay_fleet::{DeviceId, ReleaseDigest};
use mainstay_rollout::order::OrderNumber;
use mainstay_rollout::{Phase, Rollout};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;

/// Microseconds since 1970 UTC; parts of one are dropped.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(crate) fn instant(what: &'static str, micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|error| StoreError::damaged(what, error))
}

pub(crate) fn to_json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::damaged(what, error))
}

pub(crate) fn from_json<T: DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::damaged(what, error))
}

pub(crate) fn bytes32(what: &'static str, bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes
        .try_into()
        .map_err(|_| StoreError::damaged(what, "a digest isn't 32 bytes long"))
}

pub(crate) fn release_digest(
    what: &'static str,
    bytes: Option<Vec<u8>>,
) -> Result<Option<ReleaseDigest>, StoreError> {
    bytes
        .map(|bytes| bytes32(what, &bytes).map(ReleaseDigest))
        .transpose()
}

pub(crate) fn order_number(number: i64) -> Result<OrderNumber, StoreError> {
    let number = u32::try_from(number).ok().and_then(OrderNumber::new);
    number.ok_or_else(|| StoreError::damaged("order", "its number isn't one"))
}

pub(crate) fn device_id(text: String) -> Result<DeviceId, StoreError> {
    DeviceId::new(text).map_err(|error| StoreError::damaged("device", error))
}

/// Databases have no unsigned numbers. Generations count up from 1 and never get near the bound.
pub(crate) fn generation(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The phase by name, as its JSON has it; but for one of its own before a rollout begins, which servers of the version before don't look
/// for: they take no step of it.
pub(crate) fn phase(rollout: &Rollout) -> &'static str {
    match rollout.phase {
        Phase::Rolling { .. } | Phase::AwaitsHuman { .. } if rollout.is_starting() => "starting",
        Phase::Rolling { .. } => "rolling",
        Phase::AwaitsHuman { .. } => "awaits-human",
        Phase::Halted { .. } => "halted",
        Phase::Complete { .. } => "complete",
        Phase::Withdrawn { .. } => "withdrawn",
    }
}
