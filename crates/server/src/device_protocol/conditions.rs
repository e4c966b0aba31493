//! What a request says of bytes that its client has already, and what follows for what it is sent (RFC 9110, section 13).
//!
//! It never decides who may have them. Read [`Validators`], then [`Validators::judge`].

use axum::http::header::{
    IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use mainstay_trust::Digest;

/// By what a client tells whether bytes that it has are these.
#[derive(Debug, Clone)]
pub(crate) struct Validators {
    etag: String,
    modified: Option<Timestamp>,
}

/// What becomes of a request, by what it says of bytes that its client has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is answered as if it had said nothing.
    Send,
    /// Its client has these bytes: 304.
    Unchanged,
    /// Its client wants other bytes than these, or none: 412.
    Failed,
}

impl Validators {
    /// Of a payload with this digest. That is its `ETag`, a strong one: equal digests are equal bytes (section 8.8.3).
    pub fn of(image: &Digest) -> Self {
        Self {
            etag: format!("\"{image}\""),
            modified: None,
        }
    }

    /// The same, of bytes that are what they are since `at`, in whole seconds: HTTP knows no smaller ones.
    pub fn since(self, at: Timestamp) -> Self {
        Self {
            modified: Timestamp::from_second(at.as_second()).ok(),
            ..self
        }
    }

    /// The `ETag`.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// `Last-Modified`, if it is known.
    pub fn last_modified(&self) -> Option<String> {
        let printed = DateTimePrinter::new().timestamp_to_rfc9110_string(&self.modified?);
        printed.ok()
    }

    /// What becomes of a request with these headers, in the order of section 13.2.2. An instant that can't be read is none.
    pub(super) fn judge(&self, headers: &HeaderMap) -> Verdict {
        let is_expected = match names(headers, IF_MATCH, |tag| tag == self.etag) {
            Some(is_named) => is_named,
            None => self.came_after(headers, IF_UNMODIFIED_SINCE) != Some(true),
        };
        let is_known = match known(headers, &self.etag) {
            Some(is_named) => is_named,
            None => self.came_after(headers, IF_MODIFIED_SINCE) == Some(false),
        };
        match (is_expected, is_known) {
            (false, _) => Verdict::Failed,
            (true, true) => Verdict::Unchanged,
            (true, false) => Verdict::Send,
        }
    }

    /// The range to honour: none when `If-Range` names other bytes (section 13.1.5). An instant there must be the one that was told, to the letter.
    pub(super) fn wanted_range<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let is_same = headers
            .get(IF_RANGE)
            .is_none_or(|value| self.are_named_by(value));
        let range = headers.get(RANGE).filter(|_| is_same)?;
        range.to_str().ok()
    }

    fn are_named_by(&self, named: &HeaderValue) -> bool {
        let modified = self.last_modified();
        let is_instant = |at: String| named.as_bytes() == at.as_bytes();
        named.as_bytes() == self.etag.as_bytes() || modified.is_some_and(is_instant)
    }

    /// Whether these bytes are newer than the instant of a header; none if one of the two isn't known.
    fn came_after(&self, headers: &HeaderMap, name: HeaderName) -> Option<bool> {
        let since = headers.get(name)?;
        let since = DateTimeParser::new().parse_timestamp(since.as_bytes());
        Some(self.modified? > since.ok()?)
    }
}

/// Whether who asks has what has this tag already (section 13.1.2), weak or strong.
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    known(headers, etag).unwrap_or(false)
}

fn known(headers: &HeaderMap, etag: &str) -> Option<bool> {
    let is_it = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag) == etag;
    names(headers, IF_NONE_MATCH, is_it)
}

