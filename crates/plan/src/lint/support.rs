//! How long customers may count on updates.

use jiff::civil::Date;

use super::{Broken, Case, Reason, Rule};
use crate::calendar::{NOTICE_MONTHS, notice_day};
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
    case.of_classes(out_of_order)
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

pub(super) const FMP071: Rule = Rule {
    reason: Reason {
        id: "FMP071",
        why: "a promise of updates is as long as somebody mends what the firmware is made of",
        source: "Zephyr's support policy; NIST IR 8259r1 activity 5",
    },
    severity: Severity::Error,
    statement: "What a class is built on is mended as long as the class is supported, by its maker \
         or by somebody named.",
    judge: upstream_lasts,
};

fn upstream_lasts(case: &Case<'_>) -> Vec<Broken> {
    let classes = case.plan.classes.iter().enumerate();
    classes
        .flat_map(|(index, class)| outlived(index, class))
        .collect()
}

fn outlived(index: usize, class: &Class) -> Vec<Broken> {
    let Some(support) = &class.support else {
        return Vec::new();
    };
    let upstream = class.upstream.iter();
    let ends = upstream.filter(|one| one.then.is_none() && one.until < support.security_until);
    ends.map(|one| {
        let message = format!(
            "{} is supported to {}, and {} is mended to {} by its maker.",
            class.id, support.security_until, one.name, one.until
        );
        let fix = "then = \"who mends it from that day on\", or an earlier security_until";
        let path = format!("class.{index}.upstream.{}.until", one.index);
        Broken::new(path, message, fix)
    })
    .collect()
}

pub(super) const FMP072: Rule = Rule {
    reason: Reason {
        id: "FMP072",
        why: "whoever isn't told in time goes on with a device that nobody mends",
        source: "NIST IR 8425, Information Dissemination; BOD 26-02",
    },
    severity: Severity::Error,
    statement: "Support isn't cut to a day of which owners can't be told a year ahead any more.",
    judge: told_in_time,
};

fn told_in_time(case: &Case<'_>) -> Vec<Broken> {
    case.of_classes(|index, class| {
        let (facts, support) = (case.facts, class.support.as_ref()?);
        let before = facts.in_force.as_ref()?.classes.get(&class.id)?;
        let (today, before, until) = (
            facts.as_of?,
            before.security_until?,
            support.security_until,
        );
        let ahead = NOTICE_MONTHS[0];
        let first = notice_day(until, ahead);
        // What was over before is history.
        let is_cut = until < before && before >= today;
        (is_cut && first < today).then(|| {
            let message = format!(
                "{} was promised updates to {before}, and now to {until}: owners were to be told of that on {first}.",
                class.id
            );
            let fix = format!(
                "security_until = {before}, or a day that is {ahead} months away at least"
            );
            Broken::new(format!("class.{index}.support"), message, fix)
        })
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
    case.of_classes(|index, class| {
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
    })
}

/// The same day some years on; 29 February becomes the 28th.
fn years_after(day: Date, years: i16) -> Option<Date> {
    let year = day.year().checked_add(years)?;
    Date::new(year, day.month(), day.day())
        .or_else(|_| Date::new(year, day.month(), 28))
        .ok()
}

/// Until then covered equipment that was authorised before may be updated.
const WAIVER_UNTIL: Date = Date::constant(2029, 1, 1);

pub(super) const FMP075: Rule = Rule {
    reason: Reason {
        id: "FMP075",
        why: "an update that may not be shipped keeps no promise",
        source: "FCC OET waiver of 2026-05-08; 47 CFR 2.1043",
    },
    severity: Severity::Error,
    statement: "A class on the FCC's Covered List promises no updates past the waiver that allows \
         them.",
    judge: waiver_holds,
};

fn waiver_holds(case: &Case<'_>) -> Vec<Broken> {
    case.of_classes(|index, class| {
        let until = class.support.as_ref()?.security_until;
        (class.is_on_covered_list && until > WAIVER_UNTIL).then(|| {
            let message = format!(
                "{} is on the Covered List and promises updates to {until}; the waiver for them is to \
                 {WAIVER_UNTIL} so far.",
                class.id
            );
            let fix = format!("security_until = {WAIVER_UNTIL}, and longer once the waiver is");
            Broken::new(format!("class.{index}.support"), message, fix)
        })
    })
}
