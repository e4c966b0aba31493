//! `publish` below `root`, `revoke` and `schedule`: handing a signed paper in at a server.
//!
//! The paper proves itself; who carries it matters only for a schedule. Read [`Publish`].

use std::path::PathBuf;

use clap::Args;
use mainstay_api::{RevocationsView, WithdrawnView};
use mainstay_artifact::document_file;
use mainstay_trust::Schedule;
use mainstay_trust::signed::SIGNED_BYTES_MAX;

use super::hold::devices_running;
use crate::failure::{Failure, at};
use crate::files;
use crate::operator::ServerAccess;
use crate::output::Output;

/// A signed paper, and the server that should have it.
#[derive(Debug, Args)]
pub struct Publish {
    /// The signed file.
    file: PathBuf,
    #[command(flatten)]
    access: ServerAccess,
}

impl Publish {
    /// Hands in a root.
    pub fn root(&self, output: &Output) -> Result<(), Failure> {
        let signed = self.read("root")?;
        let root = self
            .access
            .ask(|operator| async move { operator.publish_root(signed).await })?;
        let sentence = || {
            format!(
                "root {} is published; devices take it at their next check-in, before anything else",
                root.version
            )
        };
        output.say(sentence, &root);
        Ok(())
    }

    /// Hands in revocations.
    pub fn revocations(&self, output: &Output) -> Result<(), Failure> {
        let signed = self.read("revocations")?;
        let revocations = self
            .access
            .ask(|operator| async move { operator.publish_revocations(signed).await })?;
        output.say(|| told(&revocations), &revocations);
        Ok(())
    }

    /// Hands in a schedule, for the release that it names.
    pub fn schedule(&self, output: &Output) -> Result<(), Failure> {
        let signed = self.read("schedule")?;
        let named: Schedule = document_file::read(&signed).map_err(at(&self.file))?;
        let release = named.release.to_string();
        let schedule = self
            .access
            .ask(|operator| async move { operator.publish_schedule(&release, signed).await })?;
        let sentence = || {
            let (whole, part) = (schedule.share / 100, schedule.share % 100);
            format!(
                "{} may be installed by {whole}.{part:02} % of its class, from {} to {}",
                schedule.release, schedule.not_before, schedule.expires
            )
        };
        output.say(sentence, &schedule);
        Ok(())
    }

    fn read(&self, what: &str) -> Result<Vec<u8>, Failure> {
        files::read(&self.file, what, SIGNED_BYTES_MAX as u64)
    }
}

fn told(revocations: &RevocationsView) -> String {
    let RevocationsView {
        epoch,
        seq,
        next_update,
        withdrawn,
        ..
    } = revocations;
    let mut lines = vec![format!(
        "revocations {epoch}.{seq} are published; devices take them at their next check-in, \
         and hold them until {next_update}"
    )];
    lines.extend(withdrawn.iter().map(line));
    lines.join("\n")
}

fn line(withdrawn: &WithdrawnView) -> String {
    let WithdrawnView {
        release,
        because,
        running,
    } = withdrawn;
    format!(
        "  {release} is revoked: {because}; {}",
        devices_running(running)
    )
}
