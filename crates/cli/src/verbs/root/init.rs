//! `mainstay root init`: the first root.

use std::path::{Path, PathBuf};

use mainstay_artifact::{
    ClassName, Member, RootDraft, add_root_signature, document_file, two_roots_share_a_key,
};
use mainstay_keys::{HostPrimitives, PublicHalf};
use mainstay_trust::{Role, Root as TrustRoot};

use super::{RootFile, role_named, show};
use crate::failure::Failure;
use crate::files;
use crate::moment::now_s;
use crate::output::Output;
use crate::signing::Signing;

/// Days that a root lasts unless it says otherwise: five years, so that a forgotten rotation
/// doesn't strand a fleet, yet a lost root doesn't stay good for ever.
const LIFETIME_DAYS: u32 = 5 * 365;
/// Seconds in a day.
pub const SECONDS_A_DAY: u64 = 86_400;

/// What a first root holds.
#[derive(Debug, clap::Args)]
pub struct Init {
    /// The root to write; it must not exist.
    file: PathBuf,
    /// The vendor's domain, as in the plan.
    #[arg(long)]
    vendor: String,
    /// `production` or `staging`, as in the plan.
    #[arg(long, default_value = "production")]
    environment: String,
    /// Public half of a custodian, who signs the next root. Repeat it for more.
    #[arg(long = "root", required = true, value_name = "FILE.pub")]
    custodians: Vec<PathBuf>,
    /// Public half of an engineer, who builds and signs.
    #[arg(long, required = true, value_name = "FILE.pub")]
    build: Vec<PathBuf>,
    /// Public half of a release manager, who approves.
    #[arg(long, required = true, value_name = "FILE.pub")]
    release: Vec<PathBuf>,
    /// Public half of somebody in operations.
    #[arg(long, value_name = "FILE.pub")]
    operations: Vec<PathBuf>,
    /// Public half of somebody who withdraws keys and releases for good, with a key kept offline.
    #[arg(long, value_name = "FILE.pub")]
    revocation: Vec<PathBuf>,
    /// Public half of the server's own key for the short-lived status.
    #[arg(long, required = true, value_name = "FILE.pub")]
    status: Vec<PathBuf>,
    /// How many people a role takes, where that isn't one, such as build=2.
    #[arg(long, value_name = "ROLE=PEOPLE", value_parser = threshold)]
    threshold: Vec<(Role, u8)>,
    /// How many release managers must approve; the same as `--threshold release=PEOPLE`.
    #[arg(long, default_value_t = 1)]
    release_threshold: u8,
    /// A class whose devices install only what operations has signed a schedule for:
    /// vendor/environment/class/hardware-group.
    #[arg(long, value_name = "CLASS")]
    schedule_required: Vec<String>,
    /// How many days the root lasts.
    #[arg(long, default_value_t = LIFETIME_DAYS)]
    days: u32,
    /// The root of another environment, with which this one may share no key.
    #[arg(long, value_name = "ROOT")]
    also: Vec<PathBuf>,
    /// Private key of a custodian that signs this root. Repeat it for more.
    #[arg(long, value_name = "FILE")]
    sign: Vec<PathBuf>,
    #[command(flatten)]
    signing: Signing,
}

impl Init {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        // What is wrong with the roles is said before anybody is asked for a passphrase.
        let mut bytes = self.draft()?.unsigned(&HostPrimitives)?;
        check_apart(&document_file::read(&bytes)?, &self.also)?;
        for key in &self.sign {
            let signer = self.signing.open(key)?;
            bytes = add_root_signature(&bytes, &*signer, None, &HostPrimitives)?;
        }
        files::write_new(&self.file, "root", &bytes)?;
        show::show(&self.file, None, output)
    }

    fn draft(&self) -> Result<RootDraft, Failure> {
        let issued = now_s();
        let mut draft = RootDraft {
            version: 1,
            vendor: self.vendor.clone(),
            environment: self.environment.clone(),
            issued,
            expires: issued + u64::from(self.days) * SECONDS_A_DAY,
            members: self.members()?,
            thresholds: vec![(Role::Release, self.release_threshold)],
            ..RootDraft::default()
        };
        for (role, people) in &self.threshold {
            draft.set_threshold(*role, *people);
        }
        for class in &self.schedule_required {
            let roles = vec![Role::Build, Role::Release, Role::Operations];
            draft
                .policy
                .insert(ClassName::parse(class)?.class_id(), roles);
        }
        Ok(draft)
    }

    fn members(&self) -> Result<Vec<Member>, Failure> {
        let mut members = Vec::new();
        for (role, files) in [
            (Role::Root, &self.custodians),
            (Role::Build, &self.build),
            (Role::Release, &self.release),
            (Role::Operations, &self.operations),
            (Role::Revocation, &self.revocation),
            (Role::Status, &self.status),
        ] {
            for file in files {
                members.push(member(role, file)?);
            }
        }
        Ok(members)
    }
}

/// The key of a public half, in a role.
pub fn member(role: Role, path: &Path) -> Result<Member, Failure> {
    let half = PublicHalf::open(path)?;
    Ok(Member {
        role,
        holder: half.holder,
        public_key: half.public_key,
    })
}

/// Refuses a root that shares a key with one of the others: what is signed for one environment would
/// be signed for both.
pub fn check_apart(root: &TrustRoot<'_>, others: &[PathBuf]) -> Result<(), Failure> {
    for path in others {
        let file = RootFile::read(path)?;
        let other = file.draft()?;
        if let Some(key) = two_roots_share_a_key(root, &other) {
            let problem = format!(
                "{} of {} lists the key {key} of {} too",
                path.display(),
                other.environment,
                root.key(&key).map_or("nobody", |key| key.holder)
            );
            let cure = "make a key of its own for each environment";
            return Err(Failure::refusal(
                "root.key-in-two-environments",
                problem,
                cure,
            ));
        }
    }
    Ok(())
}

fn threshold(text: &str) -> Result<(Role, u8), String> {
    let (role, people) = text
        .split_once('=')
        .ok_or("write ROLE=PEOPLE, such as build=2")?;
    let people = people
        .parse()
        .map_err(|_| "the number of people is 1 to 8")?;
    Ok((role_named(role)?, people))
}
