//! `mainstay bundle make`.

use std::path::{Path, PathBuf};

use mainstay_artifact::bundle_check::{BundleFacts, check_bundle, last_root};
use mainstay_artifact::bundle_file::{self, BundleParts};
use mainstay_artifact::{ArtifactFile, Signer, document_file};
use mainstay_keys::HostPrimitives;
use mainstay_trust::{
    Authority, BundleStatement, Counters, Revocations, Role, Root, Verified, verify,
};
use serde_json::json;

use super::{check, openssl, statement};
use crate::failure::{Failure, at};
use crate::files;
use crate::moment::{self, Span, now_s};
use crate::output::Output;
use crate::paper;
use crate::signing::Signing;
use crate::verbs::artifact::look as artifact;
use crate::verbs::{revoke, root::RootFile};

/// What goes into a bundle.
#[derive(Debug, clap::Args)]
pub struct Make {
    /// The bundle to write; it must not exist.
    file: PathBuf,
    /// A root, from the oldest that devices in the field hold to the one in force. Repeat it for each.
    #[arg(long = "root", required = true, value_name = "ROOT")]
    roots: Vec<PathBuf>,
    /// The newest revocations; needed where the root has somebody to revoke.
    #[arg(long)]
    revocations: Option<PathBuf>,
    /// The signed and approved artifact.
    #[arg(long)]
    artifact: PathBuf,
    /// Private key of somebody in operations. Repeat it for more.
    #[arg(long, required = true, value_name = "FILE")]
    sign: Vec<PathBuf>,
    /// A file that keeps the signatures until there are enough, where more people must sign than keep
    /// their keys on this machine: each of them runs the same command with their own key.
    #[arg(long, value_name = "FILE")]
    statement: Option<PathBuf>,
    /// How long the bundle may be installed.
    #[arg(long, value_name = "SPAN", default_value = "90d")]
    lifetime: Span,
    #[command(flatten)]
    signing: Signing,
}

/// What was read and found in order, before any key is opened.
struct Contents {
    roots: Vec<Vec<u8>>,
    revocations: Option<Vec<u8>>,
    artifact: ArtifactFile,
    statement: BundleStatement,
}

