//! Looks into the payload of an artifact: is it an MCUboot image, and what does it say of itself?
//!
//! Showing is not believing; nothing is hashed or verified here. Read [`Payload`] first.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use mainstay_artifact::ArtifactFile;
use mainstay_artifact::mcuboot::{self, Facts, Image, Window};
use mainstay_keys::HostPrimitives;
use serde::Serialize;

use super::mcuboot::refused;
use crate::failure::{Failure, at};
use crate::files;

/// What an artifact's payload is, if it begins as an MCUboot image.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Payload {
    /// An image, by what it says.
    Image(Facts),
    /// Something that begins as one.
    Damaged {
        /// Id of the defect.
        defect: &'static str,
        /// What is wrong.
        cause: String,
    },
}

/// Looks into the payload of an artifact; none if it is something else.
pub fn payload(artifact: &Path) -> Result<Option<Payload>, Failure> {
    let mut source = files::open(artifact, "artifact")?;
    let file = ArtifactFile::read(&mut source).map_err(at(artifact))?;
    look(&file, &mut source).map_err(|error| at(artifact)(refused(&[error.into()])))
}

fn look(file: &ArtifactFile, source: &mut File) -> io::Result<Option<Payload>> {
    let mut window = Window::new(source, file.payload_offset, file.payload_len)?;
    let mut beginning = Vec::new();
    (&mut window).take(4).read_to_end(&mut beginning)?;
    if !mcuboot::begins_as_image(&beginning) {
        return Ok(None);
    }
    window.rewind()?;
    Ok(Some(match Image::read(&mut window) {
        Ok(image) => Payload::Image(Facts::of(&image, &HostPrimitives)),
        Err(defect) => Payload::Damaged {
            defect: defect.id(),
            cause: defect.to_string(),
        },
    }))
}

/// What `inspect` prints of it: a name and a value for each line.
pub fn lines(payload: &Payload) -> Vec<(&'static str, String)> {
    let facts = match payload {
        Payload::Damaged { cause, .. } => {
            return vec![("MCUboot image", format!("DAMAGED: {cause}"))];
        }
        Payload::Image(facts) => facts,
    };
    let signatures = facts.signatures.iter().map(|signature| {
        let key = signature.key_hash;
        let key = key.map_or_else(|| "not named".to_owned(), |key| key.to_string());
        ("MCUboot key", format!("{key}  ({})", signature.kind))
    });
    let image = ("MCUboot image", summary(facts));
    [image].into_iter().chain(signatures).collect()
}

/// One line of the facts that matter most.
pub fn summary(facts: &Facts) -> String {
    let counter = facts.security_counter;
    let counter = counter.map_or_else(|| "none".to_owned(), |counter| counter.to_string());
    format!(
        "{}, security counter {counter}, {} bytes behind a header of {}",
        facts.version, facts.program_bytes, facts.header_bytes
    )
}
