//! The numbers of orders.

use core::fmt;
use core::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// An order's number: 1 to 2,147,483,647. Clients keep it in a signed integer of 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct OrderNumber(NonZeroU32);

/// A number that no order can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} can't be the number of an order: 1 to {max}", max = i32::MAX)]
pub struct NotAnOrder(u32);

impl OrderNumber {
    /// The number, if an order can have it.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        let fits = i32::try_from(number).is_ok();
        NonZeroU32::new(number).filter(|_| fits).map(Self)
    }

    /// The number in a path: decimal digits without a sign or leading zeros.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() <= 10 && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|_| plain);
        number
            .and_then(Self::new)
            .filter(|_| !text.starts_with('0'))
    }

    /// As a plain number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u32> for OrderNumber {
    type Error = NotAnOrder;

    fn try_from(number: u32) -> Result<Self, NotAnOrder> {
        Self::new(number).ok_or(NotAnOrder(number))
    }
}

impl From<OrderNumber> for u32 {
    fn from(number: OrderNumber) -> Self {
        number.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_fits_a_signed_integer_and_is_never_zero() {
        for (text, good) in [
            ("1", true),
            ("1000001", true),
            ("2147483647", true),
            ("2147483648", false),
            ("4294967297", false),
            ("99999999999999999999", false),
            ("0", false),
            ("01", false),
            ("+1", false),
            ("-1", false),
            ("", false),
            ("1 ", false),
        ] {
            let found = OrderNumber::parse(text);
            assert_eq!(found.is_some(), good, "{text:?}");
            assert!(found.is_none_or(|number| number.to_string() == text));
        }
        assert!(serde_json::from_str::<OrderNumber>("0").is_err());
    }
}
