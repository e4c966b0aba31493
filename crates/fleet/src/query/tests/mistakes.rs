//! What isn't a query, and what is said about it.

use crate::query::{NESTING_MAX, QUERY_BYTES_MAX, Query, TERMS_MAX};

/// Text, stable id, what is said, what to do (the beginning of it).
const CASES: &[(&str, &str, &str, &str)] = &[
    (
        "",
        "fleet.query-syntax",
        "at character 1: expected a field, `has`, `not` or `(`, found the end",
        "write it like",
    ),
    (
        r#"hardwaer = "B""#,
        "fleet.query-field",
        "at character 1: there is no field \"hardwaer\"",
        "did you mean `hardware`?",
    ),
    (
        r#"colour = "red""#,
        "fleet.query-field",
        "at character 1: there is no field \"colour\"",
        "the fields are id, class,",
    ),
    (
        "hardware = B",
        "fleet.query-value",
        "at character 12: hardware is compared with a text in double quotes, not with `B`",
        "write it like \"B\"",
    ),
    (
        r#"running = "1.1.0""#,
        "fleet.query-value",
        "at character 11: running is compared with a version of three numbers, not with the text \"1.1.0\"",
        "write it like 1.4.0",
    ),
    (
        "running = 1.1",
        "fleet.query-value",
        "at character 11: running is compared with a version of three numbers, not with `1.1`",
        "write it like 1.4.0",
    ),
    (
        "running = 1.1.0+build.7",
        "fleet.query-value",
        "at character 11: running is compared with a version of three numbers, not with `1.1.0+build.7`",
        "write it like 1.4.0",
    ),
    (
        "verified = yes",
        "fleet.query-value",
        "at character 12: verified is compared with `true` or `false`, not with `yes`",
        "write it like true",
    ),
    (
        "last_seen < 7y ago",
        "fleet.query-value",
        "at character 13: last_seen is compared with a moment, not with `7y`",
        "write it like 7d ago",
    ),
    (
        "last_seen < 7d",
        "fleet.query-syntax",
        "at character 15: expected `ago`, found the end",
        "write it like",
    ),
    (
        r#"hardware < "B""#,
        "fleet.query-operator",
        "at character 10: hardware can't be compared by `<`",
        "compare hardware by one of: = != ~ in",
    ),
    (
        "last_seen = 7d ago",
        "fleet.query-operator",
        "at character 11: last_seen can't be compared by `=`",
        "compare last_seen by one of: < <= > >=",
    ),
    (
        r#"hardware == "B""#,
        "fleet.query-value",
        "at character 11: hardware is compared with a text in double quotes, not with `=`",
        "write it like \"B\"",
    ),
    (
        r#"hardware = "B" && has site"#,
        "fleet.query-syntax",
        "at character 16: '&' is no sign of a query",
        "write `and`",
    ),
    (
        "hardware = 'B'",
        "fleet.query-syntax",
        "at character 12: '\\'' is no sign of a query",
        "put texts into double quotes",
    ),
    (
        r#"hardware = "B"#,
        "fleet.query-syntax",
        "at character 12: the text that begins here has no end",
        "end the text with a double quote",
    ),
    (
        r#"site = "a\nb""#,
        "fleet.query-syntax",
        "at character 8: '\\\\' is no sign of a query",
        "within a text write",
    ),
    (
        r#"hardware = "B" has site"#,
        "fleet.query-syntax",
        "at character 16: expected `and`, `or` or the end, found `has`",
        "write it like",
    ),
    (
        "(has site",
        "fleet.query-syntax",
        "at character 10: expected `and`, `or` or `)`, found the end",
        "write it like",
    ),
    (
        "has site and",
        "fleet.query-syntax",
        "at character 13: expected a field, `has`, `not` or `(`, found the end",
        "write it like",
    ),
    (
        "and has site",
        "fleet.query-syntax",
        "at character 1: expected a field, `has`, `not` or `(`, found `and`",
        "write it like",
    ),
    (
        "zone in ()",
        "fleet.query-value",
        "at character 10: zone is compared with a text in double quotes, not with `)`",
        "write it like \"B\"",
    ),
    (
        r#"zone in "America/Denver""#,
        "fleet.query-syntax",
        "at character 9: expected `(` and a list of values, found the text \"America/Denver\"",
        "write it like",
    ),
    (
        "has",
        "fleet.query-syntax",
        "at character 4: expected a field, found the end",
        "write it like",
    ),
    (
        "zone",
        "fleet.query-syntax",
        "at character 5: expected `in` or one of = != < <= > >= ~, found the end",
        "write it like",
    ),
    (
        "attributes. = \"3\"",
        "fleet.query-field",
        "at character 1: there is no field \"attributes.\"",
        "name an attribute by letters, digits, - and _, as in attributes.floor",
    ),
    (
        "id = \"ü\" ü",
        "fleet.query-syntax",
        "at character 10: 'ü' is no sign of a query",
        "put texts into double quotes",
    ),
];

