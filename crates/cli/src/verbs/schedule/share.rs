//! A share of devices, as people write it: a percentage with at most two decimals.

use std::fmt;
use std::str::FromStr;

use mainstay_trust::schedule::SHARE_WHOLE;

/// How many of 10,000 devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(pub u16);

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(text).ok_or_else(|| "write a share of 0 % to 100 %, such as '2.5 %'".to_owned())
    }
}

fn parse(text: &str) -> Option<Share> {
    let number = text.strip_suffix('%')?.trim_end_matches(' ');
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 2 {
        return None;
    }
    let hundredths: u16 = format!("{decimals:0<2}").parse().ok()?;
    let share = whole
        .parse::<u16>()
        .ok()?
        .checked_mul(100)?
        .checked_add(hundredths)?;
    (share <= SHARE_WHOLE).then_some(Share(share))
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole} %"),
            (whole, part) => write!(f, "{whole}.{part:02} %"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_hundredths_of_a_percent() {
        for (text, expected) in [
            ("0%", Some(0)),
            ("10 %", Some(1_000)),
            ("10%", Some(1_000)),
            ("2.5 %", Some(250)),
            ("0.01 %", Some(1)),
            ("100 %", Some(10_000)),
            ("100.01 %", None),
            ("101 %", None),
            ("99999 %", None),
            ("2.555 %", None),
            ("2. %", None),
            (".5 %", None),
            ("-1 %", None),
            ("+1 %", None),
            ("10", None),
            ("%", None),
            ("", None),
        ] {
            let found = text.parse::<Share>().ok().map(|share| share.0);
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn every_share_reads_back() {
        for share in 0..=SHARE_WHOLE {
            assert_eq!(Share(share).to_string().parse(), Ok(Share(share)));
        }
    }
}
