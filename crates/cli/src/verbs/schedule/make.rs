//! `mainstay schedule make`.

use std::path::PathBuf;

use jiff::Timestamp;
use mainstay_artifact::document_file;
use mainstay_keys::HostPrimitives;
use mainstay_trust::{Envelope, Schedule};

use super::look;
use super::share::Share;
use crate::failure::{Failure, at};
use crate::files;
use crate::moment::{Span, now_s, unix_s};
use crate::output::Output;
use crate::verbs::artifact::look as artifact;

/// What a schedule says.
#[derive(Debug, clap::Args)]
pub struct Make {
    /// The schedule to write; it must not exist.
    file: PathBuf,
    /// The artifact of the release.
    #[arg(long)]
    artifact: PathBuf,
    /// How large a share of the class may install it, such as '2.5 %'. Each device finds out for itself
    /// whether it lies within.
    #[arg(long)]
    share: Share,
    /// From when on, such as 2027-03-01T00:00Z [default: now].
    #[arg(long, value_name = "MOMENT")]
    not_before: Option<Timestamp>,
    /// How long from then on.
    #[arg(long, value_name = "SPAN", default_value = "30d")]
    expires: Span,
}

impl Make {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let envelope = artifact::open(&self.artifact)?.envelope;
        let named = at(&self.artifact);
        let envelope = Envelope::parse(&envelope).map_err(&named)?;
        let manifest = envelope.open(&HostPrimitives).map_err(&named)?;
        let not_before = self.not_before.map_or_else(now_s, unix_s);
        let schedule = Schedule {
            release: manifest.digest,
            class: manifest.class_id,
            share: self.share.0,
            not_before,
            expires: not_before.saturating_add(self.expires.seconds),
        };
        let bytes = document_file::unsigned(&schedule)?;
        files::write_new(&self.file, "schedule", &bytes)?;
        look::show(&self.file, None, output)
    }
}
