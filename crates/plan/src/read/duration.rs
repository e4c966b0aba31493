//! Spans of time as a plan writes them: `30m`, `4h`, `1h 30m`, `500ms`, `14d`. Read [`parse`] and [`written`].

use jiff::SignedDuration;

use crate::limits::DURATION_HOURS_MAX;

/// Why a text is no span of time that a plan may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoSpan {
    /// It isn't written like one.
    Unreadable,
    /// It is one of nothing.
    Zero,
    /// It is longer than 400 days.
    TooLong,
}

/// Reads a positive span of time of at most 400 days. A day is 24 hours.
pub(super) fn parse(text: &str) -> Result<SignedDuration, NoSpan> {
    match sum(text) {
        None => Err(NoSpan::Unreadable),
        Some(SignedDuration::ZERO) => Err(NoSpan::Zero),
        Some(span) if span > SignedDuration::from_hours(DURATION_HOURS_MAX) => Err(NoSpan::TooLong),
        Some(span) => Ok(span),
    }
}

/// A span of time as [`parse`] reads it again, in as few parts as it takes: `5h`, `2h 30m`, `7d`.
pub(crate) fn written(span: SignedDuration) -> String {
    let mut rest = span.as_millis();
    let mut parts = Vec::new();
    for (unit, millis) in [
        ("d", DAY),
        ("h", HOUR),
        ("m", MINUTE),
        ("s", SECOND),
        ("ms", 1),
    ] {
        let count = rest / i128::from(millis);
        // Nobody counts days and hours together: 26 hours are "26h".
        let is_told = count > 0 && (unit != "d" || rest % i128::from(millis) == 0);
        if is_told {
            parts.push(format!("{count}{unit}"));
            rest %= i128::from(millis);
        }
    }
    parts.join(" ")
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// What all parts of the text come to; none if it has no part.
fn sum(text: &str) -> Option<SignedDuration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut total = SignedDuration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let millis = number.checked_mul(millis_in(&rest[..letters])?)?;
        total = total.checked_add(SignedDuration::from_millis(millis))?;
        rest = rest[letters..].trim_start();
    }
    Some(total)
}

fn millis_in(unit: &str) -> Option<i64> {
    match unit {
        "ms" => Some(1),
        "s" | "sec" => Some(SECOND),
        "m" | "min" => Some(MINUTE),
        "h" => Some(HOUR),
        "d" => Some(DAY),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time() {
        let cases = [
            ("500ms", Some(500)),
            ("2s", Some(2_000)),
            ("30m", Some(1_800_000)),
            ("30 min", Some(1_800_000)),
            ("1h 30m", Some(5_400_000)),
            ("1h30m", Some(5_400_000)),
            ("14d", Some(1_209_600_000)),
            ("400d", Some(34_560_000_000)),
            ("", None),
            ("0s", None),
            ("-5m", None),
            ("5", None),
            ("m", None),
            ("5 parsecs", None),
            ("1.5h", None),
            ("401d", None),
            ("9223372036854775807d", None),
            ("99999999999999999999s", None),
            ("５m", None),
        ];
        for (text, millis) in cases {
            let expected = millis.map(SignedDuration::from_millis);
            assert_eq!(parse(text).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_span_is_told_apart() {
        for (text, expected) in [
            ("0h", NoSpan::Zero),
            ("0d 0m", NoSpan::Zero),
            ("401d", NoSpan::TooLong),
            ("", NoSpan::Unreadable),
            ("-5m", NoSpan::Unreadable),
            ("9223372036854775807d", NoSpan::Unreadable),
        ] {
            assert_eq!(parse(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn a_span_is_written_as_it_is_read() {
        for text in [
            "5h", "2h 30m", "7d", "26h", "1m 1s", "90h", "500ms", "1s 1ms",
        ] {
            let span = parse(text).expect("a span of time");
            assert_eq!(written(span), text);
        }
    }
}
