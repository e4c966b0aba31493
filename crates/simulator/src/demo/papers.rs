//! The report that the story leaves: `report.html`, and the same as JSON.

use std::path::PathBuf;

use jiff::Timestamp;
use mainstay_access::Duty;
use mainstay_api::{ReleaseView, RolloutView};
use mainstay_plan::Plan;
use mainstay_report::{
    ArtifactDigest, Fact, Frame, Halt, Incident, ReleaseStory, Signature, SprtChart, StoryReport,
    Tone,
};

use mainstay_server::pages::fill;
use mainstay_telemetry::summary;

use super::cast::Cast;
use super::error::DemoError;
use super::folder::Folder;
use super::goods::Release;
use super::scene::Scene;
use super::story::{Goods, Told};

/// Writes the report into the folder and returns the path of its HTML form.
///
/// # Errors
/// If the server doesn't answer, or the disk refuses.
pub async fn write(
    folder: &Folder,
    plan: &Plan,
    cast: &Cast,
    goods: &Goods,
    told: &Told,
    scene: &Scene,
) -> Result<PathBuf, DemoError> {
    let report = StoryReport {
        frame: frame(plan, scene.now()),
        title: format!(
            "Demonstration: {} simulated thermostats in six time zones",
            told.summary.devices
        ),
        outcome: outcome(told),
        outcome_tone: if told.summary.is_safe() {
            Tone::Good
        } else {
            Tone::Bad
        },
        figures: figures(told),
        plan: plan_facts(plan, cast),
        releases: vec![
            story(scene, &told.good, None).await?,
            story(scene, &told.bad, Some(told)).await?,
        ],
        refusals: Vec::new(),
        incidents: incidents(scene).await?,
        fleet: fill::version_shares(&scene.operator(Duty::Operations).devices().await?),
        artifacts: [&goods.factory, &goods.good.1, &goods.bad.1]
            .map(artifact)
            .to_vec(),
    };
    let rendered = |error: mainstay_report::RenderError| DemoError::Step {
        id: "report.render".to_owned(),
        cause: error.to_string(),
        cure: "report it: a template doesn't fit its model".to_owned(),
    };
    folder.write(
        "report.json",
        report.to_json().map_err(rendered)?.as_bytes(),
    )?;
    folder.write(
        "report.html",
        report.to_html().map_err(rendered)?.as_bytes(),
    )
}

fn frame(plan: &Plan, now: Timestamp) -> Frame {
    Frame {
        product: "Mainstay".to_owned(),
        plan: plan.name.clone(),
        plan_revision: plan.digest.to_string(),
        market: plan.market.clone(),
        generated_at: now,
        viewer: None,
        live: None,
    }
}

fn outcome(told: &Told) -> String {
    let summary = &told.summary;
    match (&summary.halted_in, summary.is_safe()) {
        (Some(wave), true) => format!(
            "{} reached every device that can be reached; {} was halted in its {wave}, and the {} devices that had it are back.",
            summary.good_version, summary.bad_version, summary.ever_ran_bad
        ),
        (Some(wave), false) => {
            format!(
                "{} was halted in its {wave}, but not everything ended as it must.",
                summary.bad_version
            )
        }
        (None, _) => format!("{} was not halted.", summary.bad_version),
    }
}

fn figures(told: &Told) -> Vec<Fact> {
    let summary = &told.summary;
    let count = |label: String, value: usize| Fact::new(label, value.to_string());
    vec![
        count(
            format!("Verified on {}", summary.good_version),
            summary.verified_good,
        ),
        count(
            format!("Ever ran {}", summary.bad_version),
            summary.ever_ran_bad,
        ),
        count(
            format!("Still on {}", summary.bad_version),
            summary.still_on_bad,
        ),
        count("Bricked".to_owned(), summary.bricked),
        count("Out of reach".to_owned(), summary.unreachable),
    ]
}

