//! What a plan says that it keeps.

use jiff::SignedDuration;

use super::{Broken, Case, Reason, Rule};
use crate::class::{Class, Environment};
use crate::compliance::{ReportClocks, requirement};
use crate::finding::Severity;

/// Members of the European Union, and `eu` for all of them (ISO 3166-1).
const EU: &str =
    "at be bg cy cz de dk ee es eu fi fr gr hr hu ie it lt lu lv mt nl pl pt ro se si sk";
/// The longest that each report may take there: Regulation (EU) 2024/2847, Article 14(2).
const EU_CLOCKS: ReportClocks = ReportClocks {
    early_warning: SignedDuration::from_hours(24),
    notification: SignedDuration::from_hours(72),
    final_report: SignedDuration::from_hours(14 * 24),
};
/// What asks for a published policy on reports of weaknesses.
const DISCLOSURE_PACKS: [&str; 2] = ["etsi-en-303645", "eu-cra"];
/// Laws by which a device that is reached from outside has a password of its own, or asks for one.
const CREDENTIAL_LAWS: [&str; 2] = ["us-ca-sb327", "us-or-646a813"];

pub(super) const FMP052: Rule = Rule {
    reason: Reason {
        id: "FMP052",
        why: "deadlines and terms of a withdrawn text bind nobody, and those of its successor do",
        source: "CISA BOD 26-04; NIST IR 8259r1; OMB M-26-05",
    },
    severity: Severity::Error,
    statement: "A plan names no requirement that another has replaced.",
    judge: nothing_stale,
};

fn nothing_stale(case: &Case<'_>) -> Vec<Broken> {
    let stale = |id: &String| {
        let old = requirement(id)?;
        let (new, since) = (old.replaced_by.as_ref()?, old.since.as_ref()?);
        let message = format!("{} was {since}.", old.title);
        let fix = format!("\"{new}\" in its place");
        Some(Broken::new("compliance.packs", message, fix))
    };
    case.plan
        .compliance
        .packs
        .iter()
        .filter_map(stale)
        .collect()
}

pub(super) const FMP083: Rule = Rule {
    reason: Reason {
        id: "FMP083",
        why: "whoever finds a weakness and hears nothing tells everybody",
        source: "ETSI EN 303 645 5.2-1; Regulation (EU) 2024/2847 Annex I; RFC 9116",
    },
    severity: Severity::Error,
    statement: "A plan that keeps EN 303 645 or the CRA says when a report of a weakness is \
         acknowledged, and when there is word on it; its security.txt is of today.",
    judge: reports_are_answered,
};

fn reports_are_answered(case: &Case<'_>) -> Vec<Broken> {
    let compliance = &case.plan.compliance;
    let mut packs = compliance.packs.iter();
    let asking = packs.find(|id| DISCLOSURE_PACKS.contains(&id.as_str()));
    let broken = match (compliance.disclosure, asking) {
        (Some(promised), _) if case.is_over(promised.security_txt_until) => {
            let until = promised.security_txt_until;
            let message = format!("security.txt is out of date since {until}.");
            let fix = "publish it anew, and set security_txt_until to its next end";
            Broken::new("compliance.disclosure.security_txt_until", message, fix)
        }
        (None, Some(pack)) => {
            let message = format!("The plan promises no answer to reports, as {pack} asks.");
            let fix = "disclosure = { acknowledge = \"3d\", status = \"14d\", security_txt_until = \
                       2027-06-30 }";
            Broken::new("compliance.packs", message, fix)
        }
        _ => return Vec::new(),
    };
    vec![broken]
}

pub(super) const FMP087: Rule = Rule {
    reason: Reason {
        id: "FMP087",
        why: "the clock runs from the moment of knowing, and nobody looks up its length that night",
        source: "Regulation (EU) 2024/2847 Article 14",
    },
    severity: Severity::Error,
    statement: "Where customers' devices are sold in the EU, the plan says how fast an exploited weakness is \
         reported, within the law's 24 hours, 72 hours and 14 days.",
    judge: reports_in_time,
};

fn reports_in_time(case: &Case<'_>) -> Vec<Broken> {
    let is_in = |country: &&String| EU.split(' ').any(|member| member == country.as_str());
    if case.plan.environment != Environment::Production {
        return Vec::new(); // Nobody but their maker has them.
    }
    let Some(country) = case.plan.market.iter().find(is_in) else {
        return Vec::new();
    };
    let fix = "report = { early_warning = \"24h\", notification = \"72h\", final = \"14d\" } in \
         [compliance]";
    let Some(report) = case.plan.compliance.report else {
        let message =
            format!("Devices are sold in {country}, and the plan has no clocks for reports.");
        return vec![Broken::new("plan.market", message, fix)];
    };
    let clocks = [
        (
            "early_warning",
            report.early_warning,
            EU_CLOCKS.early_warning,
        ),
        ("notification", report.notification, EU_CLOCKS.notification),
        ("final", report.final_report, EU_CLOCKS.final_report),
    ];
    let late = clocks
        .into_iter()
        .filter(|(_, taken, allowed)| taken > allowed);
    late.map(|(key, taken, allowed)| {
        let message = format!("{key} takes {taken:#}; {allowed:#} are allowed in {country}.");
        Broken::new(format!("compliance.report.{key}"), message, fix)
    })
    .collect()
}

pub(super) const FMP089: Rule = Rule {
    reason: Reason {
        id: "FMP089",
        why: "a password that all devices share is known to all who want it",
        source: "California Civil Code 1798.91.04(b); Oregon ORS 646A.813(2)",
    },
    severity: Severity::Error,
    statement: "A plan that keeps California's or Oregon's law says of each class how its owners \
         first get in.",
    judge: credentials_are_told,
};

fn credentials_are_told(case: &Case<'_>) -> Vec<Broken> {
    let packs = &case.plan.compliance.packs;
    let Some(law) = packs
        .iter()
        .find(|id| CREDENTIAL_LAWS.contains(&id.as_str()))
    else {
        return Vec::new();
    };
    let silent = |index: usize, class: &Class| {
        class.credentials.is_none().then(|| {
            let message = format!(
                "{} doesn't say how its owners first get in, as {law} asks.",
                class.id
            );
            let fix = "credentials = \"per-device\" or \"first-use\"";
            Broken::new(format!("class.{index}.credentials"), message, fix)
        })
    };
    case.of_classes(silent)
}