/// Whether a header names one of the tags that are meant, or any; none if it isn't there.
fn names(headers: &HeaderMap, name: HeaderName, is_it: impl Fn(&str) -> bool) -> Option<bool> {
    if !headers.contains_key(&name) {
        return None;
    }
    let lists = headers.get_all(name);
    let lists = lists.iter().filter_map(|list| list.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    Some(tags.any(|tag| tag == "*" || is_it(tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that are what they are since 2026-11-28 16:12:50.
    fn validators() -> Validators {
        let at = "2026-11-28T16:12:50.999Z".parse().expect("an instant");
        Validators::of(&Digest([7; 32])).since(at)
    }

    fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
        let line = |(name, value): &(HeaderName, &str)| {
            let value = value.replace("TAG", validators().etag());
            (name.clone(), HeaderValue::from_str(&value).expect("plain"))
        };
        lines.iter().map(line).collect()
    }

    const BEFORE: &str = "Sat, 28 Nov 2026 16:12:49 GMT";
    const THEN: &str = "Sat, 28 Nov 2026 16:12:50 GMT";
    const AFTER: &str = "Sat, 28 Nov 2026 16:12:51 GMT";

    #[test]
    fn conditions_are_judged_as_the_rfc_says() {
        use Verdict::{Failed, Send, Unchanged};
        for (lines, expected) in [
            (&[(IF_NONE_MATCH, "TAG")][..], Unchanged),
            (&[], Send),
            (&[(IF_NONE_MATCH, "W/TAG")], Unchanged),
            (&[(IF_NONE_MATCH, "\"a,b\" , TAG")], Unchanged),
            (&[(IF_NONE_MATCH, "*")], Unchanged),
            (&[(IF_NONE_MATCH, "\"other\"")], Send),
            (&[(IF_NONE_MATCH, "")], Send),
            (&[(IF_MATCH, "TAG")], Send),
            (&[(IF_MATCH, "*")], Send),
            (&[(IF_MATCH, "\"other\", TAG")], Send),
            (&[(IF_MATCH, "\"other\"")], Failed),
            (&[(IF_MATCH, "")], Failed),
            // A weak tag is none that bytes are put together by.
            (&[(IF_MATCH, "W/TAG")], Failed),
            (&[(IF_MODIFIED_SINCE, BEFORE)], Send),
            (&[(IF_MODIFIED_SINCE, THEN)], Unchanged),
            (&[(IF_MODIFIED_SINCE, AFTER)], Unchanged),
            (&[(IF_MODIFIED_SINCE, "yesterday")], Send),
            (&[(IF_UNMODIFIED_SINCE, BEFORE)], Failed),
            (&[(IF_UNMODIFIED_SINCE, THEN)], Send),
            (&[(IF_UNMODIFIED_SINCE, "yesterday")], Send),
            // A tag says more than an instant.
            (
                &[(IF_NONE_MATCH, "\"other\""), (IF_MODIFIED_SINCE, THEN)],
                Send,
            ),
            (&[(IF_MATCH, "TAG"), (IF_UNMODIFIED_SINCE, BEFORE)], Send),
            (&[(IF_MATCH, "\"other\""), (IF_NONE_MATCH, "TAG")], Failed),
            (&[(IF_MATCH, "TAG"), (IF_NONE_MATCH, "TAG")], Unchanged),
        ] {
            let verdict = validators().judge(&headers(lines));
            assert_eq!(verdict, expected, "{lines:?}");
        }
    }

    #[test]
    fn of_several_lines_each_counts() {
        let mut headers = headers(&[(IF_NONE_MATCH, "\"other\"")]);
        let etag = HeaderValue::from_str(validators().etag()).expect("plain");
        headers.append(IF_NONE_MATCH, etag);
        assert_eq!(validators().judge(&headers), Verdict::Unchanged);
    }

    #[test]
    fn what_nobody_dated_is_compared_with_no_instant() {
        let undated = Validators::of(&Digest([7; 32]));
        assert_eq!(undated.last_modified(), None);
        for name in [IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE] {
            let headers = headers(&[(name, BEFORE)]);
            assert_eq!(undated.judge(&headers), Verdict::Send);
        }
        let range = headers(&[(RANGE, "bytes=5-"), (IF_RANGE, THEN)]);
        assert_eq!(undated.wanted_range(&range), None);
    }

    #[test]
    fn a_range_of_other_bytes_is_none() {
        assert_eq!(validators().last_modified().as_deref(), Some(THEN));
        for (if_range, is_heeded) in [
            (None, true),
            (Some("TAG"), true),
            (Some("W/TAG"), false),
            (Some("\"other\""), false),
            (Some(THEN), true),
            (Some(AFTER), false),
        ] {
            let range = (RANGE, "bytes=5-");
            let lines: Vec<_> = [range]
                .into_iter()
                .chain(if_range.map(|value| (IF_RANGE, value)))
                .collect();
            let headers = headers(&lines);
            let wanted = validators().wanted_range(&headers);
            assert_eq!(wanted, is_heeded.then_some("bytes=5-"), "{if_range:?}");
        }
    }
}
