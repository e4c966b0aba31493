//! Findings as a person reads them on a terminal. Read [`text`]. Machines read the same findings as
//! JSON, through serde.

use crate::finding::{Finding, Severity};

/// The report on a plan: a line of totals, then a block for each finding. `file` is the name that
/// stands in front.
#[must_use]
pub fn text(file: &str, findings: &[Finding]) -> String {
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let errors = plural(count(Severity::Error), "error");
    let warnings = plural(count(Severity::Warn), "warning");
    let mut out = format!("{file}: {errors}, {warnings}\n");
    for finding in findings {
        out.push('\n');
        out.push_str(&block(finding));
    }
    out
}

fn block(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warn => "warning",
    };
    let section = &finding.place.section;
    let gap = if section.is_empty() { "" } else { " " };
    let source = match finding.source.as_str() {
        "" => String::new(),
        source => format!(" ({source})"),
    };
    let Finding {
        rule,
        place,
        message,
        why,
        fix,
        ..
    } = finding;
    let line = place.line;
    format!(
        "{severity} {rule}  {section}{gap}line {line}\n  {message}\n  why   {why}{source}\n  fix   {fix}\n"
    )
}

fn plural(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
