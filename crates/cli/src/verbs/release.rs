//! `mainstay release`: hand releases in, approve them, and look at them.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mainstay_api::ReleaseView;
use mainstay_plan::TrackName;

use super::artifact::look;
use crate::failure::Failure;
use crate::operator::{self, ServerAccess};
use crate::output::Output;

/// Hand in, approve and list releases.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mainstay release list --token-file ana.token")]
pub struct Release {
    #[command(flatten)]
    access: ServerAccess,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Hand in a signed artifact, as the engineer who signed it.
    #[command(
        after_help = "Example:\n  mainstay release add thermo-1.1.0.mainstay --track maintenance --token-file ana.token"
    )]
    Add {
        /// The artifact, signed by its builder.
        file: PathBuf,
        /// The plan's track that it goes: maintenance, feature or hotfix.
        #[arg(long, value_parser = track)]
        track: TrackName,
    },
    /// Hand in the approved artifact, as the release manager who approved it.
    #[command(
        after_help = "Example:\n  mainstay release approve thermo-v2@1.1.0 thermo-1.1.0.mainstay --token-file sam.token"
    )]
    Approve {
        /// The release, as `release list` names it.
        id: String,
        /// The same artifact after `mainstay artifact approve`; only its envelope is sent.
        file: PathBuf,
    },
    /// List all releases.
    #[command(after_help = "Example:\n  mainstay release list --token-file ana.token")]
    List,
    /// Show one release and who did what with it, when.
    #[command(
        after_help = "Example:\n  mainstay release show thermo-v2@1.1.0 --token-file ana.token"
    )]
    Show {
        /// The release, as `release list` names it.
        id: String,
    },
}

impl Release {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let access = &self.access;
        match self.what {
            What::Add { file, track } => add(&file, track, access, output),
            What::Approve { id, file } => approve(&id, &file, access, output),
            What::List => list(access, output),
            What::Show { id } => show(&id, access, output),
        }
    }
}

fn track(text: &str) -> Result<TrackName, String> {
    let all = [
        TrackName::Maintenance,
        TrackName::Feature,
        TrackName::Hotfix,
    ];
    let found = all.into_iter().find(|name| name.to_string() == text);
    found.ok_or_else(|| "name maintenance, feature or hotfix".to_owned())
}

fn add(
    file: &Path,
    track: TrackName,
    access: &ServerAccess,
    output: &Output,
) -> Result<(), Failure> {
    let artifact = operator::artifact(file)?;
    let track = track.to_string();
    let release = access.ask(|operator| async move { operator.submit(&track, artifact).await })?;
    output.say(|| text(&release), &release);
    Ok(())
}

fn approve(id: &str, file: &Path, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let id = operator::name("release", id)?;
    let envelope = look::open(file)?.envelope;
    let release = access.ask(|operator| async move { operator.approve(id, envelope).await })?;
    output.say(|| text(&release), &release);
    Ok(())
}

fn list(access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let releases = access.ask(|operator| async move { operator.releases().await })?;
    let line = |release: &ReleaseView| {
        let ReleaseView {
            id,
            stage,
            track,
            image_bytes,
            ..
        } = release;
        format!("{id:<28} {stage:<10} {track:<12} {image_bytes} bytes")
    };
    output.list(&releases, "no release was handed in yet", line);
    Ok(())
}

fn show(id: &str, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let id = operator::name("release", id)?;
    let release = access.ask(|operator| async move { operator.release(id).await })?;
    output.say(|| text(&release), &release);
    Ok(())
}

fn text(release: &ReleaseView) -> String {
    let ReleaseView {
        id,
        stage,
        track,
        manifest,
        image,
        image_bytes,
        ..
    } = release;
    let mut lines = vec![
        format!(
            "{id} is {stage}  (track {track}, sequence {})",
            release.sequence
        ),
        format!("  manifest {manifest}"),
        format!("  image    {image}  ({image_bytes} bytes)"),
    ];
    lines.extend(release.history.iter().map(|stage| {
        let by = stage.by.as_deref().unwrap_or("the server");
        let detail = stage
            .detail
            .as_ref()
            .map_or_else(String::new, |text| format!("  {text}"));
        format!("  {}  {} by {by}{detail}", stage.at, stage.stage)
    }));
    lines.join("\n")
}
