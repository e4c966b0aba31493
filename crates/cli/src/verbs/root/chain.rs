//! `mainstay root verify-chain`: whether a device that holds the first root gets to the last one.

use std::path::PathBuf;

use mainstay_keys::HostPrimitives;
use mainstay_trust::verify;
use serde_json::json;

use super::RootFile;
use crate::failure::{Failure, at};
use crate::moment::{self, now_s};
use crate::output::Output;

/// Climbs from root to root; the first that doesn't follow is the failure. Only the last one is asked
/// whether it has expired, and that is no failure: devices follow it, and then install nothing.
pub fn run(paths: &[PathBuf], output: &Output) -> Result<(), Failure> {
    let files = paths
        .iter()
        .map(|path| RootFile::read(path))
        .collect::<Result<Vec<_>, _>>()?;
    let Some((first, rest)) = files.split_first() else {
        return Err(Failure::usage(
            "root.missing",
            "no root is named",
            "name one or more roots",
        ));
    };
    let mut root = first.open()?;
    let mut versions = vec![root.get().version];
    for file in rest {
        root = verify::next_root(&file.bytes, &root, &HostPrimitives).map_err(at(file.path))?;
        versions.push(root.get().version);
    }
    let (last, expires) = (root.get().version, root.get().expires);
    let expired = expires <= now_s();
    let sentence = || {
        let end = if expired { "EXPIRED at" } else { "lasts until" };
        format!(
            "A device that holds root {} gets to root {last}, which {end} {}.",
            versions[0],
            moment::text(expires)
        )
    };
    let value =
        json!({ "versions": versions, "last": last, "expires": expires, "expired": expired });
    output.say(sentence, &value);
    Ok(())
}
