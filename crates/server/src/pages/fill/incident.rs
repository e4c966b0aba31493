//! An incident with its evidence.

use jiff::Timestamp;
use mainstay_report::{
    AffectedDevice, CommonTrait, Fact, Incident, IncidentLine, IncidentState, Stranded,
    TimelineEntry, Tone,
};
use mainstay_rollout::incident::{Common, FirstFailure, Trait};
use mainstay_rollout::{FleetView, Rollout, why};
use mainstay_telemetry as telemetry;
use mainstay_telemetry::summary;

use super::charts::sprt_chart;
use super::progress::progress_words;

/// An incident as lists show it. Closing isn't built yet, so every one is open.
pub fn incident_line(incident: &telemetry::Incident) -> IncidentLine {
    IncidentLine {
        id: incident.id.0,
        title: incident.title.clone(),
        opened_at: incident.opened_at,
        state: IncidentState::Open,
        suspected: incident.suspected.clone().unwrap_or_default(),
    }
}

/// An incident, with what has become of the devices of its rollout by `now`.
pub fn incident(
    incident: &telemetry::Incident,
    rollout: &Rollout,
    fleet: &FleetView,
    now: Timestamp,
) -> Incident {
    let evidence = &incident.evidence;
    let health = summary(rollout, fleet, now);
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
        timeline: incident.timeline.iter().map(entry).collect(),
        affected: failures.map(|failure| affected(failure, fleet)).collect(),
        affected_total: evidence.failed,
        cannot_return: stranded
            .map(|(device, why)| Stranded {
                id: device.to_string(),
                why: why.to_string(),
            })
            .collect(),
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

fn entry(entry: &telemetry::TimelineEntry) -> TimelineEntry {
    TimelineEntry {
        at: entry.at,
        what: entry.what.clone(),
        detail: String::new(),
        tone: Tone::Plain,
    }
}

fn affected(failure: &FirstFailure, fleet: &FleetView) -> AffectedDevice {
    let device = fleet
        .devices
        .iter()
        .find(|device| device.id == failure.device);
    let known = device.map(|device| progress_words(&device.progress));
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
