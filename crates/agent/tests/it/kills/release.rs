//! A release whose every byte is known, so that what lies in a slot can be compared with it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::bench::{approved, built};
use crate::house::{Artifact, House};

/// The largest image that there is, less the archive's own bytes.
pub const BYTES_MAX: usize = 64 * 1024 * 1024 - 8 * 1024;
/// The versions.
pub const OLD: &str = "1.0.0";
pub const NEW: &str = "1.1.0";
const OLD_BYTES: usize = 100_000;

/// A release, and what is in it.
pub struct Release {
    pub version: &'static str,
    pub artifact: Artifact,
    data: &'static [u8],
    start: String,
}

impl Release {
    /// The old one, approved long ago, and the new one, which is built.
    pub fn pair(house: &House, new_bytes: usize) -> [Self; 2] {
        let mut old = Self::new(house, OLD, 1, OLD_BYTES);
        old.artifact = approved(house, &old.artifact);
        [old, Self::new(house, NEW, 2, new_bytes)]
    }

    fn new(house: &House, version: &'static str, sequence: u64, bytes: usize) -> Self {
        // Two releases have no page in common.
        let data = &noise()[sequence as usize..][..bytes];
        let start = format!("#!/bin/sh\necho {version}\n");
        let mut archive = tar::Builder::new(Vec::with_capacity(bytes + 8192));
        for (name, body) in [("start", start.as_bytes()), ("data", data)] {
            let mut header = tar::Header::new_gnu();
            header.set_size(body.len() as u64);
            header.set_mode(0o755);
            archive.append_data(&mut header, name, body).unwrap();
        }
        let image = archive.into_inner().unwrap();
        Self {
            version,
            artifact: built(house, version, sequence, image),
            data,
            start,
        }
    }

    /// Whether a folder holds this release, whole, and it starts.
    pub fn is_tree(&self, folder: &Path) -> bool {
        let Ok(entries) = fs::read_dir(folder) else {
            return false;
        };
        let names: BTreeSet<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        let holds =
            |name: &str, body: &[u8]| fs::read(folder.join(name)).is_ok_and(|found| found == body);
        names == BTreeSet::from(["data", "start"].map(Into::into))
            && holds("start", self.start.as_bytes())
            && holds("data", self.data)
            && Command::new(folder.join("start"))
                .output()
                .is_ok_and(|said| said.stdout.trim_ascii() == self.version.as_bytes())
    }

    /// Whether a file begins with this release's image.
    pub fn is_file(&self, file: &Path) -> bool {
        fs::read(file).is_ok_and(|found| found.starts_with(&self.artifact.image))
    }
}

/// Bytes without a pattern that a lost page could hide in.
fn noise() -> &'static [u8] {
    static NOISE: OnceLock<Vec<u8>> = OnceLock::new();
    NOISE.get_or_init(|| {
        let (mut state, mut bytes) = (1_u64, vec![0; BYTES_MAX + 8]);
        for word in bytes.chunks_exact_mut(8) {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            word.copy_from_slice(&state.to_be_bytes());
        }
        bytes
    })
}
