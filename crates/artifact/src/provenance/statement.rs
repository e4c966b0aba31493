//! The statement itself: in-toto Statement v1, SLSA Provenance v1.
//!
//! What we write is [`Written`], in a fixed order of members; what we read is [`Claims`], which takes
//! from any builder's statement the four members that we ask about, and leaves the rest alone.

use std::collections::BTreeMap;

use mainstay_trust::Digest;
use serde::{Deserialize, Serialize};

use super::source::uri_of;
use super::{ProvenanceError, Source};
use crate::pack::PackRequest;

/// `_type` of an in-toto statement.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// `predicateType` of SLSA's provenance.
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// `buildType` of what we write: a firmware image, to be packed as its external parameters say.
pub const BUILD_TYPE: &str = "urn:mainstay:build-type:firmware-pack:v1";

/// Subjects that a statement may name: one for each image of a build, and hardly a dozen classes.
const SUBJECTS_MAX: usize = 256;

/// What is stated of an image.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The image's file name, without a folder: whose folder it was is nobody's business.
    pub image_name: &'a str,
    /// SHA-256 of the image.
    pub image: Digest,
    /// What was asked of the build: how the image is to be packed.
    pub pack: &'a PackRequest,
    /// The platform that ran the build, and vouches for it: a URI.
    pub builder_id: String,
    /// What it was made from.
    pub sources: Vec<Source>,
    /// When the build began and ended, by RFC 3339; left out, the statement is reproducible.
    pub started_on: Option<String>,
    /// As above.
    pub finished_on: Option<String>,
}

impl<'a> Request<'a> {
    /// A statement without sources and moments.
    ///
    /// # Errors
    /// [`ProvenanceError::Uri`] if `builder_id` isn't one.
    pub fn new(
        image_name: &'a str,
        image: Digest,
        pack: &'a PackRequest,
        builder_id: &str,
    ) -> Result<Self, ProvenanceError> {
        Ok(Self {
            image_name,
            image,
            pack,
            builder_id: uri_of(builder_id)?,
            sources: Vec::new(),
            started_on: None,
            finished_on: None,
        })
    }

    /// The statement's bytes.
    pub(super) fn statement(&self) -> Vec<u8> {
        let written = Written {
            kind: STATEMENT,
            subject: [Subject {
                name: self.image_name,
                digest: [("sha256", self.image.to_string())].into(),
            }],
            predicate_type: PROVENANCE,
            predicate: self.predicate(),
        };
        serde_json::to_vec(&written).expect("texts, numbers and maps of texts are always JSON")
    }

    fn predicate(&self) -> Predicate<'_> {
        Predicate {
            build_definition: BuildDefinition {
                build_type: BUILD_TYPE,
                external_parameters: Parameters::of(self.pack),
                resolved_dependencies: self.sources.iter().map(Dependency::of).collect(),
            },
            run_details: RunDetails {
                builder: Builder {
                    id: &self.builder_id,
                },
                metadata: Metadata {
                    started_on: self.started_on.as_deref(),
                    finished_on: self.finished_on.as_deref(),
                },
            },
        }
    }
}

#[derive(Serialize)]
struct Written<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: [Subject<'a>; 1],
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: Predicate<'a>,
}

#[derive(Serialize)]
struct Subject<'a> {
    name: &'a str,
    digest: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Predicate<'a> {
    build_definition: BuildDefinition<'a>,
    run_details: RunDetails<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BuildDefinition<'a> {
    build_type: &'static str,
    external_parameters: Parameters<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resolved_dependencies: Vec<Dependency<'a>>,
}

/// The pack request, member by member.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Parameters<'a> {
    class: String,
    version: &'a str,
    sequence: u64,
    security_floor: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    use_before: Option<u64>,
    bootloader_min: String,
    returns_to: &'a [Digest],
    #[serde(skip_serializing_if = "Option::is_none")]
    sbom: Option<Digest>,
}

impl<'a> Parameters<'a> {
    fn of(pack: &'a PackRequest) -> Self {
        Self {
            class: pack.class.to_string(),
            version: &pack.version,
            sequence: pack.sequence,
            security_floor: pack.security_floor,
            use_before: pack.use_before,
            bootloader_min: pack.bootloader_min.to_string(),
            returns_to: &pack.returns_to,
            sbom: pack.sbom,
        }
    }
}

#[derive(Serialize)]
struct Dependency<'a> {
    uri: &'a str,
    digest: BTreeMap<&'static str, &'a str>,
}

impl<'a> Dependency<'a> {
    fn of(source: &'a Source) -> Self {
        Self {
            uri: &source.uri,
            digest: [(source.algorithm, source.digest.as_str())].into(),
        }
    }
}

#[derive(Serialize)]
struct RunDetails<'a> {
    builder: Builder<'a>,
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Builder<'a> {
    id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    started_on: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_on: Option<&'a str>,
}

impl Metadata<'_> {
    fn is_empty(&self) -> bool {
        self.started_on.is_none() && self.finished_on.is_none()
    }
}

/// What any builder's statement says, as far as we ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claims {
    subject: Vec<ReadSubject>,
    pub(super) builder_id: String,
}

impl Claims {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, ProvenanceError> {
        let no = |why: &str| ProvenanceError::Statement(why.to_owned());
        let read: ReadStatement = serde_json::from_slice(bytes).map_err(|e| no(&e.to_string()))?;
        if read.kind != STATEMENT {
            return Err(no("its _type is another one"));
        }
        if read.predicate_type != PROVENANCE {
            return Err(no("its predicateType is another one"));
        }
        if !(1..=SUBJECTS_MAX).contains(&read.subject.len()) {
            return Err(no("it has no subject, or more than 256"));
        }
        Ok(Self {
            subject: read.subject,
            builder_id: uri_of(&read.predicate.run_details.builder.id)?,
        })
    }

    /// The SHA-256 digests that it is about, in lower case.
    pub(super) fn subjects(&self) -> Vec<String> {
        let digests = self.subject.iter().filter_map(|s| s.digest.sha256.as_ref());
        digests.map(|digest| digest.to_ascii_lowercase()).collect()
    }
}

#[derive(Deserialize)]
struct ReadStatement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<ReadSubject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: ReadPredicate,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct ReadSubject {
    digest: ReadDigests,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct ReadDigests {
    sha256: Option<String>,
}

#[derive(Deserialize)]
struct ReadPredicate {
    #[serde(rename = "runDetails")]
    run_details: ReadRunDetails,
}

#[derive(Deserialize)]
struct ReadRunDetails {
    builder: ReadBuilder,
}

#[derive(Deserialize)]
struct ReadBuilder {
    id: String,
}
