//! The page on queries: each one on it is read, and its tables are complete.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mainstay_fleet::attribute::{ATTRIBUTES_MAX, NAME_BYTES_MAX, VALUE_BYTES_MAX};
use mainstay_fleet::device::SITE;
use mainstay_fleet::query::{NESTING_MAX, QUERY_BYTES_MAX, TERMS_MAX, field_names};
use mainstay_fleet::{Device, DeviceId, Query};

const PAGE: &str = include_str!("../../../../docs/reference/fleet-query.md");

/// The fenced blocks of one language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let fences = PAGE.split("```").skip(1).step_by(2);
    fences
        .filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'))
        .collect()
}

/// The part of the page below a heading.
fn section(heading: &str) -> &'static str {
    let (_, rest) = PAGE
        .split_once(&format!("\n## {heading}\n"))
        .unwrap_or_else(|| panic!("no heading {heading}"));
    rest.split("\n## ").next().unwrap_or(rest)
}

/// The first cells of a section's table rows, without their back quotes.
fn first_cells(heading: &str) -> Vec<&'static str> {
    let rows = section(heading).lines().filter(|l| l.starts_with("| `"));
    rows.filter_map(|row| row.strip_prefix("| `")?.split('`').next())
        .collect()
}

#[test]
fn every_query_of_the_page_is_read() {
    let queries = blocks("query");
    assert!(queries.len() > 10, "the page has lost its examples");
    for text in queries {
        let query = Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(query.to_string().parse(), Ok(query), "{text}");
    }
    let cohort = blocks("toml").concat();
    let (_, query) = cohort.split_once("query = '").expect("an example");
    let query = query.split('\'').next().expect("it ends");
    Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
}

#[test]
fn what_isnt_known_is_judged_as_the_table_says() {
    let sites = [Some("store-9"), Some("store-7"), None];
    let rows = section("What isn't known").lines();
    let rows: Vec<_> = rows.filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows.len(), 4);
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let query = Query::parse(cells[0].trim_matches('`')).expect(row);
        let answers = sites.map(|site| query.matches(&device(site), Timestamp::UNIX_EPOCH));
        assert_eq!(
            answers.map(|yes| if yes { "yes" } else { "no" }),
            cells[1..]
        );
    }
}

fn device(site: Option<&str>) -> Device {
    let site = site.map(|site| (SITE.to_owned(), site.to_owned()));
    Device {
        id: DeviceId::new("th-1").expect("a good name"),
        class: "thermo-v2".to_owned(),
        hardware: "B".to_owned(),
        zone: "America/Denver".to_owned(),
        bootloader: "1.4.0".to_owned(),
        registered_at: Timestamp::UNIX_EPOCH,
        last_seen: None,
        running: None,
        attributes: site.into_iter().collect(),
    }
}

#[test]
fn the_table_and_the_grammar_name_every_field() {
    let named: BTreeSet<_> = field_names().chain(["attributes.NAME"]).collect();
    assert_eq!(
        first_cells("Fields").into_iter().collect::<BTreeSet<_>>(),
        named
    );
    let grammar = blocks("ebnf").concat();
    for name in field_names() {
        assert!(grammar.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[test]
fn the_bounds_are_those_of_the_code() {
    let bounds = section("Bounds");
    // The site is kept among a device's attributes.
    let attributes = ATTRIBUTES_MAX - 1;
    for bound in [
        QUERY_BYTES_MAX,
        NESTING_MAX,
        TERMS_MAX,
        attributes,
        NAME_BYTES_MAX,
        VALUE_BYTES_MAX,
    ] {
        assert!(bounds.contains(&format!("| {bound} |")), "{bound}");
    }
}

#[test]
fn the_mistake_that_is_shown_is_the_one_that_is_made() {
    let shown = blocks("text").concat();
    let error = Query::parse("hardware = B").expect_err("no quotes");
    for line in [error.id(), &error.to_string(), &error.cure()]
        .into_iter()
        .chain(error.pointed().lines())
    {
        assert!(shown.contains(line), "{line}");
    }
}
