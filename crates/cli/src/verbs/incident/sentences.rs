//! An incident as people read it in a terminal.

use jiff::Timestamp;
use mainstay_api::{IncidentView, WrittenView};

/// So many devices are named; `--json` names all.
const NAMED_MAX: usize = 10;

/// One line.
pub fn head(incident: &IncidentView) -> String {
    let IncidentView {
        id, state, title, ..
    } = incident;
    format!("{id} is {state}: {title}")
}

/// All of it: what happened, what is suspected, what was learnt, what to do next.
pub fn whole(incident: &IncidentView) -> String {
    let mut lines = vec![head(incident)];
    if let Some(reopens) = &incident.reopens {
        let (by, earlier, why) = (&reopens.by, &reopens.incident, &reopens.why);
        lines.push(format!("  {by} took {earlier} up again: {}", indented(why)));
    }
    let evidence = incident.evidence.iter();
    lines.extend(
        evidence.map(|shared| match incident.suspected.as_ref() == Some(shared) {
            true => format!("  suspected: {shared}"),
            false => format!("  shared: {shared}"),
        }),
    );
    lines.extend(devices("failed on", &incident.affected));
    lines.extend(devices("can't go back:", &incident.cannot_return));
    lines.push("timeline".to_owned());
    let happened = incident.timeline.iter();
    lines.extend(happened.map(|moment| line(moment.at, &moment.what)));
    lines.extend(incident.log.iter().map(|deed| line(deed.at, &deed.what)));
    lines.extend(review(incident));
    lines.push(next(incident));
    lines.join("\n")
}

fn line(at: Timestamp, what: &str) -> String {
    format!("  {}  {what}", at.strftime("%Y-%m-%d %H:%M UTC"))
}

fn devices(what: &str, devices: &[String]) -> Option<String> {
    let named: Vec<_> = devices.iter().take(NAMED_MAX).map(String::as_str).collect();
    let more = match devices.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    (!devices.is_empty()).then(|| format!("  {what} {}{more}", named.join(", ")))
}

fn review(incident: &IncidentView) -> Vec<String> {
    let review = &incident.review;
    let parts = [
        review.root_cause.as_ref(),
        review.test_gap.as_ref(),
        review.plan_change.as_ref(),
    ];
    let mut lines: Vec<_> = parts.into_iter().flatten().map(part).collect();
    if !lines.is_empty() {
        lines.insert(0, "review".to_owned());
    }
    lines
}

fn part(part: &WrittenView) -> String {
    let what = match part.kind.as_str() {
        "cause" => "root cause",
        "test" => "missing test",
        "no-test" => "no test could have caught it",
        "plan" => "plan put into force",
        "no-change" => "the plan stays as it was",
        other => other,
    };
    format!("  {what}: {} ({})", indented(&part.text), part.by)
}

/// People's words, each further line set in: none can be taken for a line of ours.
fn indented(words: &str) -> String {
    words.replace('\n', "\n      ")
}

/// Where it stands, and the one thing to do next.
fn next(incident: &IncidentView) -> String {
    let id = &incident.id;
    match (&incident.closed_by, &incident.reopened_as) {
        (Some(by), None) => format!("closed by {by}"),
        (Some(by), Some(next)) => format!("closed by {by}, and taken up again as {next}"),
        (None, _) if incident.missing.is_empty() => format!(
            "next: somebody who wrote none of the review closes it: `mainstay incident close {id}`"
        ),
        (None, _) => format!(
            "next: the review lacks {}: `mainstay incident review {id}`",
            incident.missing.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_words_look_like_a_line_of_ours() {
        let part = WrittenView {
            kind: "cause".to_owned(),
            text: "heat\nclosed by kim@northwind.example".to_owned(),
            by: "ana@northwind.example".to_owned(),
            at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(
            super::part(&part),
            "  root cause: heat\n      closed by kim@northwind.example (ana@northwind.example)"
        );
    }
}
