//! `mainstay mirror check`: whether a mirror holds what its manifest says, byte for byte.

use std::collections::BTreeMap;

use mainstay_store::MirrorHome;
use mainstay_trust::Digest;
use serde::Serialize;
use serde_json::json;

use super::manifest::{Manifest, State};
use super::round::is_whole;
use crate::failure::Failure;
use crate::output::Output;

/// One thing that is wrong.
#[derive(Debug, Serialize)]
struct Wrong {
    digest: String,
    because: &'static str,
}

/// Reads all of it.
pub async fn run(home: &dyn MirrorHome, output: &Output) -> Result<(), Failure> {
    let manifest = Manifest::read(home).await?;
    let manifest = manifest.ok_or_else(|| {
        Failure::usage(
            "mirror.not-a-mirror",
            "there is no mainstay-mirror.json in it",
            "name the place that `mainstay mirror` keeps",
        )
    })?;
    let mut wrong = Vec::new();
    for (digest, held) in &manifest.payloads {
        let image = Digest::parse_hex(digest).expect("the manifest was read so");
        let because = match held.state {
            State::Whole if is_whole(home, &image, held.bytes).await? => continue,
            State::Whole => "it isn't there, or has other bytes",
            State::Coming => "it isn't there yet, or was damaged and is to come again",
            State::Leaving => "it was withdrawn, and caches weren't told",
        };
        let digest = digest.clone();
        wrong.push(Wrong { digest, because });
    }
    let value = json!({
        "server": manifest.server, "in_step_at": manifest.in_step_at,
        "payloads": manifest.payloads, "wrong": wrong,
    });
    output.say(|| told(&manifest, &wrong), &value);
    match wrong.len() {
        0 => Ok(()),
        count => Err(Failure::refusal(
            "mirror.damaged",
            format!("{count} payload(s) of the mirror aren't as its manifest says"),
            "let `mainstay mirror --verify` run on it: it reads all of it, and fetches again what is damaged; one that keeps running does so within a day",
        )),
    }
}

fn told(manifest: &Manifest, wrong: &[Wrong]) -> String {
    let because: BTreeMap<_, _> = wrong.iter().map(|it| (&it.digest, it.because)).collect();
    let row = |(digest, held): (&String, &super::manifest::Held)| {
        let word = because.get(digest).copied().unwrap_or("whole");
        let releases = held.releases.join(", ");
        format!("{}  {:>10}  {releases}: {word}", &digest[..16], held.bytes)
    };
    let mut lines: Vec<_> = manifest.payloads.iter().map(row).collect();
    let since = manifest.in_step_at;
    lines.push(match since {
        Some(at) => format!("It was in step with {} at {at:.0}.", manifest.server),
        None => format!("It was never in step with {}.", manifest.server),
    });
    lines.join("\n")
}
