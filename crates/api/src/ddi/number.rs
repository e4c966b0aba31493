//! The number of an order, which this protocol calls an action. Read [`ActionNumber`].

use std::fmt;
use std::str::FromStr;

use mainstay_rollout::OrderNumber;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// 1 to 2^31 - 1: SWUpdate and Zephyr read it into 32 bits with a sign. In JSON it is a text, in a path decimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActionNumber(OrderNumber);

/// Not decimal digits that say 1 to 2^31 - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnActionNumber;

impl fmt::Display for NotAnActionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the number of an action is 1 to 2147483647")
    }
}

impl std::error::Error for NotAnActionNumber {}

impl ActionNumber {
    /// As a number.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl From<OrderNumber> for ActionNumber {
    fn from(number: OrderNumber) -> Self {
        Self(number)
    }
}

impl TryFrom<u32> for ActionNumber {
    type Error = NotAnActionNumber;

    fn try_from(number: u32) -> Result<Self, NotAnActionNumber> {
        OrderNumber::new(number).map(Self).ok_or(NotAnActionNumber)
    }
}

/// The one spelling: neither a sign nor leading zeros, so that two paths never name one order.
impl FromStr for ActionNumber {
    type Err = NotAnActionNumber;

    fn from_str(text: &str) -> Result<Self, NotAnActionNumber> {
        OrderNumber::parse(text).map(Self).ok_or(NotAnActionNumber)
    }
}

impl fmt::Display for ActionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for ActionNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ActionNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_and_32_bits_with_a_sign() {
        for (text, number) in [("1", Some(1)), ("2147483647", Some(2_147_483_647))] {
            assert_eq!(text.parse().ok().map(ActionNumber::get), number, "{text}");
        }
        let none = [
            "",
            "0",
            "01",
            "+1",
            "-1",
            "2147483648",
            "1a",
            " 1",
            "99999999999999999999",
        ];
        for text in none {
            assert_eq!(
                text.parse::<ActionNumber>(),
                Err(NotAnActionNumber),
                "{text}"
            );
        }
    }
}
