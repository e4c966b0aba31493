//! Texts that people and programs hand in: plans, queries, class names, key files, the `Range` header.

use mainstay_artifact::ClassName;
use mainstay_artifact::signer::FakeSigner;
use mainstay_fleet::Query;
use mainstay_fleet::query::QUERY_BYTES_MAX;
use mainstay_keys::{PublicHalf, file};
use mainstay_plan::{FleetFacts, check, parse, render, starting_plan};

use crate::Target;
use crate::range::{Part, RANGES_MAX, part, several};

pub(crate) const CLASS_NAME: Target = Target {
    name: "class_name",
    bytes_max: 600,
    check: |bytes| {
        if let Some(name) = text(bytes).and_then(|text| ClassName::parse(text).ok()) {
            assert_eq!(
                name.to_string().as_bytes(),
                bytes,
                "a second spelling of a class"
            );
            name.class_id();
        }
    },
    seeds: |_| vec![b"northwind.example/production/thermo-v2/B+C".to_vec()],
};

pub(crate) const PLAN: Target = Target {
    name: "plan",
    bytes_max: 8 * 1024,
    check: |bytes| {
        if let Some(text) = text(bytes) {
            check_plan(text);
        }
    },
    seeds: |fixtures| {
        let mut seeds = fixtures.ending(".toml");
        seeds.push(starting_plan().as_bytes().to_vec());
        seeds
    },
};

pub(crate) const QUERY: Target = Target {
    name: "query",
    bytes_max: QUERY_BYTES_MAX + 100,
    check: |bytes| {
        if let Some(text) = text(bytes) {
            check_query(text);
        }
    },
    seeds: |_| {
        [
            r#"hardware = "B" and not (running = 1.1.0 or site ~ "store-*")"#,
            r#"zone in ("America/Denver", "a\"b\\") or last_seen < 7d ago"#,
            "registered >= 2026-11-01T08:00:00Z and verified != true",
        ]
        .map(|query| query.into())
        .into()
    },
};

pub(crate) const PUBLIC_HALF: Target = Target {
    name: "public_half",
    bytes_max: 1024,
    check: |bytes| {
        if let Some(half) = text(bytes).and_then(|text| PublicHalf::parse(text).ok()) {
            assert_eq!(
                PublicHalf::parse(&half.to_text()),
                Ok(half),
                "written again, it differs"
            );
        }
    },
    seeds: |fixtures| {
        let mut seeds = fixtures.ending(".pub");
        seeds.push(
            PublicHalf::of(&FakeSigner::new("ana@northwind.example"))
                .to_text()
                .into_bytes(),
        );
        seeds
    },
};

pub(crate) const SEALED_KEY: Target = Target {
    name: "sealed_key",
    bytes_max: 2048,
    check: |bytes| {
        text(bytes).map(file::is_sealed);
    },
    seeds: |fixtures| fixtures.ending(".pem"),
};

pub(crate) const RANGE: Target = Target {
    name: "range",
    bytes_max: 96,
    check: check_range,
    seeds: |_| {
        ["bytes=0-", "bytes=40-49", "bytes=-10", "bytes=0-1,5-6"]
            .map(|t| t.into())
            .to_vec()
    },
};

pub(crate) fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// Reading and judging agree on what a plan is; findings come in order, and can be shown.
fn check_plan(text: &str) {
    let checked = check(text, &FleetFacts::default());
    let lines = checked.findings.iter().map(|finding| finding.place.line);
    assert!(lines.is_sorted(), "findings out of order");
    let shown = render::text("plan.toml", &checked.findings);
    assert!(
        shown.lines().count() > checked.findings.len(),
        "a finding isn't shown"
    );
    match parse(text) {
        Ok(plan) => assert_eq!(Some(plan), checked.plan, "two readings of one plan"),
        Err(findings) => {
            assert!(checked.plan.is_none(), "judged, but not read");
            assert!(!findings.is_empty(), "refused without a word");
        }
    }
}

/// A query is read and its canonical form means the same, or its mistake has a place and a remedy.
fn check_query(text: &str) {
    match Query::parse(text) {
        Ok(query) => {
            let shown = query.to_string();
            assert_eq!(Query::parse(&shown), Ok(query), "read again, it differs");
        }
        Err(error) => {
            assert!(error.column() <= text.chars().count() + 1, "beyond the end");
            assert!(!error.cure().is_empty(), "refused without a remedy");
            let told = format!("{error}{}", error.pointed().replace('\n', ""));
            assert!(!told.chars().any(char::is_control), "a terminal obeys");
        }
    }
}

/// What is sent lies within the payload, whose length is the first byte's choice.
fn check_range(bytes: &[u8]) {
    let len = bytes.first().map_or(0, |byte| u64::from(*byte));
    if let Part::Bytes { first, last } = part(text(bytes), len) {
        assert!(first <= last && last < len, "{first}-{last} of {len}");
    }
    let parts = text(bytes).and_then(|text| several(text, len));
    if let Some(parts) = parts {
        assert!(
            (1..=RANGES_MAX).contains(&parts.len()),
            "{} at once",
            parts.len()
        );
        let sent: u64 = parts.iter().map(|(first, last)| last + 1 - first).sum();
        assert!(sent <= len, "{sent} bytes of {len}");
    }
}
