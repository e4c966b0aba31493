//! The public half of a key, beside it as `NAME.pub`: what a root is built from.
//!
//! A small TOML file, so that a person can read whose key it is. It is no certificate: nothing
//! vouches for it but the root that later names it. Read [`PublicHalf`] first.

use std::path::{Path, PathBuf};

use mainstay_artifact::{PublicKeyBuf, Signer};
use mainstay_trust::{Algorithm, KeyId};
use serde::{Deserialize, Serialize};

use crate::file::{self, KEY_FILE_BYTES_MAX};
use crate::{HostPrimitives, KeyError};

/// Whose key it is, its id, and the public key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicHalf {
    /// The person or service that holds the private half.
    pub holder: String,
    /// Id by RFC 9679, computed from the key, never trusted from the file.
    pub key_id: KeyId,
    /// The key.
    pub public_key: PublicKeyBuf,
}

/// The file's shape.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    holder: String,
    algorithm: String,
    key_id: String,
    public_key: String,
}

impl PublicHalf {
    /// The public half of a signer.
    pub fn of(signer: &dyn Signer) -> Self {
        Self {
            holder: signer.holder().to_owned(),
            key_id: signer.key_id(),
            public_key: signer.public_key().into(),
        }
    }

    /// The public half of a key that signs elsewhere: a token's, or a hash-based one.
    pub fn new(holder: &str, public_key: PublicKeyBuf) -> Self {
        Self {
            holder: holder.to_owned(),
            key_id: KeyId::of(&public_key.as_key(), &HostPrimitives),
            public_key,
        }
    }

    /// Reads a `.pub` file.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        let text = file::read_bounded(path, KEY_FILE_BYTES_MAX)?;
        Self::parse(&text).map_err(|why| KeyError::NotAPublicHalf {
            path: path.to_owned(),
            why,
        })
    }

    /// Where the public half of the key in `path` is kept: the same name and `.pub`.
    pub fn path_beside(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".pub");
        PathBuf::from(name)
    }

    /// The text of the `.pub` file.
    pub fn to_text(&self) -> String {
        let text = Text {
            holder: self.holder.clone(),
            algorithm: self.public_key.algorithm().id().to_owned(),
            key_id: self.key_id.to_string(),
            public_key: hex::encode(self.public_key.as_key().bytes()),
        };
        toml::to_string(&text).expect("four strings are always TOML")
    }

    /// Reads the text of a `.pub` file.
    ///
    /// # Errors
    /// What is wrong with it, as a clause.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text: Text = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let algorithm = Algorithm::from_id(&text.algorithm).ok_or_else(unknown_algorithm)?;
        let bytes = hex::decode(&text.public_key).map_err(|_| "public_key isn't hexadecimal")?;
        let public_key = PublicKeyBuf::new(algorithm, &bytes)
            .map_err(|why| format!("public_key can't be one: {why}"))?;
        let key_id = KeyId::of(&public_key.as_key(), &HostPrimitives);
        if key_id.to_string() != text.key_id {
            return Err("key_id isn't that of public_key".to_owned());
        }
        Ok(Self {
            holder: text.holder,
            key_id,
            public_key,
        })
    }
}

fn unknown_algorithm() -> String {
    let known = Algorithm::ALL.map(Algorithm::id).join(", ");
    format!("its algorithm is none of {known}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_artifact::signer::FakeSigner;

    #[test]
    fn text_and_back() {
        let half = PublicHalf::of(&FakeSigner::new("ana@northwind.example"));
        assert_eq!(PublicHalf::parse(&half.to_text()), Ok(half));
    }

    /// A hash-based key signs in hardware; here only its public half is known.
    #[test]
    fn a_key_that_signs_elsewhere() {
        let mut bytes = [0; 60];
        (bytes[3], bytes[7], bytes[11]) = (1, 5, 4);
        let key = PublicKeyBuf::new(Algorithm::HssLms, &bytes).unwrap();
        let half = PublicHalf::new("module.northwind.example", key);
        let text = half.to_text();
        assert!(text.contains("algorithm = \"HSS-LMS\"\n"));
        assert_eq!(PublicHalf::parse(&text), Ok(half));
        let two_trees = text.replace("public_key = \"00000001", "public_key = \"00000002");
        assert!(
            PublicHalf::parse(&two_trees)
                .unwrap_err()
                .contains("one tree")
        );
    }

    #[test]
    fn each_defect_is_named() {
        let good = PublicHalf::of(&FakeSigner::new("ana")).to_text();
        let other = PublicHalf::of(&FakeSigner::new("li")).key_id.to_string();
        let own = PublicHalf::of(&FakeSigner::new("ana")).key_id.to_string();
        let cases = [
            (good.replace("ESP256", "ES256K"), "algorithm"),
            (good.replace(&own, &other), "key_id"),
            (
                good.replace("public_key = \"04", "public_key = \"02"),
                "public_key",
            ),
            (
                good.replace("public_key = \"04", "public_key = \"xx"),
                "hexadecimal",
            ),
            (format!("{good}secret = 1\n"), "unknown field"),
            (String::new(), "missing field"),
        ];
        for (text, expected) in cases {
            let why = PublicHalf::parse(&text).unwrap_err();
            assert!(why.contains(expected), "{why:?} should name {expected:?}");
        }
    }
}
