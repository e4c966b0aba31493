//! Reads `[compliance]`; all of it may be left out.

use toml::Spanned;
use toml::de::DeValue;

use super::amounts;
use super::near::nearest;
use super::reasons::{CONTRADICTION, WRONG_VALUE};
use super::section::Section;
use super::value::{self, Read, Wrong, quoted, wrong};
use crate::compliance::{Compliance, Disclosure, ReportClocks, requirement, requirements};
use crate::limits::PACKS_MAX;

pub(super) fn compliance(root: &Section<'_>) -> Compliance {
    let Some(section) = root.section("compliance") else {
        return Compliance::default();
    };
    let packs = section.or("packs", Vec::new(), value::list(PACKS_MAX, pack));
    section.report_twice("packs", &packs);
    let report = section.section("report").and_then(|report| clocks(&report));
    let disclosure = section.section("disclosure");
    let disclosure = disclosure.and_then(|promised| self::disclosure(&promised));
    section.finish();
    Compliance {
        packs,
        report,
        disclosure,
    }
}

/// A requirement that this version knows: one that it doesn't can't be kept, nor missed.
fn pack(value: &Spanned<DeValue<'_>>) -> Read<String> {
    let Some(id) = value.get_ref().as_str() else {
        return wrong(value, "the id of a requirement", "\"us-ca-sb327\"");
    };
    if requirement(id).is_some() {
        return Ok(id.to_owned());
    }
    let ids: Vec<_> = requirements().iter().map(|one| one.id.as_str()).collect();
    let fix = match nearest(id, &ids) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("known here: {}", ids.join(", ")),
    };
    Err(vec![Wrong {
        at: value.span().start,
        reason: &WRONG_VALUE,
        says: format!("names {}, which isn't a requirement known here", quoted(id)),
        fix,
    }])
}

fn clocks(section: &Section<'_>) -> Option<ReportClocks> {
    let early = section.required("early_warning", "early_warning = \"24h\"", amounts::span);
    let notification = section.required("notification", "notification = \"72h\"", amounts::span);
    let last = section.required("final", "final = \"14d\"", amounts::span);
    section.finish();
    let clocks = ReportClocks {
        early_warning: early?,
        notification: notification?,
        final_report: last?,
    };
    // The final report has a clock of its own, from the moment at which there is a remedy.
    if clocks.early_warning > clocks.notification {
        let message = "The early warning comes after the notification.".to_owned();
        let fix = "early_warning = \"24h\" and notification = \"72h\" are the EU's".to_owned();
        let path = section.path_of("early_warning");
        section.reader().report(&CONTRADICTION, &path, message, fix);
    }
    Some(clocks)
}

fn disclosure(section: &Section<'_>) -> Option<Disclosure> {
    let acknowledge = section.required("acknowledge", "acknowledge = \"3d\"", amounts::span);
    let status = section.required("status", "status = \"14d\"", amounts::span);
    let until = "security_txt_until = 2027-06-30";
    let until = section.required("security_txt_until", until, amounts::day);
    section.finish();
    Some(Disclosure {
        acknowledge: acknowledge?,
        status: status?,
        security_txt_until: until?,
    })
}
