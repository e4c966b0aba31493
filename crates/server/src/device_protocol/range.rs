//! One byte range of a download (RFC 9110, section 14): enough to resume after a cut.
//!
//! Several ranges in one request are never answered: no device of ours asks for them, and they are
//! a known way to make a server work hard. Read [`Part`] first.

/// What of a payload to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it: no range was asked for, or one that RFC 9110, section 14.2, lets us ignore.
    Whole,
    /// Bytes `first` to `last`, both included.
    Bytes {
        /// Offset of the first byte.
        first: u64,
        /// Offset of the last byte.
        last: u64,
    },
    /// The range begins past the end, or is empty: 416.
    Unsatisfiable,
}

/// Reads a `Range` header for a payload of `len` bytes.
///
/// A unit other than bytes, several ranges, or a malformed one counts as no range at all
/// (RFC 9110, section 14.2: a server may ignore the field).
pub fn part(header: Option<&str>, len: u64) -> Part {
    let Some((first, last)) = header.and_then(single) else {
        return Part::Whole;
    };
    match (number(first), number(last)) {
        (Some(first), _) if last.is_empty() => within(first, u64::MAX, len),
        (Some(first), Some(last)) if first <= last => within(first, last, len),
        (None, Some(0)) if first.is_empty() => Part::Unsatisfiable,
        (None, Some(suffix)) if first.is_empty() => {
            within(len.saturating_sub(suffix), u64::MAX, len)
        }
        _ => Part::Whole,
    }
}

/// The two ends of the only range, as text; none when there are several or the unit isn't bytes.
fn single(header: &str) -> Option<(&str, &str)> {
    let (unit, ranges) = header.split_once('=')?;
    let ends = ranges.trim().split_once('-')?;
    (unit.trim().eq_ignore_ascii_case("bytes") && !ranges.contains(',')).then_some(ends)
}

/// A position: decimal digits and nothing else (`u64::from_str` alone would take a plus sign).
fn number(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

fn within(first: u64, last: u64, len: u64) -> Part {
    if first >= len {
        return Part::Unsatisfiable;
    }
    Part::Bytes {
        first,
        last: last.min(len - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_read_as_the_rfc_says() {
        let bytes = |first, last| Part::Bytes { first, last };
        let cases = [
            (None, 100, Part::Whole),
            (Some("bytes=0-"), 100, bytes(0, 99)),
            (Some("bytes=40-"), 100, bytes(40, 99)),
            (Some("bytes=40-49"), 100, bytes(40, 49)),
            (Some("Bytes=40-4000"), 100, bytes(40, 99)),
            (Some("bytes=-10"), 100, bytes(90, 99)),
            (Some("bytes=-1000"), 100, bytes(0, 99)),
            (Some("bytes=100-"), 100, Part::Unsatisfiable),
            (Some("bytes=-0"), 100, Part::Unsatisfiable),
            (Some("bytes=0-"), 0, Part::Unsatisfiable),
            (Some("bytes=9-3"), 100, Part::Whole),
            (Some("bytes=0-1,5-6"), 100, Part::Whole),
            (Some("bytes=+1-5"), 100, Part::Whole),
            (Some("bytes=-"), 100, Part::Whole),
            (Some("bytes=x"), 100, Part::Whole),
            (Some("items=0-1"), 100, Part::Whole),
            (Some("bytes=99999999999999999999-"), 100, Part::Whole),
        ];
        for (header, len, expected) in cases {
            assert_eq!(part(header, len), expected, "{header:?} of {len}");
        }
    }
}