fn plan_facts(plan: &Plan, cast: &Cast) -> Vec<Fact> {
    let rules = &plan.rollout;
    let install = &plan.health.install;
    let people = cast
        .people
        .iter()
        .map(|(duty, email)| Fact::new(capital(duty.id()), email.as_str()));
    let facts = [
        Fact::new(
            "Canary",
            format!("{} devices, drawn at random", rules.canary.devices),
        ),
        Fact::new(
            "Halts at",
            format!(
                "{} % failures where {} % are expected",
                install.halt, install.expect
            ),
        ),
        Fact::new(
            "Sure",
            format!("{} % power, {} % false halts", install.power, install.alpha),
        ),
        Fact::new(
            "Window",
            format!(
                "{} to {} in each device's own zone",
                rules.window.from, rules.window.until
            ),
        ),
        Fact::new("Gives up after", format!("{:#}", rules.give_up_after)),
    ];
    people.chain(facts).collect()
}

fn capital(id: &str) -> String {
    let words = id.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

async fn story(
    scene: &Scene,
    view: &RolloutView,
    halted: Option<&Told>,
) -> Result<ReleaseStory, DemoError> {
    let release = scene
        .operator(Duty::Operations)
        .release(&view.release)
        .await?;
    let (rollout, fleet) = scene.rollout(view.id).await?;
    let health = summary(&rollout, &fleet, scene.now());
    let sprt = health
        .waves
        .get(view.wave)
        .map(|wave| fill::sprt_chart(&rollout, wave));
    Ok(ReleaseStory {
        version: view.version.clone(),
        class: release.class.clone(),
        track: release.track.clone(),
        state: fill::rollout_state(&rollout),
        summary: summary_of(view),
        signatures: signatures(&release),
        waves: fill::wave_bars(&rollout, &fleet, scene.now()),
        never_offered: halted.map(|told| small(told.never_offered)),
        halt: halted.and_then(|told| halt(view, told, sprt)),
    })
}

/// Every incident, with its evidence.
async fn incidents(scene: &Scene) -> Result<Vec<Incident>, DemoError> {
    let mut pages = Vec::new();
    for incident in scene.app.store().incidents().await? {
        let (rollout, fleet) = scene.rollout(incident.rollout.0).await?;
        let health = summary(&rollout, &fleet, scene.now());
        let by_now = fleet.devices.into_iter();
        let by_now = by_now.map(|device| (device.id, device.progress)).collect();
        pages.push(fill::incident(&incident, &rollout, &health, &by_now));
    }
    Ok(pages)
}

fn summary_of(view: &RolloutView) -> String {
    let updated: usize = view.waves.iter().map(|wave| wave.updated).sum();
    match &view.halted_because {
        Some(reason) => reason.clone(),
        None => format!(
            "Verified on {updated} devices; {} were never reached.",
            view.unreached
        ),
    }
}

fn signatures(release: &ReleaseView) -> Vec<Signature> {
    let steps = [
        ("signed", "built and signed", Duty::Engineer),
        ("approved", "approved", Duty::ReleaseManager),
        ("scheduled", "scheduled", Duty::Operations),
    ];
    let found = steps.into_iter().filter_map(|(stage, step, duty)| {
        let reached = release.history.iter().find(|entry| entry.stage == stage)?;
        Some(Signature {
            step: step.to_owned(),
            by: reached.by.clone()?,
            duty: duty.id().to_owned(),
            at: reached.at,
        })
    });
    found.collect()
}

fn halt(view: &RolloutView, told: &Told, sprt: Option<SprtChart>) -> Option<Halt> {
    let (reason, at) = (view.halted_because.as_ref()?, view.ended_at?);
    let summary = &told.summary;
    let back = summary.ever_ran_bad - summary.still_on_bad;
    Some(Halt {
        at,
        wave: summary.halted_in.clone().unwrap_or_default(),
        reason: reason.clone(),
        recovery: format!(
            "{back} of {} devices that ran {} are back on {}; {} boot nothing.",
            summary.ever_ran_bad, summary.bad_version, summary.good_version, summary.bricked
        ),
        sprt,
    })
}

fn artifact(release: &Release) -> ArtifactDigest {
    ArtifactDigest {
        file: format!("artifacts/{}.mainstay", release.version),
        version: release.version.clone(),
        manifest: release.manifest.to_string(),
        image: release.image_digest.to_string(),
        image_bytes: release.image.len() as u64,
    }
}

/// A count of at most [`super::DEVICES_MAX`] devices.
fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
