//! What lasts from one start to the next: the account at the authority, and the certificate with its key. Read [`Kept`].
//!
//! Both are files of the data folder that nobody but the server's user may read, written whole or not at all. A backup has neither: a server that is set back
//! asks for others.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use instant_acme::AccountCredentials;
use tokio::fs;
use tokio::io::AsyncWriteExt as _;
use zeroize::Zeroizing;

use super::fault::Fault;

/// The account's address, its key and the authority's directory, as JSON.
const ACCOUNT: &str = "acme-account";

/// The certificate with those behind it, and its key, in PEM; before them stands who gave it.
const CERTIFICATE: &str = "acme-certificate";

/// Stands before the address of the directory, on the first line.
const DIRECTORY: &str = "directory: ";

/// An account has some three hundred bytes.
const ACCOUNT_BYTES_MAX: u64 = 16 * 1024;

/// More than the longest address of a directory.
const LINE_BYTES_MAX: u64 = 2048;

/// Where it lies.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    account: PathBuf,
    certificate: PathBuf,
}

impl Kept {
    /// In this data folder.
    pub fn below(folder: &Path) -> Self {
        Self {
            account: folder.join(ACCOUNT),
            certificate: folder.join(CERTIFICATE),
        }
    }

    /// The file with the certificate and its key.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// Whether the certificate is this directory's.
    pub fn is_from(&self, directory: &str) -> bool {
        let mut begins = Vec::new();
        let read = File::open(&self.certificate)
            .and_then(|file| file.take(LINE_BYTES_MAX).read_to_end(&mut begins));
        let line = begins.split(|byte| *byte == b'\n').next();
        read.is_ok() && line == Some(format!("{DIRECTORY}{directory}").as_bytes())
    }

    /// The account at this directory, if there is one. One that can't be read is as good as none: another one is made.
    pub async fn account(&self, directory: &str) -> Option<AccountCredentials> {
        let size = fs::metadata(&self.account).await.ok()?.len();
        if size > ACCOUNT_BYTES_MAX {
            return None;
        }
        let text = Zeroizing::new(fs::read(&self.account).await.ok()?);
        let known: serde_json::Value = serde_json::from_slice(&text).ok()?;
        let is_there = known["directory"] == directory;
        is_there.then(|| serde_json::from_value(known).ok())?
    }

    /// Keeps an account.
    ///
    /// # Errors
    /// [`Fault::Unkept`].
    pub async fn keep_account(&self, account: &AccountCredentials) -> Result<(), Fault> {
        let text = serde_json::to_vec(account).map_err(io::Error::other);
        let kept = match text {
            Ok(text) => write(&self.account, &Zeroizing::new(text)).await,
            Err(error) => Err(error),
        };
        kept.map_err(|cause| unkept(&self.account, cause))
    }

    /// Forgets the account.
    ///
    /// # Errors
    /// [`Fault::Unkept`].
    pub async fn forget_account(&self) -> Result<(), Fault> {
        let removed = fs::remove_file(&self.account).await;
        removed.map_err(|cause| unkept(&self.account, cause))
    }

    /// Keeps a certificate, as [`text`] writes it.
    ///
    /// # Errors
    /// [`Fault::Unkept`].
    pub async fn keep_certificate(&self, text: &str) -> Result<(), Fault> {
        let kept = write(&self.certificate, text.as_bytes()).await;
        kept.map_err(|cause| unkept(&self.certificate, cause))
    }
}

/// A certificate and its key as they are kept. The key stands first: whatever else the authority sent is never taken for it.
pub(super) fn text(directory: &str, key: &str, chain: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("{DIRECTORY}{directory}\n{key}{chain}"))
}

/// All of it, or nothing.
async fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = path.with_added_extension("partial");
    // What was left by an earlier one that was killed, with whatever permissions.
    let _ = fs::remove_file(&partial).await;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(&partial).await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    fs::rename(&partial, path).await?;
    // That it has its name lasts, too.
    match path.parent() {
        Some(folder) => fs::File::open(folder).await?.sync_all().await,
        None => Ok(()),
    }
}

fn unkept(path: &Path, cause: io::Error) -> Fault {
    Fault::Unkept {
        path: path.to_owned(),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "https://ca.example/directory";
    const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";

    fn account(directory: &str) -> String {
        format!(r#"{{"id":"https://ca.example/1","key_pkcs8":"{KEY}","directory":"{directory}"}}"#)
    }

    #[tokio::test]
    async fn an_account_lasts_and_is_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::below(folder.path());
        assert!(kept.account(HERE).await.is_none());
        let made = serde_json::from_str::<AccountCredentials>(&account(HERE)).unwrap();
        kept.keep_account(&made).await.unwrap();
        let again = kept.account(HERE).await.unwrap();
        assert_eq!(again.private_key(), made.private_key());
        assert!(
            kept.account("https://other.example/directory")
                .await
                .is_none()
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let file = folder.path().join(ACCOUNT);
            let mode = std::fs::metadata(file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        kept.forget_account().await.unwrap();
        assert!(kept.account(HERE).await.is_none());
        assert_eq!(kept.forget_account().await.unwrap_err().id(), "acme.unkept");
    }

    /// What a disk made of it is no account, and keeps no other one from being made.
    #[tokio::test]
    async fn an_account_that_can_not_be_read_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::below(folder.path());
        let large = " ".repeat(20_000) + &account(HERE);
        for text in ["", "{}", "[1]", &account(HERE)[1..], &large] {
            std::fs::write(folder.path().join(ACCOUNT), text).unwrap();
            assert!(kept.account(HERE).await.is_none(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_certificate_is_kept_with_who_gave_it_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::below(folder.path());
        assert!(!kept.is_from(HERE));
        let partial = folder.path().join("acme-certificate.partial");
        std::fs::write(&partial, "left by one that was killed").unwrap();
        let text = text(HERE, "the key\n", "the chain\n");
        kept.keep_certificate(&text).await.unwrap();
        assert!(kept.is_from(HERE) && !partial.exists());
        assert!(!kept.is_from("https://ca.example/dir"));
        assert!(!kept.is_from(&format!("{HERE}/more")));
        let found = std::fs::read_to_string(kept.certificate()).unwrap();
        assert_eq!(found, *text);
    }
}
