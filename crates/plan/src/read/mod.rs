//! From text to a [`Plan`]: everything that can be wrong with the form of a plan is found here, and
//! all of it at once.
//!
//! Nothing here judges whether a plan is wise; that is [`crate::lint`]. Some rules of the lint are
//! about a part that is missing, and a plan without it can't be made: those findings start here,
//! under the rule's id, and a stand-in keeps the reading going. Read [`read`] first.

mod amounts;
mod class;
mod client;
mod coherence;
mod cohort;
mod compliance;
mod delivery;
mod duration;
mod gate;
mod health;
mod near;
mod needs;
mod outline;
mod people;
mod reader;
mod reasons;
mod rollout;
mod section;
mod service_levels;
mod syntax;
mod track;
mod trust;
mod value;
mod window;
mod words;

pub(crate) use duration::written;
pub(crate) use outline::Outline;
pub use reasons::Reason;
pub(crate) use syntax::too_many;

use toml::de::DeTable;

use crate::class::Environment;
use crate::finding::{Finding, Severity};
use crate::limits::{MARKETS_MAX, PLAN_BYTES_MAX};
use crate::names::PlanDigest;
use crate::plan::Plan;
use reader::Reader;
use section::Section;

/// What came of reading a text.
pub(crate) struct Reading {
    /// A plan as far as one could be made, with stand-ins where findings stand.
    pub plan: Option<Plan>,
    /// Mistakes of form, unsorted.
    pub findings: Vec<Finding>,
    /// Where things stand in the file.
    pub outline: Outline,
}

impl Reading {
    fn refused(finding: Finding) -> Self {
        Self {
            plan: None,
            findings: vec![finding],
            outline: Outline::default(),
        }
    }

    /// Whether the form is sound.
    pub fn is_sound(&self) -> bool {
        self.plan.is_some() && self.findings.iter().all(|f| f.severity != Severity::Error)
    }
}

/// Reads `text`.
pub(crate) fn read(text: &str) -> Reading {
    if text.len() > PLAN_BYTES_MAX {
        return Reading::refused(syntax::too_large(text.len()));
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    let reader = Reader::new(text);
    if !errors.is_empty() {
        let findings = syntax::findings(&errors, &reader);
        return Reading {
            plan: None,
            findings,
            outline: Outline::default(),
        };
    }
    if table.get_ref().is_empty() {
        return Reading::refused(syntax::empty());
    }
    let root = Section::root(&reader, table.get_ref());
    let plan = plan(&root, PlanDigest::of(text.as_bytes()));
    root.finish();
    let (findings, outline) = reader.into_parts();
    Reading {
        plan,
        findings,
        outline,
    }
}

fn plan(root: &Section<'_>, digest: PlanDigest) -> Option<Plan> {
    let about = root.required_section("plan", "[plan]");
    let classes = class::classes(root);
    let roles = people::roles(root);
    let tracks = track::tracks(root);
    let rollout = rollout::rollout(root);
    let health = health::health(root);
    let trust = trust::trust(root);
    let gates = gate::gates(root);
    let waivers = gate::waivers(root);
    let compliance = compliance::compliance(root);
    let cohorts = cohort::cohorts(root);
    let service_levels = service_levels::service_levels(root);
    let risk_tiers = service_levels::tiers(root);
    let delivery = delivery::delivery(root);
    let (name, market, security_contact, environment) =
        about.and_then(|about| self::about(&about))?;
    let classes = classes?;
    let plan = Plan {
        name,
        market,
        security_contact,
        vendor: classes.first()?.vendor.clone(),
        environment,
        classes,
        roles: roles?,
        tracks: tracks?,
        rollout: rollout?,
        health: health?,
        trust,
        gates: gates?,
        waivers,
        compliance,
        cohorts: cohorts?,
        service_levels,
        risk_tiers: risk_tiers?,
        delivery,
        digest,
    };
    coherence::check(&plan, root.reader());
    Some(plan)
}

/// The `[plan]` table: name, market, security contact, environment.
fn about(section: &Section<'_>) -> Option<(String, Vec<String>, String, Environment)> {
    const ENVIRONMENTS: &[(&str, Environment)] = &[
        ("production", Environment::Production),
        ("staging", Environment::Staging),
    ];
    let name = section.required("name", "name = \"Our thermostats\"", words::text);
    let market = value::list(MARKETS_MAX, words::country);
    let market = section.required("market", "market = [\"us\"]", market);
    let security = "security = \"security@company.example\"";
    let security = section.required("security", security, words::contact);
    let choice = value::choice(ENVIRONMENTS);
    let environment = section.or("environment", Environment::Production, choice);
    section.finish();
    Some((name?, market?, security?, environment))
}
