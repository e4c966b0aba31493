//! `mainstay serve --check`: what each setting is, where it was said, and everything that is wrong. Read [`check`].

use mainstay_server::data_dir::DataDirError;
use mainstay_server::delivery::KeyFileError;
use mainstay_server::homes::HomeError;
use mainstay_server::issuing::IssuerCertificate;
use mainstay_server::settings::{Answered, Finding, Severity, Source, Told, Wrong};
use mainstay_server::tls::Tls;
use mainstay_server::{Acme, Clock as _, DataDir, DeliveryKey, Homes, SystemClock};
use serde_json::json;

use crate::failure::Failure;
use crate::operator::runtime;
use crate::output::Output;

/// Tells all of it; fails if a server wouldn't start.
pub fn check(mut answered: Answered, output: &Output) -> Result<(), Failure> {
    look_at_tls(&mut answered);
    look_at_acme(&mut answered);
    look_at_issuer(&mut answered);
    look_at_delivery(&mut answered);
    look_at_folder(&mut answered)?;
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

/// The folder, and both homes if they can be looked for.
fn look_at_folder(answered: &mut Answered) -> Result<(), Failure> {
    let Some(folder) = answered.data().map(DataDir::at) else {
        return Ok(());
    };
    if let Err(error) = folder.check() {
        let finding = about_the_folder(&error, answered.source("data"));
        answered.add(finding);
        return Ok(());
    }
    let is_refused = |finding: &Finding| {
        let name = &finding.setting;
        finding.severity == Severity::Error
            && (name.starts_with("store") || name.starts_with("blobs"))
    };
    if answered.findings.iter().any(is_refused) {
        return Ok(());
    }
    let looked = Homes::look_at(&folder, answered.homes());
    for error in runtime()?.block_on(looked) {
        let finding = about_a_home(&error, answered);
        answered.add(finding);
    }
    Ok(())
}

/// The certificate and its key, if they can be looked for.
fn look_at_tls(answered: &mut Answered) {
    let Some(files) = answered.tls() else {
        return;
    };
    if let Err(error) = Tls::open(files, SystemClock.now()) {
        let wrong = Wrong::new(format!("can't be used: {error}"), error.cure());
        let name = error.setting();
        let finding = Finding::error(error.id(), (name, answered.source(name)), wrong);
        answered.add(finding);
    }
}

/// What is asked for a certificate by, if it can be looked for. The authority isn't asked: that may be done so and so often.
fn look_at_acme(answered: &mut Answered) {
    let Some(terms) = answered.acme() else {
        return;
    };
    if let Err(error) = Acme::begin(terms, SystemClock.now()) {
        let wrong = Wrong::new(format!("can't be used: {error}"), error.cure());
        let name = error.setting();
        let finding = Finding::error(error.id(), (name, answered.source(name)), wrong);
        answered.add(finding);
    }
}

/// The certificate of who issues certificates, if it can be looked for. Its key takes a passphrase, so that only a start opens it. One that isn't good today keeps
/// no server from starting.
fn look_at_issuer(answered: &mut Answered) {
    let Some(file) = answered.device_issuer() else {
        return;
    };
    let now = SystemClock.now();
    let read = IssuerCertificate::read(file);
    let Err(error) = read.and_then(|certificate| certificate.expect_good_at(now)) else {
        return;
    };
    let wrong = Wrong::new(format!("can't be used: {error}"), error.cure());
    let name = error.setting();
    let about = (name, answered.source(name));
    answered.add(match error.passes() {
        true => Finding::warning(error.id(), about, wrong),
        false => Finding::error(error.id(), about, wrong),
    });
}

/// The key for links, if it can be looked for.
fn look_at_delivery(answered: &mut Answered) {
    let Some(file) = answered.delivery_key() else {
        return;
    };
    if let Err(error) = DeliveryKey::read(file) {
        let wrong = Wrong::new(format!("can't be used: {error}"), error.cure());
        let source = answered.source(KeyFileError::SETTING);
        let finding = Finding::error(error.id(), (KeyFileError::SETTING, source), wrong);
        answered.add(finding);
    }
}

fn about_a_home(error: &HomeError, answered: &Answered) -> Finding {
    let wrong = Wrong::new(format!("can't be used: {error}"), error.cure());
    let name = error.setting();
    Finding::error(error.id(), (name, answered.source(name)), wrong)
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
    format!("{:<23} {value:<32} {}", told.name, told.source)
}

fn finding(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let (id, cure) = (finding.id, &finding.cure);
    format!("\n{severity} {id}\n  {finding}\n  fix   {cure}")
}
