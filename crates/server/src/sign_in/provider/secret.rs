//! The secret by which a provider knows this server: read from a file, told to the provider alone. Read [`ClientSecret`].

use std::fmt;
use std::path::{Path, PathBuf};

use reqwest::RequestBuilder;
use zeroize::Zeroizing;

use crate::settings::secret;

const SECRET_FILE: &str = "oidc.client_secret_file";
const ISSUER: &str = "oidc.issuer";

/// The secret. It prints itself as stars and is wiped when it goes.
pub(super) struct ClientSecret(Zeroizing<String>);

/// Why no provider can be asked.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// What should be its secret isn't one.
    #[error("{} {because}", .path.display())]
    Secret {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, without anything that is in it.
        because: String,
    },
    /// There are no certificate authorities here, perhaps.
    #[error("no connection to it could be trusted: {0}")]
    Client(#[source] reqwest::Error),
}

impl ProviderError {
    /// The setting that it is about.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Secret { .. } => SECRET_FILE,
            Self::Client(_) => ISSUER,
        }
    }

    /// The stable id.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Secret { .. } => "settings.secret-malformed",
            Self::Client(_) => "oidc.no-authorities",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Secret { .. } => "write nothing but the provider's secret into it, on one line",
            Self::Client(_) => {
                "install the system's certificate authorities (Debian: ca-certificates), or name a file with them in the variable SSL_CERT_FILE"
            }
        }
    }
}

impl ClientSecret {
    /// The only line of a file.
    pub fn read(path: &Path) -> Result<Self, ProviderError> {
        let refused = |because: String| ProviderError::Secret {
            path: path.to_owned(),
            because,
        };
        let text = secret::read(path).map_err(refused)?;
        let mut lines = text.lines().filter(|line| !line.is_empty());
        match (lines.next(), lines.next()) {
            (Some(secret), None) => Ok(Self(Zeroizing::new(secret.to_owned()))),
            _ => Err(refused("isn't one line".to_owned())),
        }
    }

    /// In clear, for the provider's form.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The request with id and secret in its head, written as RFC 6749, section 2.3.1, says.
    pub fn shown(&self, request: RequestBuilder, client_id: &str) -> RequestBuilder {
        let written = |text: &str| -> Zeroizing<String> {
            Zeroizing::new(form_urlencoded::byte_serialize(text.as_bytes()).collect())
        };
        request.basic_auth(&*written(client_id), Some(&*written(&self.0)))
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ClientSecret(***)")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_secret_is_one_line_and_told_to_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let long = "x".repeat(5000);
        for (content, good) in [
            ("never shown", true),
            ("never shown\n", true),
            ("never shown\r\n\r\n", true),
            ("", false),
            ("\n", false),
            ("never\nshown", false),
            (long.as_str(), false),
        ] {
            fs::write(&path, content).unwrap();
            let read = ClientSecret::read(&path);
            assert_eq!(read.is_ok(), good, "{content:?}");
            let told = format!("{read:?}");
            assert!(!told.contains("never") && !told.contains("xxx"), "{told}");
            if let Ok(secret) = read {
                assert_eq!(secret.reveal(), "never shown");
            }
        }
        fs::write(&path, b"\xff\xfe").unwrap();
        let refused = ClientSecret::read(&path).unwrap_err();
        assert_eq!(refused.id(), "settings.secret-malformed");
        assert_eq!(refused.setting(), "oidc.client_secret_file");
        let missing = ClientSecret::read(&folder.path().join("missing"));
        assert!(missing.is_err());
    }
}