#[test]
fn each_mistake_is_placed_and_explained() {
    for (text, id, said, cure) in CASES {
        let error = Query::parse(text).expect_err(text);
        assert_eq!(error.id(), *id, "{text}");
        assert_eq!(error.to_string(), *said, "{text}");
        assert!(error.cure().starts_with(cure), "{text}: {}", error.cure());
    }
}

#[test]
fn the_caret_stands_below_the_mistake() {
    let pointed = |text: &str| Query::parse(text).expect_err(text).pointed();
    assert_eq!(pointed("hardware = B"), "hardware = B\n           ^");
    assert_eq!(pointed("has\n\tzzz"), "has  zzz\n     ^");
    let late = format!("{}zzz", "has id and ".repeat(20));
    let shown = pointed(&late);
    assert!(
        shown.ends_with("zzz\n                                    ^"),
        "{shown}"
    );
    assert!(!pointed("id = \"\u{1b}[31m\"").contains('\u{1b}'));
}

#[test]
fn each_bound_is_where_it_says() {
    let nested = |deep: usize| format!("{}has id{}", "(".repeat(deep), ")".repeat(deep));
    let denied = |deep: usize| format!("{}has id", "not ".repeat(deep));
    let joined = |terms: usize| vec!["has id"; terms].join(" or ");
    let listed = |terms: usize| format!("id in ({})", vec!["\"a\""; terms].join(","));
    let long = |bytes: usize| format!("has id{}", " ".repeat(bytes - "has id".len()));
    for (most, more) in [
        (nested(NESTING_MAX), nested(NESTING_MAX + 1)),
        (denied(NESTING_MAX), denied(NESTING_MAX + 1)),
        (joined(TERMS_MAX), joined(TERMS_MAX + 1)),
        (listed(TERMS_MAX), listed(TERMS_MAX + 1)),
        (long(QUERY_BYTES_MAX), long(QUERY_BYTES_MAX + 1)),
    ] {
        assert!(Query::parse(&most).is_ok(), "{most}");
        let error = Query::parse(&more).expect_err(&more);
        assert_eq!(error.id(), "fleet.query-too-large", "{more}");
    }
}

/// Written with its blanks it would be too long to be read again.
#[test]
fn the_bound_is_on_the_canonical_form_too() {
    let dense = |bytes: usize| format!("id=\"{}\"", "x".repeat(bytes - "id = \"\"".len()));
    assert!(Query::parse(&dense(QUERY_BYTES_MAX)).is_ok());
    let error = Query::parse(&dense(QUERY_BYTES_MAX + 1)).expect_err("one too many");
    assert_eq!(error.id(), "fleet.query-too-large");
}

#[test]
fn a_text_of_nothing_but_openings_ends() {
    for text in ["(", "not ", "\"", "\\", "((not ", "has "] {
        let text = text.repeat(QUERY_BYTES_MAX / text.len());
        assert!(Query::parse(&text).is_err());
    }
}
