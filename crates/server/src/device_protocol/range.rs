//! Byte ranges of a download (RFC 9110, section 14): one, to resume after a cut; several, for clients that fetch differences.
//!
//! Several ranges in one request are a known way to make a server work hard. No device of ours asks for them, so they are answered only to clients
//! that are known to, and only as [`several`] bounds them. Read [`Part`] first.

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

/// So many ranges are answered in one request, at most: SWUpdate asks for 150 at once unless it is told otherwise.
pub const RANGES_MAX: usize = 256;

/// The first and last bytes of several ranges of a payload of `len` bytes, in their order; none if that isn't what the header asks for.
///
/// They must rise without overlapping, so that nothing is sent twice. Those past the end are left out (RFC 9110, section 14.1.2); if all of them are, there are
/// none.
pub fn several(header: &str, len: u64) -> Option<Vec<(u64, u64)>> {
    let (unit, ranges) = header.split_once('=')?;
    let is_bytes = unit.trim().eq_ignore_ascii_case("bytes");
    let count = ranges.split(',').take(RANGES_MAX + 1).count();
    if !is_bytes || !(2..=RANGES_MAX).contains(&count) {
        return None;
    }
    let mut parts: Vec<(u64, u64)> = Vec::with_capacity(count);
    for range in ranges.split(',') {
        match part(Some(&format!("bytes={}", range.trim())), len) {
            Part::Whole => return None,
            Part::Unsatisfiable => {}
            Part::Bytes { first, last } => {
                if parts.last().is_some_and(|(_, before)| first <= *before) {
                    return None;
                }
                parts.push((first, last));
            }
        }
    }
    (!parts.is_empty()).then_some(parts)
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
    fn several_ranges_rise_and_never_overlap() {
        let many = |count: usize| {
            let ranges: Vec<_> = (0..count).map(|n| format!("{0}-{0}", 2 * n)).collect();
            format!("bytes={}", ranges.join(","))
        };
        let cases = [
            ("bytes=0-1,5-6", Some(vec![(0, 1), (5, 6)])),
            ("Bytes=0-1, 90-,", None),
            ("bytes=0-1, 90-", Some(vec![(0, 1), (90, 99)])),
            ("bytes=0-1,200-300", Some(vec![(0, 1)])),
            ("bytes=200-300,400-", None),
            ("bytes=0-5,5-6", None),
            ("bytes=5-6,0-1", None),
            ("bytes=0-1", None),
            ("bytes=0-1,x", None),
            ("items=0-1,5-6", None),
        ];
        for (header, expected) in cases {
            assert_eq!(several(header, 100), expected, "{header}");
        }
        assert_eq!(
            several(&many(256), 1000).map(|parts| parts.len()),
            Some(256)
        );
        assert_eq!(several(&many(257), 1000), None);
    }

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
