//! Signed documents that travel as files between people who may never meet: how they are read, who
//! has signed them, and whose signatures they still lack.
//!
//! What a paper says is changed only while nobody has signed it, since a change voids every signature.
//! Read [`Stage`] first.

use std::path::Path;

use mainstay_artifact::document_file;
use mainstay_artifact::quorum::{Quorum, Witness, quorums, witnesses};
use mainstay_keys::{HostPrimitives, PublicHalf};
use mainstay_trust::{Document, KeyId, Refusal, Root};
use serde_json::{Value, json};

use crate::failure::{Failure, at};
use crate::files;

/// How far the signatures on a paper have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nobody has signed; it may still be changed.
    Draft,
    /// Somebody has, but not all who must.
    PartlySigned,
    /// Devices accept it.
    Complete,
}

impl Stage {
    /// The stage of a signed document, from what `trust` says of it.
    pub fn of<T>(signed: &[u8], verdict: Result<T, Refusal>) -> Result<Self, Refusal> {
        let blank = document_file::claimed_signers(signed)?.is_empty();
        match verdict {
            Ok(_) => Ok(Self::Complete),
            Err(_) if blank => Ok(Self::Draft),
            Err(refusal) if too_few(refusal) => Ok(Self::PartlySigned),
            Err(refusal) => Err(refusal),
        }
    }
}

/// Whether a refusal says no more than that signatures are still to come. A paper of which no
/// signer is known yet counts too: the next root may be signed by keepers of the old one alone.
pub fn too_few(refusal: Refusal) -> bool {
    use Refusal::{HybridIncomplete, RoleMissing, ThresholdNotMet, Unsigned};
    matches!(
        refusal,
        Unsigned | RoleMissing | ThresholdNotMet | HybridIncomplete
    )
}

/// A paper that somebody has signed isn't changed.
pub fn signed_already(path: &Path, what: &str) -> Failure {
    let problem = format!(
        "{} is signed already, and a change would void that",
        path.display()
    );
    let cure = "let the others sign it too, and make the change in the one after it; or give \
                --discard-signatures, and let everybody sign anew";
    Failure::refusal(format!("{what}.signed-already"), problem, cure)
}

/// Who has signed a document of kind `D`, and who still must, by each of `roots`.
#[derive(Debug, Clone)]
pub struct Signatures {
    quorums: Vec<Quorum>,
    witnesses: Vec<Witness>,
}

impl Signatures {
    /// Looks at every block.
    pub fn of<'d, D: Document<'d>>(signed: &'d [u8], roots: &[&Root<'_>]) -> Result<Self, Refusal> {
        let mut found = Self {
            quorums: Vec::new(),
            witnesses: Vec::new(),
        };
        for root in roots {
            found
                .quorums
                .extend(quorums::<D>(signed, root, &HostPrimitives)?);
            found.look(witnesses::<D>(signed, root, &HostPrimitives)?);
        }
        Ok(found)
    }

    /// A block counts as known if any of the roots knows its key.
    fn look(&mut self, seen: Vec<Witness>) {
        for witness in seen {
            match self
                .witnesses
                .iter_mut()
                .find(|w| w.key_id == witness.key_id)
            {
                Some(known) if known.holder.is_none() => *known = witness,
                Some(_) => {}
                None => self.witnesses.push(witness),
            }
        }
    }

    /// Whether nobody has to sign any more.
    pub fn complete(&self) -> bool {
        !self.quorums.is_empty() && self.quorums.iter().all(|quorum| quorum.missing() == 0)
    }

    /// For people: a line for each block, and one for each role and algorithm of each root.
    pub fn lines(&self) -> Vec<String> {
        let signed = self.witnesses.iter().map(witness_line);
        signed.chain(self.quorums.iter().map(quorum_line)).collect()
    }

    /// For machines.
    pub fn json(&self) -> Value {
        let signed: Vec<_> = self.witnesses.iter().map(|witness| json!({
            "kid": witness.key_id.to_string(), "holder": witness.holder, "holds": witness.holds,
        })).collect();
        let quorums: Vec<_> = self.quorums.iter().map(|quorum| json!({
            "root": quorum.root_version, "role": quorum.role.id(), "algorithm": quorum.algorithm.id(),
            "threshold": quorum.threshold, "signed": quorum.signed, "missing": quorum.missing(),
            "open": quorum.open,
        })).collect();
        json!({ "signed": signed, "quorums": quorums, "complete": self.complete() })
    }
}

fn witness_line(witness: &Witness) -> String {
    let key = witness.key_id;
    match (&witness.holder, witness.holds) {
        (Some(holder), true) => format!("signed by     {holder}  key {key}"),
        (Some(holder), false) => {
            format!("NOT VALID     a signature in the name of {holder}  key {key}")
        }
        (None, _) => {
            format!("unknown       a signature by a key that is in neither root  key {key}")
        }
    }
}

fn quorum_line(quorum: &Quorum) -> String {
    let who = format!(
        "{} of role {} in root {}, in {}",
        quorum.threshold,
        quorum.role.id(),
        quorum.root_version,
        quorum.algorithm.id()
    );
    match quorum.missing() {
        0 => format!("reached       {who}"),
        count => format!(
            "missing {count:<6}{who}; can still sign: {}",
            listed(&quorum.open)
        ),
    }
}

/// Names for a sentence.
pub fn listed(names: &[String]) -> String {
    match names {
        [] => "nobody".to_owned(),
        names => names.join(", "),
    }
}

/// The key that somebody names: by its id, or by the file of its public half.
pub fn key_named(text: &str) -> Result<KeyId, Failure> {
    match KeyId::parse_hex(text) {
        Some(key) => Ok(key),
        None => Ok(PublicHalf::open(Path::new(text))?.key_id),
    }
}

/// Writes a paper: a new file at `out`, or over `from` if that was a draft and no other place is named.
pub fn write(
    from: Option<(&Path, Stage)>,
    out: Option<&Path>,
    what: &'static str,
    bytes: &[u8],
) -> Result<std::path::PathBuf, Failure> {
    let in_place =
        from.filter(|(path, stage)| *stage == Stage::Draft && out.is_none_or(|out| out == *path));
    match (in_place, out) {
        (Some((path, _)), _) => replace(path, what, bytes),
        (None, Some(out)) => {
            files::write_new(out, what, bytes)?;
            Ok(out.to_owned())
        }
        (None, None) => {
            let problem = format!("no place is named for the new {what}");
            let cure = "add -o FILE; only an unsigned draft is changed in place";
            Err(Failure::usage(format!("{what}.no-output"), problem, cure))
        }
    }
}

/// Puts a changed paper in the place of the old one.
pub fn replace(
    path: &Path,
    what: &'static str,
    bytes: &[u8],
) -> Result<std::path::PathBuf, Failure> {
    files::replace_with(path, what, |file| {
        let written = std::io::Write::write_all(file, bytes);
        written.map_err(|error| {
            let problem = format!("{} can't be written: {error}", path.display());
            Failure::usage(
                format!("{what}.unwritable"),
                problem,
                "check the free space",
            )
        })
    })?;
    Ok(path.to_owned())
}

/// What a paper of kind `D` says, unverified.
pub fn parse<'d, D: Document<'d>>(path: &Path, bytes: &'d [u8]) -> Result<D, Failure> {
    document_file::read(bytes).map_err(at(path))
}
