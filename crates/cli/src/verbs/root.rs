//! `mainstay root`: make the root of trust that devices hold.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use mainstay_artifact::{Member, RootDraft, Signer};
use mainstay_keys::{HostPrimitives, PublicHalf};
use mainstay_trust::signed::SIGNED_BYTES_MAX;
use mainstay_trust::{Role, Root as TrustRoot, Verified, verify};
use serde_json::json;

use crate::failure::{Failure, at};
use crate::files;
use crate::output::Output;
use crate::signing::Signing;

/// Days that a root lasts unless it says otherwise: five years, so that a forgotten rotation
/// doesn't strand a fleet, yet a lost root doesn't stay good for ever.
const LIFETIME_DAYS: u32 = 5 * 365;
const SECONDS_A_DAY: u64 = 86_400;

/// Make the root of trust that devices hold.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  mainstay root show root.cbor")]
pub enum Root {
    /// Write the first root, signed by its own root keys.
    #[command(
        after_help = "Example:\n  mainstay root init root.cbor --vendor northwind.example \\\n    --root rae.key.pub --build ana.key.pub --release sam.key.pub \\\n    --operations kim.key.pub --status status.key.pub --sign rae.key"
    )]
    Init(Box<Init>),
    /// Show who plays which role.
    #[command(after_help = "Example:\n  mainstay root show root.cbor")]
    Show {
        /// The root.
        file: PathBuf,
    },
}

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
    /// Public half of the server's own key for the short-lived status.
    #[arg(long, required = true, value_name = "FILE.pub")]
    status: Vec<PathBuf>,
    /// How many release managers must approve.
    #[arg(long, default_value_t = 1)]
    release_threshold: u8,
    /// How many days the root lasts.
    #[arg(long, default_value_t = LIFETIME_DAYS)]
    days: u32,
    /// Private key of a custodian that signs this root. Repeat it for more.
    #[arg(long, required = true, value_name = "FILE")]
    sign: Vec<PathBuf>,
    #[command(flatten)]
    signing: Signing,
}

impl Root {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Init(init) => init.run(output),
            Self::Show { file } => show(&file, output),
        }
    }
}

impl Init {
    fn run(&self, output: &Output) -> Result<(), Failure> {
        let draft = self.draft()?;
        // What is wrong with the roles is said before anybody is asked for a passphrase.
        draft.unsigned(&HostPrimitives)?;
        let signers = self
            .sign
            .iter()
            .map(|path| self.signing.open(path))
            .collect::<Result<Vec<_>, _>>()?;
        let signers: Vec<&dyn Signer> = signers.iter().map(|signer| &**signer).collect();
        let bytes = draft.signed(&signers, &HostPrimitives)?;
        files::write_new(&self.file, "root", &bytes)?;
        show(&self.file, output)
    }

    fn draft(&self) -> Result<RootDraft, Failure> {
        let issued = now_s();
        let mut members = Vec::new();
        for (role, files) in [
            (Role::Root, &self.custodians),
            (Role::Build, &self.build),
            (Role::Release, &self.release),
            (Role::Operations, &self.operations),
            (Role::Status, &self.status),
        ] {
            for file in files {
                members.push(member(role, file)?);
            }
        }
        Ok(RootDraft {
            version: 1,
            vendor: self.vendor.clone(),
            environment: self.environment.clone(),
            issued,
            expires: issued + u64::from(self.days) * SECONDS_A_DAY,
            members,
            thresholds: vec![(Role::Release, self.release_threshold)],
            ..RootDraft::default()
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a root is dated by the clock of who makes it"
)]
fn now_s() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0)
}

fn member(role: Role, path: &Path) -> Result<Member, Failure> {
    let half = PublicHalf::open(path)?;
    Ok(Member {
        role,
        holder: half.holder,
        public_key: half.public_key,
    })
}

/// The bytes of a root's file, and where they are from.
pub struct RootFile<'a> {
    path: &'a Path,
    /// Not verified yet.
    pub bytes: Vec<u8>,
}

impl<'a> RootFile<'a> {
    /// Reads the file.
    pub fn read(path: &'a Path) -> Result<Self, Failure> {
        let bytes = files::read(path, "root", SIGNED_BYTES_MAX as u64)?;
        Ok(Self { path, bytes })
    }

    /// The root, which the caller pins by naming its file.
    pub fn open(&self) -> Result<Verified<TrustRoot<'_>>, Failure> {
        verify::pinned_root(&self.bytes, &HostPrimitives).map_err(at(self.path))
    }
}

fn show(path: &Path, output: &Output) -> Result<(), Failure> {
    let file = RootFile::read(path)?;
    let root = file.open()?;
    let root = root.get();
    let holders = |role: Role| -> Vec<&str> {
        root.role(role)
            .keys
            .iter()
            .filter_map(|id| root.key(&id))
            .map(|key| key.holder)
            .collect()
    };
    let roles: Vec<_> = Role::ALL
        .into_iter()
        .filter(|role| !holders(*role).is_empty())
        .collect();
    let lines = || {
        let head = format!(
            "root {} of {} ({})",
            root.version, root.vendor, root.environment
        );
        let line = |role: &Role| {
            let rule = root.role(*role);
            format!(
                "\n  {:<12} {} of: {}",
                role.id(),
                rule.threshold,
                holders(*role).join(", ")
            )
        };
        head + &roles.iter().map(line).collect::<String>()
    };
    let value = json!({
        "version": root.version, "vendor": root.vendor, "environment": root.environment,
        "issued": root.issued, "expires": root.expires,
        "roles": roles.iter().map(|role| json!({
            "role": role.id(), "threshold": root.role(*role).threshold, "holders": holders(*role),
        })).collect::<Vec<_>>(),
    });
    output.say(lines, &value);
    Ok(())
}
