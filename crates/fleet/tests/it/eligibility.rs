//! The page on eligibility: its table names each reason, in the order in which they are asked.

use jiff::civil::date;
use mainstay_fleet::{Ineligible, Query};

const PAGE: &str = include_str!("../../../../docs/reference/eligibility.md");

#[test]
fn the_table_names_every_reason() {
    let text = || "x".to_owned();
    let reasons = [
        Ineligible::WrongClass { class: text() },
        Ineligible::WrongHardware {
            hardware: text(),
            listed: vec![text()],
        },
        ended(),
        Ineligible::BootloaderTooOld {
            has: text(),
            needs: text(),
        },
        Ineligible::NeverSeen,
        Ineligible::AlreadyRuns { version: text() },
        Ineligible::OnTrial { version: text() },
    ];
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `"));
    let ids: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
    assert_eq!(ids, reasons.map(|reason| reason.id()));
}

fn ended() -> Ineligible {
    Ineligible::SupportEnded {
        last_day: date(2032, 6, 30),
        then: Some("thermo-v3".to_owned()),
    }
}

#[test]
fn what_it_quotes_is_what_is_said() {
    assert!(PAGE.contains(&format!("because {}.", ended())));
    let blocks = PAGE.split("```query\n").skip(1);
    let queries: Vec<_> = blocks
        .filter_map(|block| block.split("```").next())
        .collect();
    assert_eq!(queries.len(), 1);
    Query::parse(queries[0]).unwrap_or_else(|error| panic!("{}: {error}", queries[0]));
}
