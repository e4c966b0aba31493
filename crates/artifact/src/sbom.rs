//! The bill of materials that a release is bound to: CycloneDX or SPDX, in JSON.
//!
//! It is read once, in constant memory: hashed, and looked at just closely enough that a wrong file
//! isn't bound for ever. What it lists is not judged here. Read [`Sbom`] first.

use std::io::{self, BufRead, BufReader, Read};

use mainstay_trust::{Digest, Hasher, Primitives};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::error::Category;

/// Largest bill of materials: that of a whole Linux distribution in SPDX has some ten megabytes.
pub const SBOM_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// What a bill of materials is, and its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sbom {
    /// SHA-256 of the file, as a manifest binds it.
    pub digest: Digest,
    /// Format and version as the file says, such as `CycloneDX 1.6` or `SPDX-2.3`.
    pub format: String,
}

/// Why a file isn't a bill of materials.
#[derive(Debug, thiserror::Error)]
pub enum SbomError {
    /// The stream failed.
    #[error("the bill of materials could not be read: {0}")]
    Stream(io::Error),
    /// Above the bound.
    #[error("the bill of materials has more than {SBOM_BYTES_MAX} bytes")]
    TooLarge,
    /// Not JSON.
    #[error("the bill of materials isn't JSON: {0}")]
    NotJson(serde_json::Error),
    /// JSON, but of another kind.
    #[error(
        "the bill of materials is neither CycloneDX (bomFormat, specVersion) nor SPDX (spdxVersion, \
         or @context and @graph)"
    )]
    UnknownFormat,
}

impl SbomError {
    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Stream(_) => "sbom.stream",
            Self::TooLarge => "sbom.too-large",
            Self::NotJson(_) => "sbom.not-json",
            Self::UnknownFormat => "sbom.unknown-format",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Stream(_) => "Check that the file exists and that you may read it.",
            Self::TooLarge => "Bind a bill of materials of at most 32 MiB.",
            Self::NotJson(_) | Self::UnknownFormat => {
                "Let the build write its bill of materials as CycloneDX or SPDX in JSON."
            }
        }
    }
}

/// The members that tell the formats apart; all others are skipped.
#[derive(Deserialize)]
struct Markers {
    #[serde(rename = "bomFormat")]
    bom_format: Option<String>,
    #[serde(rename = "specVersion")]
    spec_version: Option<String>,
    #[serde(rename = "spdxVersion")]
    spdx_version: Option<String>,
    #[serde(rename = "@context")]
    context: Option<Context>,
    #[serde(rename = "@graph")]
    graph: Option<IgnoredAny>,
}

/// `@context` of JSON-LD is a text in SPDX 3; other documents may have anything there.
#[derive(Deserialize)]
#[serde(untagged)]
enum Context {
    Text(String),
    Other(IgnoredAny),
}

impl Sbom {
    /// Reads a bill of materials to its end.
    ///
    /// # Errors
    /// What isn't one, or is too large.
    pub fn read(source: &mut dyn Read, primitives: &impl Primitives) -> Result<Self, SbomError> {
        let mut hashed = Hashed {
            source: source.take(SBOM_BYTES_MAX + 1),
            hasher: primitives.hasher(),
        };
        let mut text = BufReader::with_capacity(64 * 1024, &mut hashed);
        let listed = begins_as_list(&mut text).map_err(SbomError::Stream)?;
        let markers = serde_json::from_reader(&mut text);
        // What follows the text was refused above, but its size and its bytes count as well.
        io::copy(&mut text, &mut io::sink()).map_err(SbomError::Stream)?;
        if hashed.source.limit() == 0 {
            return Err(SbomError::TooLarge);
        }
        let markers: Markers = markers.map_err(refused)?;
        if listed {
            return Err(SbomError::UnknownFormat);
        }
        Ok(Self {
            digest: hashed.hasher.finish(),
            format: markers.format().ok_or(SbomError::UnknownFormat)?,
        })
    }
}

/// Whether the first visible character opens a list, whose items would be taken for our members in
/// order.
fn begins_as_list(text: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = text.fill_buf()?;
        let blanks = bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
        match bytes.get(blanks) {
            Some(first) => return Ok(*first == b'['),
            None if bytes.is_empty() => return Ok(false),
            None => text.consume(blanks),
        }
    }
}

