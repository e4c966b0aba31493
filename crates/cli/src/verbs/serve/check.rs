//! `mainstay serve --check`: what each setting is, where it was said, and everything that is wrong. Read [`check`].

use mainstay_server::DataDir;
use mainstay_server::data_dir::DataDirError;
use mainstay_server::settings::{Answered, Finding, Severity, Source, Told, Wrong};
use serde_json::json;

use crate::failure::Failure;
use crate::output::Output;

/// Tells all of it; fails if a server wouldn't start.
pub fn check(mut answered: Answered, output: &Output) -> Result<(), Failure> {
    let folder = answered.data().map(|data| DataDir::at(data).check());
    if let Some(Err(error)) = folder {
        let finding = about_the_folder(&error, answered.source("data"));
        answered.add(finding);
    }
    output.say(
        || text(&answered),
        &json!({ "settings": answered.told, "findings": answered.findings }),
    );
    let is_error = |finding: &&Finding| finding.severity == Severity::Error;
    match answered.findings.iter().filter(is_error).count() {
        0 => Ok(()),
        errors => Err(Failure::usage(
            "settings.wrong",
            format!("a server wouldn't start with these settings: {errors} error(s)"),
            "follow the `fix` line of each error",
        )),
    }
}

fn about_the_folder(error: &DataDirError, source: Source) -> Finding {
    let wrong = Wrong::new(format!("can't be used: {error}"), error.cure());
    Finding::error(error.id(), ("data", source), wrong)
}

fn text(answered: &Answered) -> String {
    let rows = answered.told.iter().map(row);
    let findings = answered.findings.iter().map(finding);
    rows.chain(findings).collect::<Vec<_>>().join("\n")
}

fn row(told: &Told) -> String {
    let unsaid = match told.source {
        Source::Default => "(not set)",
        _ => "(refused)",
    };
    let value = told.value.as_deref().unwrap_or(unsaid);
    // What was said is shown on one line, whatever it holds.
    let value: String = value.escape_debug().collect();
    format!("{:<16} {value:<32} {}", told.name, told.source)
}

fn finding(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let (id, cure) = (finding.id, &finding.cure);
    format!("\n{severity} {id}\n  {finding}\n  fix   {cure}")
}
