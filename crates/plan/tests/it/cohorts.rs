//! Cohorts are read, and what others say about their queries stands at its place.

use mainstay_plan::{FleetFacts, Remark, Severity, check_with_cohorts, parse};

use crate::examples::MINIMAL;

const TWO: &str = r#"
[cohort.late]
query = 'zone = "America/Denver"'

[cohort.early]
about = "asked for it"
query = 'hardware = "B"'
"#;

fn with(cohorts: &str) -> String {
    format!("{MINIMAL}\n{cohorts}")
}

#[test]
fn cohorts_are_kept_by_name_and_their_queries_as_they_stand() {
    let plan = parse(&with(TWO)).expect("it passes");
    let names: Vec<_> = plan.cohorts.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["early", "late"]);
    let early = plan.cohort("early").expect("declared");
    assert_eq!(early.about.as_deref(), Some("asked for it"));
    assert_eq!(early.query, "hardware = \"B\"");
    assert_eq!(plan.cohort("never"), None);
    assert_eq!(parse(MINIMAL).expect("it passes").cohorts, []);
}

#[test]
fn what_is_wrong_with_a_cohort_is_named_and_placed() {
    let many: String = (0..65)
        .map(|n| format!("[cohort.c{n}]\nquery = 'has id'\n"))
        .collect();
    let long = format!("[cohort.a]\nquery = 'id = \"{}\"'", "x".repeat(2000));
    for (cohorts, rule, line, section) in [
        ("[cohort.a]", "plan.missing", 1, "[cohort.a]"),
        ("[cohort.a]\nquery = 3", "plan.wrong-value", 2, "[cohort.a]"),
        (
            "[cohort.a]\nquery = ''",
            "plan.wrong-value",
            2,
            "[cohort.a]",
        ),
        (&long, "plan.wrong-value", 2, "[cohort.a]"),
        (
            "[cohort.a]\nquery = 'has id'\nabuot = 'x'",
            "plan.unknown-key",
            3,
            "[cohort.a]",
        ),
        (
            "[cohort.A_b]\nquery = 'has id'",
            "plan.wrong-value",
            1,
            "[cohort.A_b]",
        ),
        (
            "[cohort]\nquery = 'has id'",
            "plan.wrong-value",
            2,
            "[cohort.query]",
        ),
        (&many, "plan.wrong-value", 1, "[cohort]"),
    ] {
        let findings = parse(&with(cohorts)).expect_err(cohorts);
        let first = u32::try_from(MINIMAL.lines().count()).expect("short") + 1;
        let found: Vec<_> = findings
            .iter()
            .map(|f| (f.rule, f.place.line - first, f.place.section.as_str()))
            .collect();
        assert_eq!(found, [(rule, line, section)], "{cohorts}");
    }
}

#[test]
fn a_remark_stands_at_its_query() {
    let text = with(TWO);
    let remark = |severity| Remark {
        rule: "fleet.query-syntax",
        severity,
        message: "It can't be read.".to_owned(),
        why: "it matters",
        fix: "mend it".to_owned(),
    };
    for (severity, passes) in [(Severity::Warn, true), (Severity::Error, false)] {
        let checked = check_with_cohorts(&text, &FleetFacts::default(), |cohort| {
            match cohort.name.as_str() {
                "early" => vec![remark(severity)],
                _ => Vec::new(),
            }
        });
        assert_eq!(checked.passes(), passes);
        let [found] = &checked.findings[..] else {
            panic!("one remark: {:?}", checked.findings)
        };
        assert_eq!(found.place.section, "[cohort.early]");
        let line = text
            .lines()
            .position(|line| line.contains("hardware = \"B\"'"));
        assert_eq!(usize::try_from(found.place.line - 1).ok(), line);
    }
}