fn refused(error: serde_json::Error) -> SbomError {
    match error.classify() {
        Category::Io => SbomError::Stream(error.into()),
        // JSON it is, but a marker isn't a text, or the whole isn't an object.
        Category::Data => SbomError::UnknownFormat,
        Category::Syntax | Category::Eof => SbomError::NotJson(error),
    }
}

impl Markers {
    fn format(&self) -> Option<String> {
        match (&self.bom_format, &self.spec_version, &self.spdx_version) {
            (Some(format), Some(version), None) if format == "CycloneDX" => {
                Some(format!("{format} {}", short(version)?))
            }
            (None, _, Some(version)) if version.starts_with("SPDX-") => short(version),
            (None, None, None) => self.spdx_3(),
            _ => None,
        }
    }

    /// SPDX 3 is JSON-LD; its context names the version.
    fn spdx_3(&self) -> Option<String> {
        let (Some(Context::Text(context)), Some(_)) = (&self.context, &self.graph) else {
            return None;
        };
        let version = context.strip_prefix("https://spdx.org/rdf/")?;
        let version = version.strip_suffix("/spdx-context.jsonld")?;
        Some(format!("SPDX-{}", short(version)?))
    }
}

/// A version as it may be shown: a few visible characters.
fn short(version: &str) -> Option<String> {
    let plain = (1..=16).contains(&version.len()) && version.bytes().all(|b| b.is_ascii_graphic());
    plain.then(|| version.to_owned())
}

/// Hashes what is read through it.
struct Hashed<R, H> {
    source: R,
    hasher: H,
}

impl<R: Read, H: Hasher> Read for Hashed<R, H> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buf)?;
        self.hasher.update(&buf[..n]);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_trust::RustCrypto;

    fn check(text: &str, expected: &str) {
        let found = match Sbom::read(&mut text.as_bytes(), &RustCrypto) {
            Ok(sbom) => {
                assert_eq!(sbom.digest, RustCrypto.digest(text.as_bytes()), "{text}");
                sbom.format
            }
            Err(error) => error.id().to_owned(),
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn formats_are_told_by_their_markers() {
        check(
            r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"name":"libc"}]}"#,
            "CycloneDX 1.6",
        );
        check(
            r#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","packages":[]}"#,
            "SPDX-2.3",
        );
        check(
            r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]} "#,
            "SPDX-3.0.1",
        );
    }

    #[test]
    fn whatever_else_is_refused() {
        let unknown = "sbom.unknown-format";
        for text in [
            "{}",
            "[]",
            r#" ["CycloneDX","1.6",null,null,null]"#,
            "7",
            r#"{"bomFormat":"CycloneDX"}"#,
            r#"{"bomFormat":"cyclone","specVersion":"1.6"}"#,
            r#"{"bomFormat":7,"specVersion":"1.6"}"#,
            r#"{"bomFormat":"CycloneDX","specVersion":"1.6","bomFormat":"CycloneDX"}"#,
            r#"{"bomFormat":"CycloneDX","specVersion":"1.6","spdxVersion":"SPDX-2.3"}"#,
            r#"{"bomFormat":"CycloneDX","specVersion":"1.6\u0007"}"#,
            r#"{"spdxVersion":"2.3"}"#,
            r#"{"@context":["https://spdx.org/rdf/3.0.1/spdx-context.jsonld"],"@graph":[]}"#,
            r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}"#,
        ] {
            check(text, unknown);
        }
        for text in [
            "",
            "{",
            "<bom/>",
            r#"{"bomFormat":"CycloneDX","specVersion":"1.6"} x"#,
        ] {
            check(text, "sbom.not-json");
        }
        check(
            &format!("{}1{}", "[".repeat(5000), "]".repeat(5000)),
            unknown,
        );
    }

    #[test]
    fn an_endless_one_is_bounded() {
        let mut endless = (&b"\""[..]).chain(io::repeat(b' '));
        let refused = Sbom::read(&mut endless, &RustCrypto).unwrap_err();
        assert_eq!(refused.id(), "sbom.too-large");
    }
}
