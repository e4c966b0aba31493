//! Opening an artifact to look at it; its payload stays on disk.

use std::path::Path;

use mainstay_artifact::{ArtifactFile, Report, inspect};
use mainstay_keys::HostPrimitives;
use mainstay_trust::{Root, Verified};

use crate::failure::{Failure, at};
use crate::files;

/// Opens an artifact's frame and envelope.
pub fn open(path: &Path) -> Result<ArtifactFile, Failure> {
    ArtifactFile::read(&mut files::open(path, "artifact")?).map_err(at(path))
}

/// What an artifact says of itself.
pub fn report(path: &Path, root: Option<&Verified<Root<'_>>>) -> Result<Report, Failure> {
    inspect(&open(path)?.envelope, root, &HostPrimitives).map_err(at(path))
}
