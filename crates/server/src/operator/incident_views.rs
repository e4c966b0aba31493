//! Incidents as the API shows them.

use mainstay_api::{DeedView, IncidentView, MomentView, ReopensView, ReviewView, WrittenView};
use mainstay_telemetry::{
    Entry, Incident, Part, PlanChange, Reopens, Review, ReviewState, TestGap, TimelineEntry,
    Written,
};

/// An incident.
pub(super) fn incident(incident: &Incident) -> IncidentView {
    let failures = incident.evidence.first_failures.iter();
    let stranded = incident.cannot_return.iter();
    let unclosed = IncidentView {
        id: incident.id.to_string(),
        opened_at: incident.opened_at,
        release: incident.version.clone(),
        rollout: incident.rollout.0,
        title: incident.title.clone(),
        state: "open".to_owned(),
        suspected: incident.suspected.clone(),
        evidence: incident.shared.clone(),
        timeline: incident.timeline.iter().map(moment).collect(),
        affected: failures.map(|failure| failure.device.to_string()).collect(),
        cannot_return: stranded
            .map(|(device, why)| format!("{device}: {why}"))
            .collect(),
        review: review(incident.review()),
        missing: Vec::new(),
        closed_by: None,
        closed_at: None,
        reopens: incident.reopens.as_ref().map(reopens),
        reopened_as: None,
        log: incident.log.iter().map(deed).collect(),
    };
    stood(unclosed, incident.state())
}

fn stood(view: IncidentView, standing: ReviewState) -> IncidentView {
    match standing {
        ReviewState::Open { missing } => IncidentView {
            missing: missing
                .into_iter()
                .map(Part::id)
                .map(str::to_owned)
                .collect(),
            ..view
        },
        ReviewState::Closed { by, at, next } => IncidentView {
            state: "closed".to_owned(),
            closed_by: Some(by.to_string()),
            closed_at: Some(at),
            reopened_as: next.map(|next| next.to_string()),
            ..view
        },
    }
}

fn moment(entry: &TimelineEntry) -> MomentView {
    MomentView {
        at: entry.at,
        what: entry.what.clone(),
    }
}

fn deed(entry: &Entry) -> DeedView {
    DeedView {
        at: entry.at,
        what: entry.sentence(),
        words: entry.deed.words(),
    }
}

fn reopens(reopens: &Reopens) -> ReopensView {
    ReopensView {
        incident: reopens.incident.to_string(),
        by: reopens.by.to_string(),
        why: reopens.why.clone(),
    }
}

fn review(review: Review) -> ReviewView {
    let cause = |cause| ("cause", cause);
    ReviewView {
        root_cause: review.root_cause.map(|written| part(written, cause)),
        test_gap: review.test_gap.map(|written| part(written, test_gap)),
        plan_change: review.plan_change.map(|written| part(written, plan_change)),
    }
}

fn test_gap(gap: TestGap) -> (&'static str, String) {
    match gap {
        TestGap::Test(test) => ("test", test),
        TestGap::NoTest(why) => ("no-test", why),
    }
}

fn plan_change(change: PlanChange) -> (&'static str, String) {
    match change {
        PlanChange::Plan(plan) => ("plan", plan.to_string()),
        PlanChange::NoChange(why) => ("no-change", why),
    }
}

fn part<T>(written: Written<T>, words: impl Fn(T) -> (&'static str, String)) -> WrittenView {
    let (kind, text) = words(written.what);
    WrittenView {
        kind: kind.to_owned(),
        text,
        by: written.by.to_string(),
        at: written.at,
    }
}
