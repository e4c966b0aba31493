//! What of a payload a request asks for, by its headers, as `download.rs` answers it. Read [`Asked`].

use axum::http::HeaderMap;
use mainstay_fleet::Ranges;

use super::conditions::Validators;
use super::range::{Part, part, several};

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Its first byte; none if it asks for none that is there.
    pub begins_at: Option<u64>,
    /// How many bytes it asks for, if they are one part of the payload that ends with the last one: the whole, what is left of it for whoever goes on, or half
    /// of it at least. A client that installs while it reads looks at the end first, and names both ends of what it wants: that is none of these.
    pub up_to_the_end: Option<u64>,
}

impl Asked {
    /// No byte that is there.
    pub const NOTHING: Self = Self {
        begins_at: None,
        up_to_the_end: None,
    };

    /// Of a payload with these validators and `len` bytes, by a client that is sent so many ranges at once.
    pub fn of(headers: &HeaderMap, of: &Validators, len: u64, ranges: Ranges) -> Self {
        let range = of.wanted_range(headers);
        if ranges == Ranges::Several
            && let Some(parts) = range.and_then(|range| several(range, len))
        {
            return Self {
                begins_at: parts.first().map(|(first, _)| *first),
                up_to_the_end: None,
            };
        }
        match part(range, len) {
            Part::Whole => Self {
                begins_at: Some(0),
                up_to_the_end: Some(len),
            },
            Part::Bytes { first, last } => Self {
                begins_at: Some(first),
                up_to_the_end: (last + 1 == len).then(|| rest(range, len, first)).flatten(),
            },
            Part::Unsatisfiable => Self::NOTHING,
        }
    }
}

/// How many bytes follow from `first` on, if they are what is left for whoever goes on, or half of the payload.
fn rest(range: Option<&str>, len: u64, first: u64) -> Option<u64> {
    let bytes = len - first;
    let is_rest = range.is_some_and(|range| range.trim_end().ends_with('-'));
    (is_rest || bytes >= len - bytes).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::http::header::{IF_RANGE, RANGE};
    use mainstay_trust::Digest;

    use super::*;

    #[test]
    fn what_is_asked_for_is_what_is_sent() {
        let tag = Validators::of(&Digest([7; 32]));
        let asked = |range: Option<&str>, if_range: Option<&str>, ranges| {
            let mut headers = HeaderMap::new();
            for (name, value) in [(RANGE, range), (IF_RANGE, if_range)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_str(value).expect("plain"));
                }
            }
            let asked = Asked::of(&headers, &tag, 100, ranges);
            (asked.begins_at, asked.up_to_the_end)
        };
        let other = Some("\"other\"");
        for (range, if_range, expected) in [
            (None, None, (Some(0), Some(100))),
            (Some("bytes=40-"), None, (Some(40), Some(60))),
            (Some("bytes=40-99"), None, (Some(40), Some(60))),
            (Some("bytes=90-"), None, (Some(90), Some(10))),
            (Some("bytes=90-99"), None, (Some(90), None)),
            (Some("bytes=-10"), None, (Some(90), None)),
            (Some("bytes=0-9"), None, (Some(0), None)),
            (Some("bytes=100-"), None, (None, None)),
            (Some("bytes=40-"), Some(tag.etag()), (Some(40), Some(60))),
            // Who has other bytes is sent all of these.
            (Some("bytes=40-"), other, (Some(0), Some(100))),
            (Some("bytes=100-"), other, (Some(0), Some(100))),
        ] {
            for ranges in [Ranges::One, Ranges::Several] {
                let found = asked(range, if_range, ranges);
                assert_eq!(found, expected, "{range:?} {if_range:?}");
            }
        }
        let whole = (Some(0), Some(100));
        for (range, if_range, expected) in [
            ("bytes=10-19,30-39", None, (Some(10), None)),
            ("bytes=10-19,30-39", other, whole),
            // What isn't sent in parts is sent whole.
            ("bytes=30-39,10-19", None, whole),
        ] {
            let several = asked(Some(range), if_range, Ranges::Several);
            assert_eq!(several, expected, "{range}");
            assert_eq!(asked(Some(range), if_range, Ranges::One), whole);
        }
    }
}