impl Make {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let beside = openssl::Beside::of(&self.file);
        beside.must_be_new(&self.file)?;
        let contents = self.contents()?;
        let keys = self.sign.iter().map(|key| self.signing.open(key));
        let signers = keys.collect::<Result<Vec<_>, _>>()?;
        let statement = self.signed(&contents, &signers)?;
        if self.waits(&contents, &statement, output)? {
            return Ok(());
        }
        self.write(&contents, &statement)?;
        let made = check::must_pass(&self.file, || self.checks(&contents))
            .and_then(|()| beside.write(&self.file, &*signers[0]));
        if made.is_err() {
            // A bundle that no device takes, or that customers can't check, must not stay.
            beside.remove(&self.file);
        }
        let said = document_file::read::<BundleStatement>(&statement)?;
        self.tell(&said, &made?, output);
        Ok(())
    }

    fn contents(&self) -> Result<Contents, Failure> {
        let read = |path: &PathBuf| RootFile::read(path).map(|file| file.bytes);
        let roots = self.roots.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let revocations = self.revocations.as_deref().map(revoke::read).transpose()?;
        let artifact = artifact::open(&self.artifact)?;
        let last = newest(&roots)?;
        let known = match (&self.revocations, &revocations) {
            (Some(path), Some(signed)) => {
                Some(verify::revocations(signed, &last, &HostPrimitives).map_err(at(path))?)
            }
            _ if last.get().role(Role::Revocation).is_held() => return Err(no_revocations()),
            _ => None,
        };
        let authority = Authority::new(&last, known.as_ref());
        let release = verify::release(&artifact.envelope, authority, &HostPrimitives)
            .map_err(at(&self.artifact))?;
        let issued = now_s();
        let mark = known.as_ref().map(Verified::get).map(Revocations::mark);
        let statement = BundleStatement {
            release: release.get().digest,
            revocations: mark.unwrap_or_default(),
            issued,
            expires: issued.saturating_add(self.lifetime.seconds),
        };
        Ok(Contents {
            roots,
            revocations,
            artifact,
            statement,
        })
    }

    fn signed(&self, contents: &Contents, signers: &[Box<dyn Signer>]) -> Result<Vec<u8>, Failure> {
        let last = contents.roots.last().expect("there is a root at least");
        let root = document_file::read(last)?;
        let mut statement = statement::begun(self.statement.as_deref(), &contents.statement)?;
        for signer in signers {
            statement = document_file::add_role_signature::<BundleStatement>(
                &statement,
                &**signer,
                &root,
                &HostPrimitives,
            )?;
        }
        Ok(statement)
    }

    /// Whether others must sign before there can be a bundle; then the statement is kept for them.
    fn waits(
        &self,
        contents: &Contents,
        statement: &[u8],
        output: &Output,
    ) -> Result<bool, Failure> {
        let last = contents.last_root()?;
        match verify::bundle_statement(statement, &last, &HostPrimitives) {
            Err(refusal) if paper::too_few(refusal) => {
                let path = self.statement.as_deref();
                let path = path.ok_or_else(|| statement::nowhere(refusal))?;
                statement::keep(path, statement, last.get(), output).map(|()| true)
            }
            // What else may be wrong is told by the checks of the bundle, in their words.
            _ => Ok(false),
        }
    }

    fn write(&self, contents: &Contents, statement: &[u8]) -> Result<(), Failure> {
        let parts = BundleParts {
            roots: &contents.roots,
            revocations: contents.revocations.as_deref(),
            statement,
            envelope: &contents.artifact.envelope,
        };
        let mut source = files::open(&self.artifact, "artifact")?;
        let mut payload = contents.artifact.payload_reader(&mut source)?;
        files::write_new_with(&self.file, "bundle", |file| {
            let bytes = contents.artifact.payload_len;
            Ok(bundle_file::write(file, &parts, &mut payload, bytes)?)
        })
    }

    /// What a device says that holds the first root, now.
    fn checks(
        &self,
        contents: &Contents,
    ) -> Result<Vec<mainstay_artifact::bundle_check::BundleCheck>, Failure> {
        let facts = BundleFacts {
            pinned_root: &contents.roots[0],
            known_revocations: None,
            clock: Some(now_s()),
        };
        let mut file = files::open(&self.file, "bundle")?;
        Ok(check_bundle(&mut file, &facts, &HostPrimitives))
    }

    fn tell(&self, statement: &BundleStatement, made: &openssl::Made, output: &Output) {
        let value = json!({
            "written": self.file, "release": statement.release, "expires": statement.expires,
            "sha256": made.sha256, "beside": made.files, "checks": made.commands,
            "unsigned": made.unsigned,
        });
        let unsigned = made
            .unsigned
            .map_or_else(String::new, |why| format!("\nBut {why}."));
        let sentence = || {
            format!(
                "{} holds release {}, to be installed until {}.{}\nFor anyone without Mainstay:\n{}",
                self.file.display(),
                statement.release,
                moment::text(statement.expires),
                unsigned,
                indented(&made.commands)
            )
        };
        output.say(sentence, &value);
    }
}

impl Contents {
    fn last_root(&self) -> Result<Verified<Root<'_>>, Failure> {
        newest(&self.roots)
    }
}

/// The last of a chain of roots, of which somebody pinned the first.
fn newest(roots: &[Vec<u8>]) -> Result<Verified<Root<'_>>, Failure> {
    let counters = &mut Counters::default();
    Ok(last_root(
        &roots[0],
        &roots[1..],
        counters,
        &HostPrimitives,
    )?)
}

/// Commands, one a line.
pub fn indented(commands: &[String]) -> String {
    let lines: Vec<_> = commands
        .iter()
        .map(|command| format!("  {command}"))
        .collect();
    lines.join("\n")
}

fn no_revocations() -> Failure {
    let problem = "somebody holds role revocation in the last root, and no revocations are named";
    let cure = "add --revocations FILE, the newest; make the first with `mainstay revoke`";
    Failure::usage("revocations.missing", problem, cure)
}

/// The name of a file, for a command that is run in its folder.
pub fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}
