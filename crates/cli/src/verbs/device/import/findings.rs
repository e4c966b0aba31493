//! What keeps devices from being imported, told to people and machines.

use mainstay_api::import::{Finding, Row};
use mainstay_api::{Becomes, ImportedView};
use serde_json::json;

use crate::failure::{Failure, Kind};
use crate::output::Output;

/// So many are shown to a person: the same mistake mostly stands in every line. A machine gets all.
const SHOWN_MAX: usize = 100;

/// Tells them; gives the failure with which the command ends.
pub fn refused(from: &str, findings: &[Finding], output: &Output) -> Failure {
    output.say(|| text(findings), &json!({ "findings": findings }));
    let what = format!(
        "{from}: {} finding(s); nothing was imported",
        findings.len()
    );
    let cure = "do for each finding what its `fix` line says, then run it again";
    Failure::usage("import.findings", what, cure)
}

/// The same of what the server finds: everything could be read, and the answer is no.
pub fn refused_by_server(from: &str, findings: &[Finding], output: &Output) -> Failure {
    Failure {
        kind: Kind::Refusal,
        ..refused(from, findings, output)
    }
}

fn text(findings: &[Finding]) -> String {
    let shown = findings.iter().take(SHOWN_MAX).map(one);
    let mut lines: Vec<String> = shown.collect();
    if findings.len() > SHOWN_MAX {
        lines.push(format!("and {} more", findings.len() - SHOWN_MAX));
    }
    lines.join("\n")
}

fn one(finding: &Finding) -> String {
    let Finding {
        place,
        field,
        id,
        because,
        cure,
    } = finding;
    format!("{place}, {field}: {because} ({id})\n  fix   {cure}")
}

/// What the server finds wrong, at the places where the devices were written down.
pub fn by_server(rows: &[Row], would: &[ImportedView]) -> Vec<Finding> {
    let both = rows.iter().zip(would);
    let found = both.filter_map(|(row, view)| match &view.becomes {
        Becomes::Refused { id, because, cure } => Some(Finding {
            place: row.place.clone(),
            field: view.id.to_string(),
            id: id.clone(),
            because: because.clone(),
            cure: cure.clone(),
        }),
        _ => None,
    });
    found.collect()
}
