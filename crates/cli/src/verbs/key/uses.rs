//! `mainstay key uses`: what a key signed, and whether the record of it is whole.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use mainstay_keys::UseLog;
use mainstay_keys::use_log::{Line, check};

use crate::failure::Failure;
use crate::output::Output;

/// Whose uses to show.
#[derive(Debug, Args)]
pub struct Uses {
    /// The key file, or the record itself (`.uses`).
    file: PathBuf,
    /// Where the key's uses are recorded [default: beside the key, as KEY.uses].
    #[arg(long, env = "MAINSTAY_KEY_LOG", value_name = "FILE")]
    key_log: Option<PathBuf>,
}

impl Uses {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let lines = check(&self.record())?;
        output.list(&lines, "No use is recorded.", sentence);
        let count = lines.len();
        output.note(|| format!("{count} line(s); the chain is whole"));
        Ok(())
    }

    fn record(&self) -> PathBuf {
        if self
            .file
            .extension()
            .is_some_and(|extension| extension == "uses")
        {
            return self.file.clone();
        }
        let beside = |path: &Path| UseLog::path_beside(path);
        self.key_log.clone().unwrap_or_else(|| beside(&self.file))
    }
}

fn sentence(line: &Line) -> String {
    match line {
        Line::Unfinished => "an unfinished line; its signature was never given out".to_owned(),
        Line::Use(used) => format!(
            "{}  {}  {}  {} by {}",
            when(used.at),
            used.what,
            used.digest,
            used.kid,
            used.holder
        ),
    }
}

fn when(at: u64) -> String {
    let seconds = i64::try_from(at).ok();
    let instant = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    instant.map_or_else(|| at.to_string(), |instant| instant.to_string())
}
