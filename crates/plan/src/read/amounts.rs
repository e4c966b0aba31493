//! Readers of values that are measured: spans of time, rates, sizes, days. Read [`span`] first.

use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::Date;
use toml::Spanned;
use toml::de::DeValue;

use super::duration::{self, NoSpan};
use super::reasons::{A_SLIP, NOTHING, Reason};
use super::value::{Read, parsed, wrong};

/// A positive span of time.
pub(super) fn span(value: &Spanned<DeValue<'_>>) -> Read<SignedDuration> {
    let text = value.get_ref().as_str();
    let expected = "a span of time above zero";
    match text.map_or(Err(NoSpan::Unreadable), duration::parse) {
        Ok(span) => Ok(span),
        Err(NoSpan::Unreadable) => wrong(value, expected, "\"30m\", \"4h\" or \"14d\""),
        Err(NoSpan::Zero) => out_of_bounds(value, &NOTHING, expected, "the shortest is \"1ms\""),
        Err(NoSpan::TooLong) => {
            let expected = "a span of time of at most 400 days";
            out_of_bounds(value, &A_SLIP, expected, "the longest is \"400d\"")
        }
    }
}

/// A value that is read well enough, and that no plan may give, for a reason of its own.
fn out_of_bounds<T>(
    value: &Spanned<DeValue<'_>>,
    reason: &'static Reason,
    expected: &str,
    bound: &str,
) -> Read<T> {
    let mut wrongs = wrong(value, expected, bound);
    if let Err(wrongs) = &mut wrongs {
        for one in wrongs {
            one.reason = reason;
            bound.clone_into(&mut one.fix);
        }
    }
    wrongs
}

/// A rate in percent, above 0 and below 100: a number, or a text such as `"1 %"`.
pub(super) fn rate(value: &Spanned<DeValue<'_>>) -> Read<f64> {
    let number = match value.get_ref() {
        DeValue::String(text) => before_percent(text),
        DeValue::Integer(number) => f64::from_str(number.as_str()).ok(),
        DeValue::Float(number) => f64::from_str(number.as_str()).ok(),
        _ => None,
    };
    match number.filter(|rate| *rate > 0.0 && *rate < 100.0) {
        Some(rate) => Ok(rate),
        None => wrong(value, "a percentage above 0 and below 100", "0.5"),
    }
}

/// A whole number of percent within `range`, written `"10 %"` or `"10%"`.
pub(super) fn percent(range: RangeInclusive<u16>) -> impl Fn(&Spanned<DeValue<'_>>) -> Read<u16> {
    move |value| {
        let number = value.get_ref().as_str().and_then(before_percent);
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(number),
            None => {
                let (from, to) = (range.start(), range.end());
                wrong(
                    value,
                    &format!("a whole percentage from {from} to {to}"),
                    "\"10 %\"",
                )
            }
        }
    }
}

/// The number in front of a percent sign.
pub(super) fn before_percent<N: FromStr>(text: &str) -> Option<N> {
    text.trim().strip_suffix('%')?.trim_end().parse().ok()
}

/// A number of bytes, such as `"50 MB"` (millions) or `"64 KiB"` (times 1024).
pub(super) fn size(range: RangeInclusive<u64>) -> impl Fn(&Spanned<DeValue<'_>>) -> Read<u64> {
    let size = move |text: &str| bytes(text).filter(|bytes| range.contains(bytes));
    parsed(
        size,
        "a number of bytes with its unit, at most 12500 MB",
        "\"50 MB\"",
    )
}

fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim().find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.trim().split_at(digits);
    let factor: u64 = match unit.trim_start() {
        "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// A day: a TOML date, or a text with one.
pub(super) fn day(value: &Spanned<DeValue<'_>>) -> Read<Date> {
    let date = match value.get_ref() {
        DeValue::Datetime(date) if date.time.is_none() => Some(date.to_string()),
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    };
    match date.and_then(|text| plain_date(&text)) {
        Some(date) => Ok(date),
        None => wrong(value, "a day, with year, month and day", "2027-06-30"),
    }
}

/// Reads `2027-06-30` and nothing looser.
pub(super) fn plain_date(text: &str) -> Option<Date> {
    let is_plain = text.len() == 10 && text.bytes().all(|c| c.is_ascii_digit() || c == b'-');
    if is_plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: PartialEq + std::fmt::Debug>(
        read: impl Fn(&Spanned<DeValue<'_>>) -> Read<T>,
        toml: &str,
        expected: Option<T>,
    ) {
        let value = DeValue::parse(toml).expect("the case is TOML");
        assert_eq!(read(&value).ok(), expected, "{toml}");
    }

    #[test]
    fn sizes() {
        let all = 1..=12_500_000_000;
        for (toml, expected) in [
            ("\"50 MB\"", Some(50_000_000)),
            ("\"64KiB\"", Some(65_536)),
            ("\"1 B\"", Some(1)),
            ("\"0 B\"", None),
            ("\"50\"", None),
            ("50", None),
            ("\"50 Mb\"", None),
            ("\"99999999999 GB\"", None),
            ("\"18446744073709551616 B\"", None),
        ] {
            check(size(all.clone()), toml, expected);
        }
    }

    #[test]
    fn rates_and_percentages() {
        for (toml, expected) in [
            ("0.5", Some(0.5)),
            ("2", Some(2.0)),
            ("\"1.5 %\"", Some(1.5)),
            ("0", None),
            ("100.0", None),
            ("nan", None),
            ("inf", None),
            ("-1.0", None),
            ("\"1.5\"", None),
        ] {
            check(rate, toml, expected);
        }
        for (toml, expected) in [
            ("\"10 %\"", Some(10)),
            ("\"10%\"", Some(10)),
            ("\"101 %\"", None),
            ("10", None),
        ] {
            check(percent(1..=100), toml, expected);
        }
    }

    #[test]
    fn days_have_a_day() {
        let june = jiff::civil::date(2027, 6, 30);
        for (toml, expected) in [
            ("2027-06-30", Some(june)),
            ("\"2027-06-30\"", Some(june)),
            ("\"2027-06\"", None),
            ("\"2027-06-31\"", None),
            ("2027-06-30T01:00:00", None),
            ("\"20270630\"", None),
        ] {
            check(day, toml, expected);
        }
    }
}
