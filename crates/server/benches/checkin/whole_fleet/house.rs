//! The server of a whole fleet: its plan, its people, its devices, and a release that is ready to be handed in. Read [`serve`].

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use mainstay_access::{Duty, Email};
use mainstay_artifact::{
    Approval, ClassName, PackRequest, add_approval, add_build_signature, container, pack,
};
use mainstay_keys::{HostPrimitives, Passphrase};
use mainstay_plan::PlanDigest;
use mainstay_server::admin;
use mainstay_server::{Advance, App, AppConfig, SeededEntropy, serve};
use mainstay_store::{Registration, Store};
use mainstay_trust::{BootloaderVersion, Digest, DigestAlgorithm, Primitives as _, verify};

use crate::{child, fleet, ours};

/// What the devices are to run.
pub const VERSION: &str = "2.0.0";
/// See [`VERSION`].
pub const SEQUENCE: u64 = fleet::SEQUENCE + 1;

/// Files in the server's folder, for whoever plays its people: the artifact, its approval, the digests of its manifest and its image in
/// hexadecimal. A person's token is in a file of the person's name.
pub const ARTIFACT: &str = "artifact";
/// See [`ARTIFACT`].
pub const APPROVAL: &str = "approval";
/// See [`ARTIFACT`].
pub const MANIFEST: &str = "manifest";
/// See [`ARTIFACT`].
pub const IMAGE: &str = "image";

/// The people, and the seeds of their tokens.
pub const PEOPLE: [(&str, Duty, u64); 3] = [
    ("ana", Duty::Engineer, 1_000_000_011),
    ("sam", Duty::ReleaseManager, 1_000_000_012),
    ("kim", Duty::Operations, 1_000_000_013),
];

const CLASS: &str = "northwind.example/production/thermo-v2/B+C";

/// So many devices are registered in one transaction.
const BATCH: u32 = 10_000;

/// What of the plan is another one here: waves may follow each other within minutes, and downloads aren't what is waited for.
const ANOTHER: [(&str, &str); 4] = [
    ("soak  = \"1h\"", "soak  = \"1m\""),
    ("horizon = \"30m\"", "horizon = \"1m\""),
    ("downloads = 100,", "downloads = 20000,"),
    ("\"50 MB\"", "\"12500 MB\""),
];

/// Makes the server in a new `folder`, with so many `devices`, a payload of so many bytes, and steps so often, and serves until standard input
/// ends.
///
/// # Errors
/// If it can't be made.
pub fn serve(
    folder: &Path,
    devices: u32,
    image_bytes: usize,
    step_every: Duration,
) -> anyhow::Result<()> {
    fs::create_dir(folder)?;
    child::serve(async |listener| {
        let data = ours::data(folder);
        let passphrase = Passphrase::from_text(ours::PASSPHRASE).context("a passphrase")?;
        let plan = plan()?;
        let root = ours::create(&data, &passphrase, &plan).await?;
        let parts = data
            .open(&passphrase)
            .await
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        register(&*parts.store, devices).await?;
        for (name, duty, seed) in PEOPLE {
            let email = Email::new(&format!("{name}@northwind.example"))?;
            let entropy = SeededEntropy::new(seed);
            let added = admin::add_person(&*parts.store, &entropy, email, duty).await;
            let token = added.map_err(|refused| anyhow::anyhow!("{refused:?}"))?;
            fs::write(folder.join(name), token.reveal())?;
        }
        write_release(folder, &root, &plan, image_bytes)?;
        let config = AppConfig {
            advance: Advance::Every(step_every),
            ..AppConfig::default()
        };
        let app = App::new(parts, config)?;
        child::tell_address(&listener)?;
        serve::run(listener, Arc::new(app), std::future::pending()).await;
        Ok(())
    })
}

fn plan() -> anyhow::Result<String> {
    let mut plan = ours::PLAN.to_owned();
    for (this, other) in ANOTHER {
        anyhow::ensure!(plan.contains(this), "the plan of the tests has no {this}");
        plan = plan.replace(this, other);
    }
    Ok(plan)
}

/// Devices of ours, a batch at a time: the server's memory is measured, and all at once would be most of it.
async fn register(store: &dyn Store, devices: u32) -> anyhow::Result<()> {
    for first in (0..devices).step_by(BATCH as usize) {
        let batch = first..devices.min(first + BATCH);
        let batch: Vec<_> = batch.map(registration).collect();
        store.register_many(&batch).await?;
    }
    Ok(())
}

/// A device with our own client. The canary covers both hardware revisions of the plan.
fn registration(number: u32) -> Registration {
    let mut new = Registration {
        controller: None,
        ..fleet::registration(number)
    };
    if !number.is_multiple_of(2) {
        new.device.hardware = "C".to_owned();
    }
    new
}

fn write_release(folder: &Path, root: &[u8], plan: &str, image_bytes: usize) -> anyhow::Result<()> {
    let image = image(image_bytes);
    let request = PackRequest {
        class: ClassName::parse(CLASS)?,
        version: VERSION.to_owned(),
        sequence: SEQUENCE,
        security_floor: 0,
        use_before: None,
        bootloader_min: BootloaderVersion {
            major: 1,
            minor: 4,
            patch: 0,
        },
        returns_to: Vec::new(),
        sbom: None,
        provenance: None,
        digest: DigestAlgorithm::Sha256,
        bank_a_bytes: None,
    };
    let packed = pack(&request, &mut &*image, &HostPrimitives)?;
    let pinned = verify::pinned_root(root, &HostPrimitives);
    let pinned = pinned.map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
    let engineer = ours::signer("ana@northwind.example")?;
    let built = add_build_signature(&packed.envelope, &engineer, Some(&pinned), &HostPrimitives)?;
    let approval = Approval {
        plan: Digest(PlanDigest::of(plan.as_bytes()).0),
        evidence: HostPrimitives.digest(b""),
    };
    let manager = ours::signer("sam@northwind.example")?;
    let approved = add_approval(&built, &manager, approval, &pinned, &HostPrimitives)?;
    fs::write(folder.join(ARTIFACT), container::to_bytes(&built, &image)?)?;
    fs::write(folder.join(APPROVAL), approved)?;
    fs::write(folder.join(MANIFEST), packed.manifest_digest.to_string())?;
    Ok(fs::write(
        folder.join(IMAGE),
        packed.image_digest.to_string(),
    )?)
}

/// Bytes that nobody can pack: a simple generator's (Marsaglia, "Xorshift RNGs").
fn image(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(bytes).collect()
}
