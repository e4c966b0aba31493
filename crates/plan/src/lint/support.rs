//! How long customers may count on updates.

use jiff::civil::Date;

use super::{Broken, Case, Reason, Rule};
use crate::class::{Class, Support};
use crate::finding::Severity;

/// Shortest security support after the last sale that raises no question, in years.
const SUPPORT_YEARS_MIN: i16 = 5;

pub(crate) const FMP070: Rule = Rule {
    reason: Reason {
        id: "FMP070",
        why: "customers decide by these dates, and attackers wait for them",
        source: "ETSI EN 303 645 5.3-13; Regulation (EU) 2024/2847 Article 13(19)",
    },
    severity: Severity::Error,
    statement: "Every class says until which day it is sold and until which day it gets security \
         updates, in order.",
    judge: dates_in_order,
};

fn dates_in_order(case: &Case<'_>) -> Vec<Broken> {
    let judged = case.plan.classes.iter().enumerate();
    judged
        .filter_map(|(index, class)| out_of_order(index, class))
        .collect()
}

fn out_of_order(index: usize, class: &Class) -> Option<Broken> {
    let path = format!("class.{index}.support");
    let Some(support) = &class.support else {
        let message = format!("{} promises no support.", class.id);
        let fix = "support = { sold_until = 2027-06-30, security_until = 2032-06-30 }";
        return Some(Broken::new(path, message, fix));
    };
    let Support {
        sold_until,
        security_until,
        life_until,
        ..
    } = support;
    if security_until < sold_until {
        let message = format!("{} is sold after its security support has ended.", class.id);
        return Some(Broken::new(
            path,
            message,
            "let security_until be the later day",
        ));
    }
    life_until.filter(|life| life < security_until).map(|_| {
        let message = format!(
            "{} gets security updates after its services have ended.",
            class.id
        );
        Broken::new(path, message, "let life_until be the latest day")
    })
}

pub(super) const FMP074: Rule = Rule {
    reason: Reason {
        id: "FMP074",
        why: "a shorter promise may be shorter than the law of a market allows",
        source: "Regulation (EU) 2024/2847 Article 13(8)",
    },
    severity: Severity::Warn,
    statement: "Security support lasts five years after the last sale; less is for a lawyer to see.",
    judge: long_enough,
};

fn long_enough(case: &Case<'_>) -> Vec<Broken> {
    let short = |(index, class): (usize, &Class)| {
        let support = class.support.as_ref()?;
        let due = years_after(support.sold_until, SUPPORT_YEARS_MIN)?;
        let in_order = support.security_until >= support.sold_until;
        (in_order && support.security_until < due).then(|| {
            let message = format!(
                "{} is supported for less than {SUPPORT_YEARS_MIN} years after its last sale.",
                class.id
            );
            let fix = format!("security_until = {due}, or have the shorter promise reviewed");
            Broken::new(format!("class.{index}.support"), message, fix)
        })
    };
    case.plan
        .classes
        .iter()
        .enumerate()
        .filter_map(short)
        .collect()
}

/// The same day some years on; 29 February becomes the 28th.
fn years_after(day: Date, years: i16) -> Option<Date> {
    let year = day.year().checked_add(years)?;
    Date::new(year, day.month(), day.day())
        .or_else(|_| Date::new(year, day.month(), 28))
        .ok()
}
