//! Fleets that are imported: tables as people write them, and what a hawkBit server answers.

use std::collections::BTreeMap;

use mainstay_api::device::GIVEN_TOKEN_BYTES_MIN;
use mainstay_api::import::hawkbit::{Attributes, Sources, Targets};
use mainstay_api::import::table::drafts;
use mainstay_api::import::{Draft, Field, Finding, Row, read};

use crate::Target;

pub(crate) const TABLE: Target = Target {
    name: "import_table",
    bytes_max: 4096,
    check: |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return;
        };
        match drafts(text) {
            Ok(drafts) => check(&drafts),
            Err(findings) => {
                assert!(!findings.is_empty(), "refused, and nothing is wrong");
                findings.iter().for_each(check_column);
            }
        }
    },
    seeds: |fixtures| fixtures.below("/imports", ".csv"),
};

pub(crate) const TARGETS: Target = Target {
    name: "import_targets",
    bytes_max: 8192,
    check: |bytes| {
        let Ok(page) = serde_json::from_slice::<Targets>(bytes) else {
            return;
        };
        let pairs = ["site=group", "class=type", "hardware=name"].map(str::to_owned);
        let sources = Sources::parse(&pairs).expect("all are known");
        let targets = page.content.iter();
        let drafts: Vec<_> = targets
            .map(|target| sources.draft(target, &Attributes::new()))
            .collect();
        check(&drafts);
    },
    seeds: |fixtures| fixtures.below("/hawkbit", ".json"),
};

/// What is read is what was written down, each device once; what isn't is told of without a token.
fn check(drafts: &[Draft]) {
    let rest = [
        (Field::Class, "device-v1"),
        (Field::Hardware, "A"),
        (Field::Zone, "Europe/Berlin"),
        (Field::Bootloader, "1.0.0"),
    ];
    let rest: BTreeMap<_, _> = rest.map(|(field, text)| (field, text.to_owned())).into();
    match read(drafts, &rest) {
        Ok(rows) => check_rows(drafts, &rows),
        Err(findings) => {
            let places = findings.iter().map(|finding| &finding.place);
            for place in places {
                let is_there = drafts.iter().any(|draft| draft.place == *place);
                assert!(is_there, "found where nothing is: {place}");
            }
            drafts
                .iter()
                .for_each(|draft| check_untold(draft, drafts, &findings));
        }
    }
}

/// A column that is no field is named only if that can't be a token.
fn check_column(finding: &Finding) {
    let name = &finding.field;
    let may_be_told = name.len() < GIVEN_TOKEN_BYTES_MIN || name.parse::<Field>().is_ok();
    assert!(may_be_told, "a token may stand there: {name}");
}

/// A draft's token is in no finding. One that stands elsewhere too is told as what it is there, and one without a digit may be a word of ours.
fn check_untold(draft: &Draft, drafts: &[Draft], findings: &[Finding]) {
    let token = draft.said(&Field::Token).unwrap_or_default();
    let is_plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let has_digit = token.bytes().any(|byte| byte.is_ascii_digit());
    let mut others = drafts.iter().flat_map(Draft::all_said);
    let is_elsewhere = others.any(|(field, text)| {
        *field != Field::Token && (text.contains(token) || field.to_string().contains(token))
    });
    if token.len() < GIVEN_TOKEN_BYTES_MIN || !is_plain || !has_digit || is_elsewhere {
        return;
    }
    for Finding { because, cure, .. } in findings {
        let is_told = because.contains(token) || cure.contains(token);
        assert!(!is_told, "a token is told: {because}");
    }
}

fn check_rows(drafts: &[Draft], rows: &[Row]) {
    assert_eq!(drafts.len(), rows.len(), "one is lost");
    for (draft, row) in drafts.iter().zip(rows) {
        let device = &row.wanted.device;
        assert_eq!(draft.place, row.place);
        let controller = device.controller.as_ref().map(|id| id.as_str());
        assert_eq!(draft.said(&Field::Controller), controller);
        let token = device.token.as_ref().map(|token| token.0.as_str());
        assert_eq!(draft.said(&Field::Token), token);
    }
    let mut names: Vec<_> = rows.iter().map(|row| &row.wanted.device.id).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), rows.len(), "two have one name");
}
