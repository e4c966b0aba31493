//! `docs/reference/lint.md` says of every rule whether and how it is decided, and says the truth.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_plan::Severity;
use mainstay_plan::lint::RULES;

use crate::lint_known;

const PAGE: &str = include_str!("../../../../docs/reference/lint.md");
/// Rules of the list that the page goes through.
const RULES_OF_THE_LIST: usize = 74;

/// One row of the table of rules.
struct Row<'a> {
    id: &'a str,
    severity: &'a str,
    asks: &'a str,
    decided: &'a str,
}

fn rows() -> Vec<Row<'static>> {
    let table = PAGE.lines().filter(|line| line.starts_with("| FMP"));
    let row = |line: &'static str| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [id, severity, asks, decided] = cells[..] else {
            panic!("four cells: {line}")
        };
        Row {
            id,
            severity,
            asks,
            decided,
        }
    };
    table.map(row).collect()
}

/// What is looked at, if the code decides the rule: what stands in bold.
fn looks_at<'a>(row: &Row<'a>) -> Option<Vec<&'a str>> {
    let (looked_at, _) = row.decided.strip_prefix("**")?.split_once("**")?;
    Some(looked_at.split(", ").collect())
}

#[test]
fn the_page_has_every_rule_once_and_says_how_it_is_decided() {
    let rows = rows();
    assert_eq!(rows.len(), RULES_OF_THE_LIST);
    assert!(rows.is_sorted_by(|one, next| one.id < next.id));
    for row in &rows {
        assert!(row.asks.ends_with('.'), "{}", row.id);
        let is_told = ["*kept*: ", "*later*: "]
            .iter()
            .any(|word| row.decided.starts_with(word));
        assert!(is_told != looks_at(row).is_some(), "{}", row.id);
    }
}

#[test]
fn what_the_page_calls_decided_is_what_the_code_decides() {
    let rows = rows();
    let decided = rows.iter().filter(|row| looks_at(row).is_some());
    let told: Vec<_> = decided.map(|row| (row.id, row.severity)).collect();
    let severity = |severity| match severity {
        Severity::Error => "error",
        Severity::Warn => "warn",
    };
    let known = RULES
        .iter()
        .map(|rule| (rule.reason.id, severity(rule.severity)));
    assert_eq!(told, known.collect::<Vec<_>>());
}

/// What the page says that a rule looks at besides the plan is what its cases need to be known, by name.
#[test]
fn the_page_tells_what_each_rule_asks_for_besides_the_plan() {
    let rows = rows();
    let mut told = BTreeMap::new();
    for row in &rows {
        let mut looks_at = looks_at(row).unwrap_or_default().into_iter();
        assert!(matches!(looks_at.next(), None | Some("plan")), "{}", row.id);
        let besides: BTreeSet<_> = looks_at.collect();
        if !besides.is_empty() {
            told.insert(row.id, besides);
        }
    }
    assert_eq!(told, lint_known::facts());
}
