//! `mainstay schedule show`.

use std::path::Path;

use mainstay_artifact::identity::uuid_text;
use mainstay_keys::HostPrimitives;
use mainstay_trust::{Schedule, Verified, verify};
use serde_json::json;

use super::read;
use super::share::Share;
use crate::failure::{Failure, at};
use crate::moment;
use crate::output::Output;
use crate::paper::{self, Signatures, too_few};
use crate::verbs::root::RootFile;

/// Prints a schedule. A damaged one is a failure after that; one that still lacks signatures is not.
pub fn show(path: &Path, root: Option<&Path>, output: &Output) -> Result<(), Failure> {
    let bytes = read(path)?;
    let schedule: Schedule = paper::parse(path, &bytes)?;
    let root = root.map(RootFile::read).transpose()?;
    let root = root.as_ref().map(RootFile::open).transpose()?;
    let roots: Vec<_> = root.iter().map(Verified::get).collect();
    let signatures = Signatures::of::<Schedule>(&bytes, &roots).map_err(at(path))?;
    let verdict = root
        .as_ref()
        .map(|root| verify::schedule(&bytes, root, &HostPrimitives).map(|_| ()));
    let lines = || {
        let mut lines = vec![path.display().to_string() + ":", says(&schedule)];
        lines.extend(signatures.lines());
        match verdict {
            Some(Ok(())) => lines.push("Devices accept it.".to_owned()),
            Some(Err(_)) => lines.push("No device accepts it yet.".to_owned()),
            None => lines.push("Next: `mainstay schedule sign`, by operations".to_owned()),
        }
        lines.join("\n")
    };
    let value = json!({
        "file": path, "release": schedule.release, "class": uuid_text(&schedule.class),
        "share": schedule.share, "not_before": schedule.not_before, "expires": schedule.expires,
        "signatures": signatures.json(), "accepted": verdict.map(|verdict| verdict.is_ok()),
    });
    output.say(lines, &value);
    match verdict {
        Some(Err(refusal)) if !too_few(refusal) => Err(at(path)(refusal)),
        _ => Ok(()),
    }
}

fn says(schedule: &Schedule) -> String {
    format!(
        "{} of the class {} may install\n  release {}\n  from {} until {}",
        Share(schedule.share),
        uuid_text(&schedule.class),
        schedule.release,
        moment::text(schedule.not_before),
        moment::text(schedule.expires)
    )
}
