//! `mainstay artifact`: pack, sign, approve, verify and inspect; state where an image is from.

mod images;
mod inspect;
pub mod look;
mod mcuboot;
mod mcuboot_payload;
mod pack;
mod provenance;
pub mod request;
mod sign;
mod verify;

use std::path::PathBuf;

use clap::Subcommand;

use crate::failure::Failure;
use crate::output::Output;
use crate::signing::Signing;

/// Pack, sign, approve, verify and inspect artifacts.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  mainstay artifact verify thermo-1.1.0.mainstay --root root.cbor"
)]
pub enum Artifact {
    /// Make one artifact file from a firmware image. The same inputs give the same bytes.
    #[command(
        after_help = "Example:\n  mainstay artifact pack app.bin thermo-1.1.0.mainstay --plan plan.toml \\\n    --class thermo-v2 --version 1.1.0 --sequence 2 --returns-to thermo-1.0.0.mainstay\n\nFor devices with MCUboot:\n  mainstay artifact pack app.bin thermo-1.1.0.mainstay --plan plan.toml \\\n    --class thermo-v2 --version 1.1.0 --sequence 2 --format mcuboot --mcuboot-key boot.key"
    )]
    Pack(Box<pack::Pack>),
    /// Sign an artifact as its builder.
    #[command(
        after_help = "Example:\n  mainstay artifact sign thermo-1.1.0.mainstay --key ana.key --root root.cbor"
    )]
    Sign {
        /// The artifact; the signature is added to it.
        file: PathBuf,
        /// The builder's private key.
        #[arg(long)]
        key: PathBuf,
        /// The root, so that a key without the role is refused here and not by every device.
        #[arg(long)]
        root: PathBuf,
        #[command(flatten)]
        signing: Signing,
    },
    /// Approve a signed artifact as its release manager. The manifest doesn't change.
    #[command(
        after_help = "Example:\n  mainstay artifact approve thermo-1.1.0.mainstay --key sam.key --root root.cbor --plan plan.toml"
    )]
    Approve {
        /// The artifact; the approval is added to it.
        file: PathBuf,
        /// The release manager's private key.
        #[arg(long)]
        key: PathBuf,
        /// The root.
        #[arg(long)]
        root: PathBuf,
        /// The plan under which it is approved; its digest is signed too.
        #[arg(long)]
        plan: PathBuf,
        #[command(flatten)]
        signing: Signing,
    },
    /// State how an image was built: a signed in-toto statement with SLSA provenance.
    #[command(
        after_help = "Example:\n  mainstay artifact provenance app.bin app.intoto.json --plan plan.toml \\\n    --class thermo-v2 --version 1.1.0 --sequence 2 --builder https://ci.example/firmware \\\n    --source git+https://git.example/thermo@9fceb02d0ae598e95dc970b74767f19372d61af8 \\\n    --key ana.key --root root.cbor"
    )]
    Provenance(Box<provenance::Write>),
    /// Check all that a device would check, and say how each check ended. Exit code 1 if one fails.
    #[command(
        after_help = "Example:\n  mainstay artifact verify thermo-1.1.0.mainstay --root root.cbor \\\n    --sbom app.cdx.json --provenance app.intoto.json"
    )]
    Verify(verify::Verify),
    /// Show what an artifact is, for whom, who vouches for it, and what it may do.
    #[command(
        after_help = "Example:\n  mainstay artifact inspect thermo-1.1.0.mainstay --root root.cbor --plan plan.toml"
    )]
    Inspect(inspect::Inspect),
}

impl Artifact {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Pack(pack) => pack.run(output),
            Self::Sign {
                file,
                key,
                root,
                signing,
            } => sign::build(&file, &key, &root, &signing, output),
            Self::Approve {
                file,
                key,
                root,
                plan,
                signing,
            } => sign::approve(&file, &key, &root, &plan, &signing, output),
            Self::Provenance(statement) => statement.run(output),
            Self::Verify(verify) => verify.run(output),
            Self::Inspect(inspect) => inspect.run(output),
        }
    }
}
