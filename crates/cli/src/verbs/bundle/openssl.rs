//! What lets anyone check a bundle without Mainstay: a checksum file for `sha256sum`, and a signature
//! over the whole file with its public key, for `openssl dgst`.
//!
//! They stand beside what devices check and replace none of it: they tell a customer that the file is
//! the one that operations gave out.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use mainstay_artifact::{SignError, Signer, der_signature};
use mainstay_keys::{HostPrimitives, public_formats};
use mainstay_trust::{Algorithm, Digest, Hasher as _, Primitives as _};

use super::make::name_of;
use crate::failure::Failure;
use crate::files;

/// The largest bundle with a signature beside it. Such a key signs bytes and not their hash, so all of them lie in memory; a larger one
/// has its checksum only.
const SIGNED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What is said of a larger one.
const UNSIGNED: &str = "it has no signature for openssl beside it, as it has more than 64 MiB";

/// The files beside a bundle.
pub struct Beside {
    checksum: PathBuf,
    signature: PathBuf,
    public: PathBuf,
}

/// What was written beside a bundle.
pub struct Made {
    /// SHA-256 of the bundle file.
    pub sha256: Digest,
    /// The files.
    pub files: Vec<PathBuf>,
    /// The commands that check them, run in their folder.
    pub commands: Vec<String>,
    /// Why there is no signature, though the key would make one.
    pub unsigned: Option<&'static str>,
}

impl Beside {
    /// Where the files beside this bundle are.
    pub fn of(bundle: &Path) -> Self {
        let with = |ending: &str| {
            let mut name = bundle.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        Self {
            checksum: with(".sha256"),
            signature: with(".sig"),
            public: with(".pub.pem"),
        }
    }

    fn all(&self) -> [&Path; 3] {
        [&self.checksum, &self.signature, &self.public]
    }

    /// Whether a signature lies beside the bundle.
    pub fn is_signed(&self) -> bool {
        self.signature.exists()
    }

    /// Refuses if any of the files, or the bundle, is there already.
    pub fn must_be_new(&self, bundle: &Path) -> Result<(), Failure> {
        let taken = [bundle]
            .into_iter()
            .chain(self.all())
            .find(|path| path.exists());
        taken.map_or(Ok(()), |path| {
            let problem = format!("{} exists already", path.display());
            let cure = "choose another path, or move the old file away";
            Err(Failure::usage("bundle.exists", problem, cure))
        })
    }

    /// Removes the bundle and all beside it; what isn't there needs no removing.
    pub fn remove(&self, bundle: &Path) {
        for path in [bundle].into_iter().chain(self.all()) {
            let _ = fs::remove_file(path);
        }
    }

    /// Writes the files beside a bundle.
    pub fn write(&self, bundle: &Path, signer: &dyn Signer) -> Result<Made, Failure> {
        let sha256 = digest_of(bundle)?;
        let name = name_of(bundle);
        files::write_new(
            &self.checksum,
            "checksum",
            format!("{sha256}  {name}\n").as_bytes(),
        )?;
        let algorithm = signer.public_key().algorithm();
        let mut made = vec![self.checksum.clone()];
        let mut told = commands(&name, algorithm);
        let can_sign = hash_of(algorithm).is_some();
        let fits = fits_in_memory(bundle)?;
        if can_sign && fits {
            let message = files::read(bundle, "bundle", SIGNED_BYTES_MAX)?;
            let signature = signature(signer, &message)?;
            files::write_new(&self.signature, "signature", &signature)?;
            let pem = public_formats::to_pem(&signer.public_key());
            files::write_new(&self.public, "public-key", pem.as_bytes())?;
            made.extend([self.signature.clone(), self.public.clone()]);
        } else {
            told.truncate(1);
        }
        Ok(Made {
            sha256,
            files: made,
            commands: told,
            unsigned: (can_sign && !fits).then_some(UNSIGNED),
        })
    }
}

/// The commands that check a bundle without Mainstay, run in its folder.
pub fn commands(name: &str, algorithm: Algorithm) -> Vec<String> {
    let checksum = format!("sha256sum -c {name}.sha256");
    let signature = hash_of(algorithm).map(|hash| {
        format!("openssl dgst -{hash} -verify {name}.pub.pem -signature {name}.sig {name}")
    });
    [checksum].into_iter().chain(signature).collect()
}

fn fits_in_memory(bundle: &Path) -> Result<bool, Failure> {
    let about =
        fs::metadata(bundle).map_err(|error| files::unreadable(bundle, "bundle", &error))?;
    Ok(about.len() <= SIGNED_BYTES_MAX)
}

/// The hash that goes with an algorithm in `openssl dgst`, which knows ECDSA alone of ours. With keys of
/// another kind a bundle has its checksum only.
fn hash_of(algorithm: Algorithm) -> Option<&'static str> {
    match algorithm {
        Algorithm::Esp256 => Some("sha256"),
        Algorithm::Esp384 => Some("sha384"),
        _ => None,
    }
}

/// A signature as openssl takes it. It is checked before it is given out, as every other one.
fn signature(signer: &dyn Signer, message: &[u8]) -> Result<Vec<u8>, Failure> {
    let (raw, key) = (signer.sign(message)?, signer.public_key());
    let good = HostPrimitives.verify(&key, &[message], &raw).is_ok();
    let der = der_signature::to_wire(key.algorithm(), &raw).filter(|_| good);
    let cause = "its signature doesn't verify with its own public key";
    Ok(der.ok_or_else(|| SignError::new(signer.holder(), cause))?)
}

/// SHA-256 of a file, read in pieces of 64 KiB.
pub fn digest_of(path: &Path) -> Result<Digest, Failure> {
    let mut file = files::open(path, "bundle")?;
    let mut hasher = HostPrimitives.hasher();
    let mut piece = vec![0; 64 * 1024];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => hasher.update(&piece[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                let problem = format!("{} can't be read: {error}", path.display());
                return Err(Failure::usage(
                    "bundle.unreadable",
                    problem,
                    "check the disk",
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_bundle_is_not_signed_whole_and_one_that_is_gone_is_told() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("bundle");
        assert!(fits_in_memory(&path).is_err(), "it isn't there");
        let file = fs::File::create(&path).expect("an own folder");
        for (bytes, expected) in [(SIGNED_BYTES_MAX, true), (SIGNED_BYTES_MAX + 1, false)] {
            file.set_len(bytes).expect("room for holes");
            assert!(matches!(fits_in_memory(&path), Ok(fits) if fits == expected));
        }
    }

    #[test]
    fn what_openssl_cannot_check_is_not_promised() {
        assert_eq!(commands("a", Algorithm::Ed25519), ["sha256sum -c a.sha256"]);
        let told = commands("a", Algorithm::Esp384);
        assert_eq!(
            told[1],
            "openssl dgst -sha384 -verify a.pub.pem -signature a.sig a"
        );
    }
}
