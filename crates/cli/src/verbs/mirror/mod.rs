//! `mainstay mirror`: a folder or a bucket elsewhere that has what devices may fetch, and nothing else. Read [`Mirror`], then `round.rs`.

mod check;
mod home;
mod manifest;
mod purge;
mod reading;
mod revocations;
mod round;
mod source;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use self::home::HomeArgs;
use self::purge::Hook;
use self::round::{Round, Rules};
use crate::failure::Failure;
use crate::operator::{ServerAccess, runtime};
use crate::output::Output;

/// The shortest time between two rounds: each asks the server for its releases.
const EVERY_S_MIN: u64 = 5;
/// The longest: what was withdrawn leaves a mirror within a day in any case.
const EVERY_S_MAX: u64 = 24 * 3600;

/// Keep a folder or a bucket elsewhere in step with the payloads that devices may fetch, each verified by its digest on both sides; what was halted or withdrawn is
/// removed, and caches are told. Exit code 1 if something couldn't be done.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mainstay mirror --to /srv/firmware --token-file mirror.token\n  \
    mainstay mirror --to s3://northwind-eu/firmware --every 30s --purge-url https://cdn.northwind.example/purge")]
pub struct Mirror {
    #[command(flatten)]
    access: ServerAccess,
    #[command(flatten)]
    home: HomeArgs,
    /// One round, and no more; so it is without --every.
    #[arg(long)]
    once: bool,
    /// Keep running, with so long between two rounds: 30s, 5m, 1h.
    #[arg(long, value_name = "DURATION", conflicts_with = "once")]
    every: Option<String>,
    /// Read all that the mirror has in this round, and fetch again what is damaged. Otherwise, and with --every, only what wasn't read for a day.
    #[arg(long, conflicts_with = "every")]
    verify: bool,
    /// Fetch no faster than so many bytes in a second.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1024..))]
    bytes_per_second: Option<u64>,
    /// A program that makes caches forget a payload that was removed, or revocations that newer ones replace; it is given the digest and the path. No shell
    /// reads it.
    #[arg(long, value_name = "PROGRAM", conflicts_with = "purge_url")]
    purge_command: Option<PathBuf>,
    /// An address that does so, asked with POST: {"digest": ..., "path": ...}.
    #[arg(long, value_name = "URL")]
    purge_url: Option<String>,
    /// A file with nothing but the token that the address wants.
    #[arg(long, value_name = "FILE", requires = "purge_url")]
    purge_token_file: Option<PathBuf>,
    /// Go on with a mirror of another address of the server: what that one doesn't offer is removed.
    #[arg(long)]
    other_server: bool,
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Read all that a mirror holds, and compare it with its digests; no server is asked. Exit code 1 if something is wrong.
    #[command(after_help = "Example:\n  mainstay mirror check --to /srv/firmware")]
    Check,
}

impl Mirror {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let runtime = runtime()?;
        let _inside = runtime.enter();
        if let Some(Act::Check) = &self.act {
            let home = runtime.block_on(self.home.looked_at())?;
            return runtime.block_on(check::run(&*home, output));
        }
        let every = self.every.as_deref().map(every).transpose()?;
        let operator = self.access.somebody()?;
        let hook = Hook::new(
            self.purge_command.as_deref(),
            self.purge_url.as_deref(),
            self.purge_token_file.as_deref(),
        )?;
        let rules = Rules {
            server: self.access.server(),
            other_server: self.other_server,
            verify: self.verify,
            bytes_per_second: self.bytes_per_second,
        };
        runtime.block_on(async {
            let (home, _lock) = self.home.open().await?;
            let round = Round {
                home: &*home,
                operator: &operator,
                hook: &hook,
                rules,
            };
            match every {
                None => round.once(output).await,
                Some(every) => round.for_ever(every, output).await,
            }
        })
    }
}

/// A span of time: a number with `s`, `m` or `h` behind it.
fn every(text: &str) -> Result<Duration, Failure> {
    let refused = || {
        Failure::usage(
            "mirror.every",
            format!("{text:?} isn't a time between two rounds"),
            "write a number of seconds, minutes or hours from 5s to 24h, as 30s",
        )
    };
    let (number, unit_s) = match text.char_indices().next_back() {
        Some((end, 's')) => (&text[..end], 1),
        Some((end, 'm')) => (&text[..end], 60),
        Some((end, 'h')) => (&text[..end], 3600),
        _ => return Err(refused()),
    };
    let seconds = number.parse::<u32>().map_err(|_| refused())?;
    let seconds = u64::from(seconds) * unit_s;
    match (EVERY_S_MIN..=EVERY_S_MAX).contains(&seconds) {
        true => Ok(Duration::from_secs(seconds)),
        false => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_between_rounds_is_a_number_and_a_unit() {
        for (text, expected_s) in [
            ("5s", Some(5)),
            ("30s", Some(30)),
            ("5m", Some(300)),
            ("24h", Some(86_400)),
            ("4s", None),
            ("25h", None),
            ("30", None),
            ("s", None),
            ("", None),
            ("-5s", None),
            ("5ü", None),
            ("99999999999h", None),
        ] {
            let read = every(text).ok().map(|span| span.as_secs());
            assert_eq!(read, expected_s, "{text:?}");
        }
    }
}
