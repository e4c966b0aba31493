//! What there is to say about a plan's cohorts: whether their queries can be read, and whether any
//! device is in them.
//!
//! The plan keeps a query as text, and the fleet reads it: they meet here. Read [`remarks`].

use jiff::Timestamp;
use mainstay_fleet::{Device, Query, QueryError};
use mainstay_plan::{Cohort, Remark, Severity};

/// The cohort's query.
///
/// # Errors
/// If it can't be read; a plan in force has none of these, for whoever put it into force asked [`remarks`].
pub fn query(cohort: &Cohort) -> Result<Query, QueryError> {
    Query::parse(&cohort.query)
}

/// What is wrong with a cohort, for [`mainstay_plan::check_with_cohorts`]. Whether it is empty is
/// asked of `fleet` only, as it is known at a moment, and only once there are devices at all.
#[must_use]
pub fn remarks(cohort: &Cohort, fleet: Option<(&[Device], Timestamp)>) -> Vec<Remark> {
    remarks_seen(cohort, |query| {
        let (devices, now) = fleet?;
        Some(Seen {
            devices: devices.len(),
            has_one: devices.iter().any(|device| query.matches(device, now)),
        })
    })
}

/// What is known of a cohort in a fleet that isn't in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// How many devices the fleet has.
    pub devices: usize,
    /// Whether any of them is in the cohort.
    pub has_one: bool,
}

/// As [`remarks`], of a fleet about which is told what was seen for a query; nothing where it wasn't looked at.
#[must_use]
pub fn remarks_seen(cohort: &Cohort, seen: impl FnOnce(&Query) -> Option<Seen>) -> Vec<Remark> {
    let query = match query(cohort) {
        Ok(query) => query,
        Err(error) => return vec![unread(&error)],
    };
    let seen = seen(&query).filter(|seen| seen.devices > 0 && !seen.has_one);
    seen.map(|seen| empty(cohort, seen.devices))
        .into_iter()
        .collect()
}

fn unread(error: &QueryError) -> Remark {
    Remark {
        rule: error.id(),
        severity: Severity::Error,
        message: format!("`query` can't be read {error}."),
        why: "a cohort is what its query says, and this one says nothing",
        fix: error.cure(),
    }
}

fn empty(cohort: &Cohort, devices: usize) -> Remark {
    Remark {
        rule: "plan.empty-cohort",
        severity: Severity::Warn,
        message: format!(
            "None of {devices} devices is in the cohort {}.",
            cohort.name
        ),
        why: "a name or a version that is slightly off means nobody, and looks like a good query",
        fix: format!(
            "try parts of it with `mainstay device list --query '{}'`, or wait for its devices",
            cohort.query.lines().next().unwrap_or_default()
        ),
    }
}

#[cfg(test)]
mod tests {
    use mainstay_fleet::DeviceId;
    use mainstay_plan::CohortName;

    use super::*;
    use crate::testing::at;

    fn fleet() -> Vec<Device> {
        vec![Device {
            id: DeviceId::new("th-1").expect("a good name"),
            class: "thermo-v2".to_owned(),
            hardware: "B".to_owned(),
            zone: "America/Denver".to_owned(),
            bootloader: "1.4.0".to_owned(),
            registered_at: at(0),
            last_seen: None,
            running: None,
            attributes: std::collections::BTreeMap::new(),
        }]
    }

    fn check(query: &str, fleet: Option<&[Device]>, expected: Option<(&str, Severity, &str)>) {
        let cohort = Cohort {
            name: CohortName::new("early").expect("a good name"),
            about: None,
            query: query.to_owned(),
        };
        let remarks = remarks(&cohort, fleet.map(|devices| (devices, at(0))));
        let told: Vec<_> = remarks
            .iter()
            .map(|r| (r.rule, r.severity, r.message.as_str()))
            .collect();
        assert_eq!(told, Vec::from_iter(expected), "{query}");
        assert!(remarks.iter().all(|remark| !remark.fix.is_empty()));
    }

    #[test]
    fn a_cohort_is_read_and_then_looked_for() {
        let good = "hardware = \"B\"";
        check(good, Some(&fleet()), None);
        check(good, Some(&[]), None);
        check(good, None, None);
        let nobody = "None of 1 devices is in the cohort early.";
        let empty = Some(("plan.empty-cohort", Severity::Warn, nobody));
        check("hardware = \"b\"", Some(&fleet()), empty);
        check("hardware = \"b\"", Some(&[]), None);
        let said = "`query` can't be read at character 1: there is no field \"hardwaer\".";
        let unread = Some(("fleet.query-field", Severity::Error, said));
        check("hardwaer = \"B\"", None, unread);
        check("hardwaer = \"B\"", Some(&fleet()), unread);
    }

    #[test]
    fn the_cohorts_of_the_example_plan_are_read() {
        let plan = include_str!("../../../plans/thermostat.toml");
        let plan = mainstay_plan::parse(plan).expect("it passes");
        assert_eq!(plan.cohorts.len(), 2);
        for cohort in &plan.cohorts {
            assert_eq!(
                remarks(cohort, Some((&fleet(), at(0)))),
                [],
                "{}",
                cohort.name
            );
        }
    }

    #[test]
    fn a_plan_holds_every_query_that_is_one() {
        let plans = mainstay_plan::limits::QUERY_BYTES_MAX;
        assert_eq!(plans, mainstay_fleet::query::QUERY_BYTES_MAX);
    }
}
