//! `mainstay root add`, `remove`, `retire`, `revoke`, `raise-epoch`, `threshold` and `extend`: one
//! change each to the draft of the next root.
//!
//! From a root in force a change begins the root after it; from a draft that nobody has signed it
//! goes on with that draft. Read [`ChangeFile`] first.

mod advice;

use std::path::{Path, PathBuf};

use mainstay_artifact::{ChangeError, RootDraft, document_file, root_diff};
use mainstay_keys::HostPrimitives;
use mainstay_trust::{Role, Root as TrustRoot, root_rules};
use serde_json::json;

use super::init::{SECONDS_A_DAY, check_apart, member};
use super::{RootFile, role_named, sentences};
use crate::failure::{Failure, at};
use crate::moment::now_s;
use crate::output::Output;
use crate::paper::{self, Signatures, Stage};

/// Which root is changed, and where the changed one goes.
#[derive(Debug, clap::Args)]
pub struct ChangeFile {
    /// The root in force, or the draft of the next one.
    #[arg(long, value_name = "ROOT")]
    from: PathBuf,
    /// The draft to write [default: the draft that is changed].
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Change a draft that was signed already, and throw its signatures away.
    #[arg(long)]
    discard_signatures: bool,
}

/// What `root add` takes.
#[derive(Debug, clap::Args)]
pub struct Add {
    /// The public half of the key.
    key: PathBuf,
    /// Its role.
    #[arg(long, value_parser = role_named)]
    role: Role,
    /// The root of another environment, with which this one may share no key.
    #[arg(long, value_name = "ROOT")]
    also: Vec<PathBuf>,
    #[command(flatten)]
    file: ChangeFile,
}

/// What `root remove` takes.
#[derive(Debug, clap::Args)]
pub struct Remove {
    /// The key: its id, or the file of its public half.
    key: String,
    /// Only this role [default: all of them].
    #[arg(long, value_parser = role_named)]
    role: Option<Role>,
    /// Somebody else may have the key: void what its roles said before.
    #[arg(long)]
    compromised: bool,
    #[command(flatten)]
    file: ChangeFile,
}

/// What `root retire` takes.
#[derive(Debug, clap::Args)]
pub struct Retire {
    /// The key: its id, or the file of its public half.
    key: String,
    /// The last number it may sign: of a release or document; for a root key, the version of a root.
    #[arg(long, value_name = "NUMBER")]
    after_sequence: u64,
    #[command(flatten)]
    file: ChangeFile,
}

/// What `root revoke` takes.
#[derive(Debug, clap::Args)]
pub struct Revoke {
    /// The key: its id, or the file of its public half.
    key: String,
    /// Somebody else may have the key: void what its roles said before.
    #[arg(long)]
    compromised: bool,
    #[command(flatten)]
    file: ChangeFile,
}

/// What `root raise-epoch` takes.
#[derive(Debug, clap::Args)]
pub struct RaiseEpoch {
    /// The role.
    #[arg(value_parser = role_named)]
    role: Role,
    #[command(flatten)]
    file: ChangeFile,
}

/// What `root threshold` takes.
#[derive(Debug, clap::Args)]
pub struct Threshold {
    /// The role.
    #[arg(value_parser = role_named)]
    role: Role,
    /// How many different people it takes.
    people: u8,
    #[command(flatten)]
    file: ChangeFile,
}

/// What `root extend` takes.
#[derive(Debug, clap::Args)]
pub struct Extend {
    /// How many days it lasts from now on.
    #[arg(long)]
    days: u32,
    #[command(flatten)]
    file: ChangeFile,
}

impl Add {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let member = member(self.role, &self.key)?;
        self.file.apply(&self.also, output, |draft| {
            draft.add(member, &HostPrimitives)?;
            Ok(Vec::new())
        })
    }
}

impl Remove {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let key = paper::key_named(&self.key)?;
        self.file.apply(&[], output, |draft| {
            let roles = match self.role {
                Some(role) => vec![role],
                None => draft.roles_of(key, &HostPrimitives),
            };
            draft.remove(key, self.role, &HostPrimitives)?;
            after_theft(self.compromised, draft, &roles)
        })
    }
}

impl Retire {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let key = paper::key_named(&self.key)?;
        self.file.apply(&[], output, |draft| {
            draft.retire(key, self.after_sequence, &HostPrimitives)?;
            Ok(Vec::new())
        })
    }
}

impl Revoke {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let key = paper::key_named(&self.key)?;
        self.file.apply(&[], output, |draft| {
            let roles = draft.roles_of(key, &HostPrimitives);
            let listed = draft.revoke(key, &HostPrimitives)?;
            let mut advice = after_theft(self.compromised, draft, &roles)?;
            if !listed {
                advice.insert(0, advice::DROPPED.to_owned());
            }
            Ok(advice)
        })
    }
}

