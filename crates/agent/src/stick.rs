//! A bundle on a stick: its documents, and its image read piece by piece as if it were fetched.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use mainstay_artifact::bundle_file::BundleFile;
use mainstay_device::BundleParts;
use mainstay_keys::HostPrimitives;
use mainstay_protocol::InstallFailure;
use mainstay_trust::{Digest, Envelope, Manifest};

use crate::fault::Fault;

/// A bundle file that is open.
#[derive(Debug)]
pub struct Stick {
    path: PathBuf,
    file: File,
    bundle: BundleFile,
}

impl Stick {
    /// Opens a bundle, and reads its documents.
    ///
    /// # Errors
    /// If the file can't be read, or isn't a bundle.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let mut file = File::open(path).map_err(|error| Fault::io("open", path, &error))?;
        let bundle = BundleFile::read(&mut file).map_err(|error| {
            Fault::new(
                "agent.bundle",
                format!("{} is no bundle: {error}", path.display()),
                "Copy it to the stick again, and compare its checksum.",
            )
            .told_as(InstallFailure::SourceFailed)
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
            bundle,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its documents, lent to `take`.
    pub fn lend<T>(&self, take: impl FnOnce(&BundleParts<'_>) -> T) -> T {
        let roots: Vec<&[u8]> = self.bundle.roots.iter().map(Vec::as_slice).collect();
        take(&BundleParts {
            roots: &roots,
            revocations: self.bundle.revocations.as_deref(),
            statement: &self.bundle.statement,
            envelope: &self.bundle.envelope,
        })
    }

    /// The release that it says it brings, and that one's image; none if it can't be read.
    #[must_use]
    pub fn claims(&self) -> Option<(Digest, Digest)> {
        let envelope = Envelope::parse(&self.bundle.envelope).ok()?;
        let identity = envelope.identity(&HostPrimitives);
        let manifest = Manifest::parse(envelope.manifest, identity).ok()?;
        Some((manifest.digest, manifest.image_digest))
    }

    /// Up to `length` bytes of the image from `offset`, as many as there are.
    ///
    /// # Errors
    /// If the stick was pulled out, say.
    pub fn read(&self, offset: u32, length: u32) -> Result<Vec<u8>, Fault> {
        let left = self.bundle.payload_len.saturating_sub(offset.into());
        let count = left.min(length.into());
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(0)];
        let at = self.bundle.payload_offset + u64::from(offset);
        self.file
            .read_exact_at(&mut bytes, at)
            .map_err(|error| Fault::io("read", &self.path, &error))?;
        Ok(bytes)
    }
}
