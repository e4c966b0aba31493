//! An incident with its evidence.

use std::collections::BTreeMap;

use mainstay_report::{
    AffectedDevice, CommonTrait, Fact, Incident, IncidentLine, IncidentReview, IncidentState,
    Reopened, ReviewPart, Stranded, TimelineEntry, Tone,
};
use mainstay_rollout::incident::{Common, FirstFailure, Trait};
use mainstay_rollout::{DeviceId, Progress, Rollout, why};
use mainstay_telemetry as telemetry;
use mainstay_telemetry::{Deed, Entry, PlanChange, ReviewState, Summary, TestGap, Written};

use super::charts::sprt_chart;
use super::progress::progress_words;

/// An incident as lists show it.
pub fn incident_line(incident: &telemetry::Incident) -> IncidentLine {
    IncidentLine {
        id: incident.id.0,
        title: incident.title.clone(),
        opened_at: incident.opened_at,
        state: match incident.is_open() {
            true => IncidentState::Open,
            false => IncidentState::Closed,
        },
        suspected: incident.suspected.clone().unwrap_or_default(),
    }
}

/// An incident, with what has become of its rollout, and of the devices that failed first.
pub fn incident(
    incident: &telemetry::Incident,
    rollout: &Rollout,
    health: &Summary,
    by_now: &BTreeMap<DeviceId, Progress>,
) -> Incident {
    let evidence = &incident.evidence;
    let spoke = health
        .waves
        .get(evidence.wave)
        .filter(|wave| wave.path.len() > 1);
    let failures = evidence.first_failures.iter();
    let stranded = incident.cannot_return.iter();
    Incident {
        line: incident_line(incident),
        version: incident.version.clone(),
        class: rollout.candidate.class.clone(),
        rollout: rollout.id.0,
        reason: why::halted(rollout, &evidence.reason),
        evidence: counts(incident),
        sprt: spoke.map(|wave| sprt_chart(rollout, wave)),
        common: evidence.common.iter().map(common).collect(),
        timeline: timeline(incident),
        affected: failures.map(|failure| affected(failure, by_now)).collect(),
        affected_total: evidence.failed,
        cannot_return: stranded
            .map(|(device, why)| Stranded {
                id: device.to_string(),
                why: why.to_string(),
            })
            .collect(),
        review: review(incident),
    }
}

/// How far the review is, in a sentence.
pub fn review_stands(incident: &telemetry::Incident) -> String {
    match incident.state() {
        ReviewState::Closed { by, at, .. } => {
            format!("Closed by {by}, {}.", at.strftime("%Y-%m-%d %H:%M UTC"))
        }
        ReviewState::Open { missing } if missing.is_empty() => {
            "Open. The review is whole; somebody who wrote none of it may close it.".to_owned()
        }
        ReviewState::Open { missing } => {
            let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
            format!("Open. The review lacks its {}.", missing.join(", "))
        }
    }
}

fn review(incident: &telemetry::Incident) -> IncidentReview {
    let review = incident.review();
    let cause = review
        .root_cause
        .map(|written| part(written, |cause| ("Root cause", cause)));
    let gap = review.test_gap.map(|written| {
        part(written, |gap| match gap {
            TestGap::Test(test) => ("Missing test", test),
            TestGap::NoTest(why) => ("No test could have caught it", why),
        })
    });
    let change = review.plan_change.map(|written| {
        part(written, |change| match change {
            PlanChange::Plan(plan) => ("Plan put into force", plan.to_string()),
            PlanChange::NoChange(why) => ("The plan stays as it was", why),
        })
    });
    let reopened_as = match incident.state() {
        ReviewState::Closed { next, .. } => next.map(|next| next.0),
        ReviewState::Open { .. } => None,
    };
    IncidentReview {
        stands: review_stands(incident),
        parts: [cause, gap, change].into_iter().flatten().collect(),
        reopens: incident.reopens.as_ref().map(|reopens| Reopened {
            id: reopens.incident.0,
            why: reopens.why.clone(),
        }),
        reopened_as,
    }
}

fn part<T>(written: Written<T>, words: impl Fn(T) -> (&'static str, String)) -> ReviewPart {
    let (title, text) = words(written.what);
    ReviewPart {
        title: title.to_owned(),
        text,
        by: written.by.to_string(),
        at: written.at,
    }
}

fn counts(incident: &telemetry::Incident) -> Vec<Fact> {
    let evidence = &incident.evidence;
    let mut facts = vec![
        Fact::new("Enrolled", evidence.enrolled.to_string()),
        Fact::new("Began to install", evidence.began.to_string()),
        Fact::new("Ran it", evidence.ran.to_string()),
        Fact::new("Failed", evidence.failed.to_string()),
    ];
    let causes = evidence.causes.iter();
    facts.extend(causes.map(|(cause, count)| Fact::new(cause.id(), count.to_string())));
    facts
}

fn common(common: &Common) -> CommonTrait {
    let kind = match common.kind {
        Trait::Hardware => "Hardware revision",
        Trait::Zone => "Time zone",
        Trait::Site => "Site",
        Trait::EarlierRelease => "Earlier release",
    };
    CommonTrait {
        kind: kind.to_owned(),
        value: common.value.clone(),
        failing: common.failing,
        ran_with: common.ran_with,
        ran: common.ran,
        coincidence_percent: common.coincidence_percent(),
    }
}

/// What happened up to the halt, and what people did since.
fn timeline(incident: &telemetry::Incident) -> Vec<TimelineEntry> {
    let happened = incident.timeline.iter().map(entry);
    let taken_up = incident.reopens.iter().map(|reopens| TimelineEntry {
        at: reopens.at,
        what: format!("{} took {} up again", reopens.by, reopens.incident),
        detail: reopens.why.clone(),
        tone: Tone::Attention,
    });
    let done = incident.log.iter().map(deed);
    happened.chain(taken_up).chain(done).collect()
}

fn deed(entry: &Entry) -> TimelineEntry {
    TimelineEntry {
        at: entry.at,
        what: entry.sentence(),
        detail: entry.deed.words(),
        tone: match entry.deed {
            Deed::Closed => Tone::Good,
            Deed::Reopened(_) => Tone::Attention,
            _ => Tone::Plain,
        },
    }
}

fn entry(entry: &telemetry::TimelineEntry) -> TimelineEntry {
    TimelineEntry {
        at: entry.at,
        what: entry.what.clone(),
        detail: String::new(),
        tone: Tone::Plain,
    }
}

fn affected(failure: &FirstFailure, by_now: &BTreeMap<DeviceId, Progress>) -> AffectedDevice {
    let known = by_now.get(&failure.device).map(progress_words);
    let (now, tone) = known.unwrap_or_else(|| ("unknown".to_owned(), Tone::Attention));
    AffectedDevice {
        id: failure.device.to_string(),
        hardware: failure.hardware.clone(),
        cause: failure.cause.id().to_owned(),
        failed_at: failure.at,
        now,
        tone,
    }
}
