//! Which device each query means.

use super::{known, now, silent};
use crate::query::Query;

/// Query, whether it means the known device, whether it means the silent one.
const CASES: &[(&str, bool, bool)] = &[
    // Texts, each field once.
    (r#"id = "th-0042""#, true, false),
    (r#"id ~ "th-00*""#, true, true),
    (r#"id ~ "th-0??2""#, true, false),
    (r#"class = "thermo-v2""#, true, true),
    (r#"class = "thermo""#, false, false),
    (r#"hardware = "B""#, true, true),
    (r#"hardware = "b""#, false, false),
    (r#"hardware != "C""#, true, true),
    (
        r#"zone in ("America/Denver", "America/Phoenix")"#,
        true,
        true,
    ),
    (r#"zone in ("America/Phoenix")"#, false, false),
    (r#"zone ~ "America/*""#, true, true),
    (r#"site = "store-7""#, true, false),
    (r#"site ~ "store-*""#, true, false),
    (r#"attributes.floor = "3""#, true, false),
    (r#"attributes.site = "store-7""#, true, false),
    (r#"attributes.note = "a \"b\" \\""#, true, false),
    (
        r#"release = "abababababababababababababababababababababababababababababababab""#,
        true,
        false,
    ),
    (r#"release ~ "abab*""#, true, false),
    // Versions are compared as versions.
    ("bootloader >= 1.4.0", true, false),
    ("bootloader < 1.9.0", false, false),
    ("bootloader = 1.10.0", true, false),
    ("running < 1.1.0", true, false),
    ("running = 1.1.0", false, false),
    ("running = 1.1.0-rc.2", true, false),
    ("running > 1.1.0-rc.1", true, false),
    ("running <= 1.1.0-rc.2", true, false),
    ("running in (1.0.0, 1.1.0-rc.2)", true, false),
    // Flags.
    ("verified = true", true, false),
    ("verified != true", false, false),
    ("verified = false", false, false),
    // Moments: an earlier one is less.
    ("last_seen > 2h ago", true, false),
    ("last_seen < 59m ago", true, false),
    ("last_seen < 7d ago", false, false),
    ("registered < 4w ago", true, true),
    ("registered >= 2026-10-27", true, true),
    ("registered >= 2026-10-28", false, false),
    ("registered <= 2026-10-27T12:00:00Z", true, true),
    ("registered < 2026-10-27T12:00:00Z", false, false),
    // What isn't known compares with nothing, `!=` too; `not` turns any answer around.
    (r#"site != "store-9""#, true, false),
    (r#"not site = "store-7""#, false, true),
    (r#"not site != "store-7""#, true, true),
    ("bootloader != 1.4.0", true, false),
    ("last_seen <= 0m ago", true, false),
    ("has site", true, false),
    ("has attributes.floor", true, false),
    ("has attributes.roof", false, false),
    ("has running", true, false),
    ("has bootloader", true, false),
    ("has id", true, true),
    ("not has last_seen", false, true),
    // `not` binds tightest, then `and`, then `or`.
    (r#"has id or has id and hardware = "C""#, true, true),
    (r#"(has id or has id) and hardware = "C""#, false, false),
    ("not has running and has id", false, true),
    ("not (has running and has id)", false, true),
    ("not not has site", true, false),
    // White space is free.
    ("  hardware\n=\t\"B\"  and(has id)  ", true, true),
];

#[test]
fn each_query_means_the_devices_it_says() {
    for (text, means_known, means_silent) in CASES {
        let query = Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(query.matches(&known(), now()), *means_known, "{text}");
        assert_eq!(query.matches(&silent(), now()), *means_silent, "{text}");
    }
}

/// A query, and how it is shown.
#[test]
fn the_canonical_form_has_no_needless_sign() {
    for (text, expected) in [
        ("((has id))", "has id"),
        (
            "has id and (has zone and has site)",
            "has id and has zone and has site",
        ),
        (
            "has id or (has zone and has site)",
            "has id or has zone and has site",
        ),
        (
            "has id and (has zone or has site)",
            "has id and (has zone or has site)",
        ),
        ("not (has id)", "not has id"),
        ("not (has id or has zone)", "not (has id or has zone)"),
        ("registered<2026-11-01", "registered < 2026-11-01T00:00:00Z"),
        ("running in(1.0.0,1.1.0)", "running in (1.0.0, 1.1.0)"),
        ("last_seen < 007d ago", "last_seen < 7d ago"),
    ] {
        let query = Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(query.to_string(), expected);
        assert_eq!(expected.parse(), Ok(query), "{text}");
    }
}