impl RaiseEpoch {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let role = self.role;
        self.file
            .apply(&[], output, |draft| after_theft(true, draft, &[role]))
    }
}

impl Threshold {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        self.file.apply(&[], output, |draft| {
            draft.set_threshold(self.role, self.people);
            Ok(Vec::new())
        })
    }
}

impl Extend {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        self.file.apply(&[], output, |draft| {
            draft.expires = now_s() + u64::from(self.days) * SECONDS_A_DAY;
            Ok(Vec::new())
        })
    }
}

/// Raises the epochs of a stolen key's roles, or advises to, if it was stolen.
fn after_theft(
    compromised: bool,
    draft: &mut RootDraft,
    roles: &[Role],
) -> Result<Vec<String>, ChangeError> {
    if !compromised {
        return Ok(advice::if_stolen(roles));
    }
    let mut advice = Vec::new();
    for role in roles.iter().filter(|role| advice::has_epoch(**role)) {
        let epoch = draft.raise_epoch(*role)?;
        advice.push(advice::raised(*role, epoch));
    }
    Ok(advice)
}

impl ChangeFile {
    /// Changes the draft and writes it. `change` gives the advice that belongs to it.
    fn apply(
        &self,
        also: &[PathBuf],
        output: &Output,
        change: impl FnOnce(&mut RootDraft) -> Result<Vec<String>, ChangeError>,
    ) -> Result<(), Failure> {
        let file = RootFile::read(&self.from)?;
        let (before, stage) = (file.draft()?, self.stage(&file)?);
        let mut draft = begin(&before, stage)?;
        let advice = change(&mut draft)?;
        check_lasts(&draft)?;
        let bytes = draft.unsigned(&HostPrimitives)?;
        let after: TrustRoot<'_> = document_file::read(&bytes)?;
        if stage == Stage::Complete {
            root_rules::check_follows(&after, &before)?;
        }
        check_apart(&after, also)?;
        let written = paper::write(
            Some((&self.from, stage)),
            self.out.as_deref(),
            "root",
            &bytes,
        )?;
        let current = (stage == Stage::Complete).then_some(&before);
        tell(
            &written,
            &bytes,
            (&before, &after),
            current,
            &advice,
            output,
        )
    }

    /// What the named root is to this change. One whose signatures are thrown away is a draft.
    fn stage(&self, file: &RootFile<'_>) -> Result<Stage, Failure> {
        if self.discard_signatures {
            return Ok(Stage::Draft);
        }
        match file.stage()? {
            Stage::PartlySigned => Err(paper::signed_already(&self.from, "root")),
            stage => Ok(stage),
        }
    }
}

fn begin(before: &TrustRoot<'_>, stage: Stage) -> Result<RootDraft, Failure> {
    let (draft, now) = (RootDraft::of(before), now_s());
    Ok(match stage {
        Stage::Complete => draft.next(now)?,
        _ => RootDraft {
            issued: now,
            ..draft
        },
    })
}

/// An old root's end may have come, and a new one would be born expired.
fn check_lasts(draft: &RootDraft) -> Result<(), Failure> {
    if draft.issued < draft.expires {
        return Ok(());
    }
    let problem = "the root has expired, and so would the next one";
    let cure = "begin with `mainstay root extend --days DAYS`, and make this change after it";
    Err(Failure::refusal("root.expired", problem, cure))
}

fn tell(
    written: &Path,
    bytes: &[u8],
    (before, after): (&TrustRoot<'_>, &TrustRoot<'_>),
    current: Option<&TrustRoot<'_>>,
    advice: &[String],
    output: &Output,
) -> Result<(), Failure> {
    let changes = root_diff::diff(before, after);
    let roots: Vec<&TrustRoot<'_>> = current.into_iter().chain([after]).collect();
    let signatures = Signatures::of::<TrustRoot<'_>>(bytes, &roots).map_err(at(written))?;
    let lines = || {
        let head = format!(
            "{} is a draft of root {}.",
            written.display(),
            after.version
        );
        let changed = changes
            .iter()
            .map(|change| format!("  {}", sentences::sentence(change)));
        let advised = advice.iter().map(|advice| format!("note  {advice}"));
        let head = [head].into_iter().chain(changed).chain(advised);
        head.chain(signatures.lines())
            .collect::<Vec<_>>()
            .join("\n")
    };
    let value = json!({
        "written": written, "version": after.version, "advice": advice,
        "changes": changes.iter().map(sentences::value).collect::<Vec<_>>(),
        "signatures": signatures.json(),
    });
    output.say(lines, &value);
    Ok(())
}
