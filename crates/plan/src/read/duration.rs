//! Spans of time as a plan writes them: `30m`, `4h`, `1h 30m`, `500ms`, `14d`. Read [`parse`].

use jiff::SignedDuration;

use crate::limits::DURATION_HOURS_MAX;

/// Reads a positive span of time of at most 400 days. A day is 24 hours.
pub(super) fn parse(text: &str) -> Option<SignedDuration> {
    let mut rest = text.trim();
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
    (total.is_positive() && total <= SignedDuration::from_hours(DURATION_HOURS_MAX))
        .then_some(total)
}

fn millis_in(unit: &str) -> Option<i64> {
    match unit {
        "ms" => Some(1),
        "s" | "sec" => Some(1_000),
        "m" | "min" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
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
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }
}
