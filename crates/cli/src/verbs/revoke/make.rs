//! `mainstay revoke` itself: the next revocations.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use mainstay_artifact::{ClassName, RevocationsDraft, document_file};
use mainstay_keys::HostPrimitives;
use mainstay_trust::manifest::Uuid;
use mainstay_trust::{Digest, Refusal, Revocations, Role, Root, Verified, verify};

use super::{look, read};
use crate::failure::{Failure, at};
use crate::moment::{Span, now_s};
use crate::output::Output;
use crate::paper::{self, Stage};
use crate::verbs::artifact::look as artifact;
use crate::verbs::root::RootFile;

/// What is withdrawn, and where that is written.
#[derive(Debug, clap::Args)]
pub struct Make {
    /// The root in force.
    #[arg(long)]
    root: Option<PathBuf>,
    /// The revocations before, or the draft of these.
    #[arg(long, value_name = "REVOCATIONS")]
    from: Option<PathBuf>,
    /// A release, by its artifact or manifest digest. Repeat it for more.
    #[arg(long, value_name = "FILE|DIGEST")]
    artifact: Vec<String>,
    /// A key, by its id or the file of its public half. Repeat it for more.
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// The least sequence number that a class installs from now on:
    /// vendor/environment/class/hardware-group=SEQUENCE. Repeat it for more.
    #[arg(long, value_name = "CLASS=SEQUENCE", value_parser = minimum)]
    minimum: Vec<(Uuid, u64)>,
    /// Stop naming a key or release, such as one that no root lists or that lies below a minimum.
    #[arg(long, value_name = "KEY|DIGEST")]
    forget: Vec<String>,
    /// When the next revocations must be there; past that, devices install nothing.
    #[arg(long, value_name = "SPAN", default_value = "30d")]
    next_update: Span,
    /// The revocations to write [default: the draft that is changed].
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Change a draft that was signed already, and throw its signatures away.
    #[arg(long)]
    discard_signatures: bool,
}

impl Make {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let root_path = self.root.as_deref().ok_or_else(no_root)?;
        let file = RootFile::read(root_path)?;
        let root = file.open()?;
        if !root.get().role(Role::Revocation).is_held() {
            return Err(nobody(root_path));
        }
        let (mut draft, stage) = self.begin(&root)?;
        self.withdraw(&mut draft)?;
        draft.issued = now_s();
        draft.next_update = draft.issued.saturating_add(self.next_update.seconds);
        let bytes = draft.unsigned()?;
        let from = self.from.as_deref().zip(stage);
        let written = paper::write(from, self.out.as_deref(), "revocations", &bytes)?;
        look::show(&written, Some(root_path), output)
    }

    /// The draft to go on with: the named one, the one after the named ones, or the first.
    fn begin(
        &self,
        root: &Verified<Root<'_>>,
    ) -> Result<(RevocationsDraft, Option<Stage>), Failure> {
        let epoch = root.get().role(Role::Revocation).epoch;
        let Some(path) = self.from.as_deref() else {
            return Ok((RevocationsDraft::first(epoch, 0, 0), None));
        };
        let bytes = read(path)?;
        let before: Revocations<'_> = paper::parse(path, &bytes)?;
        let draft = RevocationsDraft::of(&before);
        Ok(match self.stage(path, &bytes, before.epoch, root)? {
            Stage::Complete => (draft.next(epoch)?, Some(Stage::Complete)),
            stage => (draft, Some(stage)),
        })
    }

    /// What the named revocations are to these. Those of an earlier epoch are over: their keys may be
    /// gone, so nobody can say any more who signed them; those of a later one are of another root.
    /// Within an epoch, what nobody signed whom the root knows was signed under the root before, by
    /// holders who have handed over since: devices may hold it, so its number is used.
    fn stage(
        &self,
        path: &Path,
        bytes: &[u8],
        epoch: u32,
        root: &Verified<Root<'_>>,
    ) -> Result<Stage, Failure> {
        let verdict = verify::revocations(bytes, root, &HostPrimitives);
        match epoch.cmp(&root.get().role(Role::Revocation).epoch) {
            Ordering::Greater => return Err(at(path)(Refusal::RevocationsEpoch)),
            Ordering::Less => return Ok(Stage::Complete),
            Ordering::Equal if handed_over(bytes, verdict.as_ref().err()) => {
                return Ok(Stage::Complete);
            }
            Ordering::Equal if self.discard_signatures => return Ok(Stage::Draft),
            Ordering::Equal => {}
        }
        match Stage::of(bytes, verdict).map_err(at(path))? {
            Stage::PartlySigned => Err(paper::signed_already(path, "revocations")),
            stage => Ok(stage),
        }
    }

    fn withdraw(&self, draft: &mut RevocationsDraft) -> Result<(), Failure> {
        for text in &self.forget {
            draft.keys.retain(|key| key.to_string() != *text);
            draft
                .releases
                .retain(|release| release.to_string() != *text);
        }
        for text in &self.artifact {
            draft.revoke_release(release_named(text)?);
        }
        for text in &self.key {
            draft.revoke_key(paper::key_named(text)?);
        }
        for &(class, sequence) in &self.minimum {
            draft.set_minimum(class, sequence)?;
        }
        Ok(())
    }
}

/// Whether a paper has signatures, and none by anybody whom the root lists.
fn handed_over(bytes: &[u8], refusal: Option<&Refusal>) -> bool {
    let signed = document_file::claimed_signers(bytes).is_ok_and(|signers| !signers.is_empty());
    signed && refusal == Some(&Refusal::Unsigned)
}

fn release_named(text: &str) -> Result<Digest, Failure> {
    match Digest::parse_hex(text) {
        Some(digest) => Ok(digest),
        None => Ok(artifact::report(Path::new(text), None)?.manifest_digest),
    }
}

fn minimum(text: &str) -> Result<(Uuid, u64), String> {
    let (class, sequence) = text.rsplit_once('=').ok_or("write CLASS=SEQUENCE")?;
    let class = ClassName::parse(class).map_err(|error| format!("{error}. {}", error.cure()))?;
    let sequence = sequence.parse().map_err(|_| "the sequence is a number")?;
    Ok((class.class_id(), sequence))
}

fn no_root() -> Failure {
    let problem = "revocations are made under a root, and none is named";
    Failure::usage(
        "root.missing",
        problem,
        "add --root FILE, the root in force",
    )
}

fn nobody(root: &Path) -> Failure {
    let problem = format!("nobody holds role revocation in {}", root.display());
    let cure =
        "let somebody hold it in the next root: `mainstay root add KEY.pub --role revocation`";
    Failure::refusal("revocations.nobody", problem, cure)
}
