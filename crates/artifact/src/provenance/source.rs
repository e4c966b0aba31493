//! What a build was made from, pinned: a URI and the digest of what it named.

use super::ProvenanceError;

/// Longest URI: browsers and registries cut at a few thousand; what names a repository or a builder
/// has some hundred characters.
const URI_BYTES_MAX: usize = 512;

/// One dependency that was resolved to fixed content (SLSA Provenance v1, `resolvedDependencies`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it is from.
    pub uri: String,
    /// `sha256` or `gitCommit`, as in-toto names them (`DigestSet`).
    pub algorithm: &'static str,
    /// Lower-case hexadecimal digits.
    pub digest: String,
}

impl Source {
    /// Reads `URI@DIGEST`: 64 hexadecimal digits are a SHA-256, 40 a git commit.
    ///
    /// # Errors
    /// [`ProvenanceError::Source`] or [`ProvenanceError::Uri`].
    pub fn parse(text: &str) -> Result<Self, ProvenanceError> {
        let refused = || ProvenanceError::Source(text.chars().take(URI_BYTES_MAX).collect());
        let (uri, digest) = text.rsplit_once('@').ok_or_else(refused)?;
        let hexadecimal = digest.bytes().all(|b| b.is_ascii_hexdigit());
        let algorithm = match digest.len() {
            64 if hexadecimal => "sha256",
            40 if hexadecimal => "gitCommit",
            _ => return Err(refused()),
        };
        Ok(Self {
            uri: uri_of(uri)?,
            algorithm,
            digest: digest.to_ascii_lowercase(),
        })
    }
}

/// A text that has the shape of a URI: a scheme, a colon, and visible characters (RFC 3986,
/// section 3). Nothing is ever fetched from it.
pub(super) fn uri_of(text: &str) -> Result<String, ProvenanceError> {
    let visible = text.len() <= URI_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic());
    let scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    match text.split_once(':') {
        Some((before, after)) if visible && scheme(before) && !after.is_empty() => {
            Ok(text.to_owned())
        }
        _ => Err(ProvenanceError::Uri(
            text.chars().take(URI_BYTES_MAX).collect(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found = Source::parse(text).map_or_else(
            |error| error.id().to_owned(),
            |source| format!("{} {}", source.algorithm, source.uri),
        );
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_names_a_source() {
        let (commit, sha) = ("A1".repeat(20), "0f".repeat(32));
        let git = "git+https://git.example/app";
        check(&format!("{git}@{commit}"), &format!("gitCommit {git}"));
        check(
            &format!("{git}@refs/tags/v1@{commit}"),
            &format!("gitCommit {git}@refs/tags/v1"),
        );
        check(
            &format!("pkg:generic/libc@{sha}"),
            "sha256 pkg:generic/libc",
        );
        check(git, "provenance.source");
        check(&format!("{git}@v1.2"), "provenance.source");
        check(&format!("{git}@{}", "x".repeat(40)), "provenance.source");
        check(&format!("app@{commit}"), "provenance.uri");
        check(&format!("9p:app@{commit}"), "provenance.uri");
        check(&format!("https:@{commit}"), "provenance.uri");
        check(&format!("https://a b@{commit}"), "provenance.uri");
        check(
            &format!("https://{}@{commit}", "a".repeat(URI_BYTES_MAX)),
            "provenance.uri",
        );
    }

    #[test]
    fn a_digest_is_written_small() {
        let source = Source::parse(&format!("a:b@{}", "AB".repeat(20))).unwrap();
        assert_eq!(source.digest, "ab".repeat(20));
    }
}
