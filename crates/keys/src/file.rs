//! Key files: created once and never overwritten, readable by their owner alone.
//!
//! A key `NAME` is two files: `NAME`, the encrypted private half, and `NAME.pub`, the public half
//! with its holder. Both appear whole or not at all: each is written under a temporary name (mode
//! 0600, never an existing file) and then given its own, unless that is taken. Read [`create`] and
//! [`open`].

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::pkcs8_pem::{self, Unsealable};
use crate::{FileSigner, KeyError, Passphrase, PublicHalf, SecretKey};

/// Largest key file: a sealed P-256 key has some 400 bytes, one of ML-DSA-87 in its longest form
/// some 7 KB, its public half 5 KB; and an RSA key that someone names by mistake still gets its own
/// message below this.
pub const KEY_FILE_BYTES_MAX: usize = 16 * 1024;

/// Keeps a new key in `path`, sealed by `passphrase`, and its public half beside it. Returns the
/// public half. Refuses if either file exists.
pub fn create(
    path: &Path,
    key: &SecretKey,
    passphrase: &Passphrase,
) -> Result<PublicHalf, KeyError> {
    let public = PublicHalf::of(&key.signer()?);
    let public_path = PublicHalf::path_beside(path);
    for taken in [path, &public_path] {
        if taken.symlink_metadata().is_ok() {
            return Err(KeyError::Exists(taken.to_owned()));
        }
    }
    let sealed = pkcs8_pem::seal(key.pkcs8(), passphrase)
        .ok_or(KeyError::Library("encrypt the private key"))?;
    // The public half first: alone it is harmless, while a private half alone can't be opened.
    write_new(&public_path, &public.to_text())?;
    write_new(path, &sealed).inspect_err(|_| drop(std::fs::remove_file(&public_path)))?;
    Ok(public)
}

/// Keeps a public half alone: of a key that signs elsewhere. Refuses if the file exists.
pub fn create_public(path: &Path, public: &PublicHalf) -> Result<(), KeyError> {
    write_new(path, &public.to_text())
}

/// Opens the key in `path`. Its holder is the one that the public half beside it names.
pub fn open(path: &Path, passphrase: &Passphrase) -> Result<FileSigner, KeyError> {
    open_with_secret(path, passphrase).map(|(signer, _)| signer)
}

/// As [`open`], for a caller that will keep the key under another passphrase or in another place.
pub fn open_secret(path: &Path, passphrase: &Passphrase) -> Result<SecretKey, KeyError> {
    open_with_secret(path, passphrase).map(|(_, key)| key)
}

fn open_with_secret(
    path: &Path,
    passphrase: &Passphrase,
) -> Result<(FileSigner, SecretKey), KeyError> {
    Sealed::read(path)?.unseal(passphrase)
}

/// A key file and its public half, read but not opened: all that can be said without the passphrase.
pub(crate) struct Sealed {
    path: PathBuf,
    text: String,
    public: PublicHalf,
}

impl Sealed {
    /// Reads both files.
    pub(crate) fn read(path: &Path) -> Result<Self, KeyError> {
        let text = read_bounded(path, KEY_FILE_BYTES_MAX)?;
        check_private(path)?;
        pkcs8_pem::read(&text).map_err(|why| explain(path, why))?;
        let public = PublicHalf::open(&PublicHalf::path_beside(path))?;
        let path = path.to_owned();
        Ok(Self { path, text, public })
    }

    /// Whose key it is, by the public half.
    pub(crate) fn public(&self) -> &PublicHalf {
        &self.public
    }

    /// Opens it, which takes a while on purpose.
    pub(crate) fn unseal(
        &self,
        passphrase: &Passphrase,
    ) -> Result<(FileSigner, SecretKey), KeyError> {
        let document = pkcs8_pem::unseal(&self.text, passphrase);
        let document = document.map_err(|why| explain(&self.path, why))?;
        let key = SecretKey::new(&self.public.holder, document.as_bytes())?;
        let signer = key
            .signer()
            .map_err(|_| KeyError::Unsupported(self.path.clone()))?;
        if PublicHalf::of(&signer) != self.public {
            return Err(KeyError::Mismatch(PublicHalf::path_beside(&self.path)));
        }
        Ok((signer, key))
    }
}

/// Whether `text` is a sealed private key that [`open`] would spend work on: PEM, PBES2, and within the
/// bounds of memory and time. Nothing is decrypted.
pub fn is_sealed(text: &str) -> bool {
    pkcs8_pem::read(text).is_ok()
}

/// The text of a file of at most `bytes_max` bytes.
///
/// # Errors
/// If it can't be read, is larger, or isn't text.
pub fn read_bounded(path: &Path, bytes_max: usize) -> Result<String, KeyError> {
    let why = "it isn't text";
    String::from_utf8(read_bytes(path, bytes_max)?).map_err(|_| KeyError::NotAKey {
        path: path.to_owned(),
        why,
    })
}

/// The content of a file of at most `bytes_max` bytes.
pub(crate) fn read_bytes(path: &Path, bytes_max: usize) -> Result<Vec<u8>, KeyError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(bytes_max as u64 + 1).read_to_end(&mut bytes))
        .map_err(|cause| KeyError::reading(path, cause))?;
    if bytes.len() > bytes_max {
        return Err(KeyError::TooLarge(path.to_owned()));
    }
    Ok(bytes)
}

fn explain(path: &Path, why: Unsealable) -> KeyError {
    let path = path.to_owned();
    match why {
        Unsealable::NotAKey(why) => KeyError::NotAKey { path, why },
        Unsealable::NotEncrypted => KeyError::NotEncrypted(path),
        Unsealable::WrongPassphrase => KeyError::WrongPassphrase(path),
    }
}

/// Writes a file that must not exist yet, all at once. `tempfile` creates with mode 0600 and never
/// opens an existing file; its name is taken over only if nothing bears that name already.
pub(crate) fn write_new(path: &Path, text: &str) -> Result<(), KeyError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let unwritable = |cause| KeyError::writing(path, cause);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
    file.write_all(text.as_bytes()).map_err(unwritable)?;
    file.as_file().sync_all().map_err(unwritable)?;
    file.persist_noclobber(path)
        .map_err(|refused| unwritable(refused.error))?;
    Ok(())
}

/// Refuses a private key that other accounts may read or replace.
#[cfg(unix)]
fn check_private(path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(path).map_err(|cause| KeyError::reading(path, cause))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::ReadableByOthers {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

/// Windows keeps a user's own folders from other accounts; there are no mode bits to read.
#[cfg(not(unix))]
fn check_private(_: &Path) -> Result<(), KeyError> {
    Ok(())
}
