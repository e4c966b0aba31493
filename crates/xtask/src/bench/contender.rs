//! One thing that is measured: some commands, run one after the other.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// The passphrase of the keys that the bench makes.
const PASSPHRASE: &str = "a bench has nothing to hide";

/// Commands with a name, and what they leave behind.
pub struct Contender {
    /// What figures call it.
    pub name: &'static str,
    folder: PathBuf,
    commands: Vec<Vec<String>>,
    leaves: Vec<&'static str>,
}

impl Contender {
    /// Commands are words split at blanks; they run in `folder`. Files named in `leaves` are removed
    /// before each run.
    pub fn new(
        name: &'static str,
        folder: &Path,
        commands: &[&str],
        leaves: &[&'static str],
    ) -> Self {
        let words = |line: &&str| line.split_whitespace().map(str::to_owned).collect();
        Self {
            name,
            folder: folder.to_owned(),
            commands: commands.iter().map(words).collect(),
            leaves: leaves.to_vec(),
        }
    }

    /// Runs it once, by the clock. What it left dirty is written to disk after the clock stopped, so
    /// that no contender pays for the one before it.
    ///
    /// # Errors
    /// If a command fails.
    pub fn time(&self) -> anyhow::Result<Duration> {
        self.clear();
        #[expect(clippy::disallowed_methods, reason = "a bench measures wall time")]
        let begun = Instant::now();
        for words in &self.commands {
            self.run(words, &[])?;
        }
        let taken = begun.elapsed();
        self.run(&["sync".to_owned()], &[])?;
        Ok(taken)
    }

    /// The most memory that any of its commands had resident, in MiB, by GNU time.
    ///
    /// # Errors
    /// If a command fails, or there is no GNU time.
    pub fn peak_mib(&self) -> anyhow::Result<f64> {
        self.clear();
        let report = self.folder.join("peak.txt");
        let place = report.display().to_string();
        let mut most_kib = 0.0_f64;
        for words in &self.commands {
            self.run(words, &["/usr/bin/time", "-f", "%M", "-o", &place])?;
            let text = std::fs::read_to_string(&report)?;
            most_kib = most_kib.max(text.trim().parse().context("GNU time")?);
        }
        Ok(most_kib / 1024.0)
    }

    fn clear(&self) {
        for name in &self.leaves {
            // It isn't there before the first run.
            let _ = std::fs::remove_file(self.folder.join(name));
        }
    }

    fn run(&self, words: &[String], before: &[&str]) -> anyhow::Result<()> {
        let all: Vec<&str> = before
            .iter()
            .copied()
            .chain(words.iter().map(String::as_str))
            .collect();
        let output = Command::new(all[0])
            .args(&all[1..])
            .current_dir(&self.folder)
            .env("MAINSTAY_PASSPHRASE", PASSPHRASE)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("`{}` can't be started", all[0]))?;
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr);
            bail!("`{}`: {}: {told}", all.join(" "), output.status);
        }
        Ok(())
    }

    /// Runs it once, untimed: for what must be there before others can be measured.
    ///
    /// # Errors
    /// If a command fails.
    pub fn prepare(&self) -> anyhow::Result<()> {
        self.clear();
        self.commands
            .iter()
            .try_for_each(|words| self.run(words, &[]))
    }
}
