//! Our server, with a hundred thousand devices that have nothing to do.
//!
//! Folder, keys, plan and people are real; the devices run the same release, verified, and were heard of before. Read
//! [`serve`].

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use mainstay_access::Email;
use mainstay_artifact::{Member, RootDraft, Signer as _};
use mainstay_fleet::{ControllerId, Device, DeviceId, ReleaseDigest, Running};
use mainstay_keys::{FileSigner, HostPrimitives, Passphrase, generate};
use mainstay_server::admin::{self, NewServer};
use mainstay_server::{App, AppConfig, DataDir, SeededEntropy, Token, serve};
use mainstay_store::Registration;
use mainstay_trust::root::Role;

use crate::{child, history};

/// Registered devices.
const DEVICES: u32 = 100_000;
/// Those that ask by the native protocol.
pub const NATIVE: Range<u32> = 0..DEVICES / 2;
/// Those that ask by hawkBit's: a device asks by one of the two.
pub const WITH_CLIENTS: Range<u32> = DEVICES / 2..DEVICES;

/// What they run.
pub const RUNS: ReleaseDigest = ReleaseDigest([1; 32]);
/// See [`RUNS`].
pub const SEQUENCE: u64 = 7;
/// See [`RUNS`].
pub const VERSION: &str = "1.1.0";

/// The plan of the tests: what it says of rollouts doesn't matter to an idle device.
pub const PLAN: &str = include_str!("../../tests/it/plan.toml");

const PASSPHRASE: &str = "a bench has nothing to hide";

/// So many devices are registered in one transaction.
const BATCH: u32 = 10_000;

/// Makes the server in a new `folder`, with so many `finished` orders, and serves until standard input ends.
///
/// # Errors
/// If it can't be made.
pub fn serve(folder: &Path, finished: u32) -> anyhow::Result<()> {
    std::fs::create_dir(folder)?;
    child::serve(async |listener| {
        let data = DataDir::at(folder.join("server"));
        let passphrase = Passphrase::from_text(PASSPHRASE).context("a passphrase")?;
        create(&data, &passphrase).await?;
        let parts = data
            .open(&passphrase)
            .await
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        for first in (0..DEVICES).step_by(BATCH as usize) {
            let batch: Vec<_> = (first..first + BATCH).map(registration).collect();
            parts.store.register_many(&batch).await?;
        }
        history::write(&*parts.store, &data.database(), finished).await?;
        let app = App::new(parts, AppConfig::default())?;
        Ok(serve::run(listener, Arc::new(app), std::future::pending()).await?)
    })
}

async fn create(data: &DataDir, passphrase: &Passphrase) -> anyhow::Result<()> {
    let status = generate::from_seed("server", &[7; 32])?;
    let root = root(&status.signer()?)?;
    let new = NewServer {
        root: &root,
        status_key: &status,
        passphrase,
        plan: PLAN,
        by: &Email::new("sam@northwind.example")?,
    };
    Ok(admin::init(data, &new, Timestamp::now()).await?)
}

fn root(status: &FileSigner) -> anyhow::Result<Vec<u8>> {
    let custodian = signer("custodian@northwind.example")?;
    let others = [
        (Role::Build, "ana@northwind.example"),
        (Role::Release, "sam@northwind.example"),
        (Role::Operations, "kim@northwind.example"),
    ];
    let mut members = vec![member(Role::Root, &custodian), member(Role::Status, status)];
    for (role, holder) in others {
        members.push(member(role, &signer(holder)?));
    }
    let now_s = u64::try_from(Timestamp::now().as_second())?;
    let draft = RootDraft {
        version: 1,
        vendor: "northwind.example".to_owned(),
        environment: "production".to_owned(),
        issued: now_s,
        expires: now_s + 365 * 86_400,
        members,
        ..RootDraft::default()
    };
    Ok(draft.signed(&[&custodian], &HostPrimitives)?)
}

fn signer(holder: &str) -> anyhow::Result<FileSigner> {
    let mut seed = [0; 32];
    seed[..holder.len().min(32)].copy_from_slice(&holder.as_bytes()[..holder.len().min(32)]);
    Ok(generate::from_seed(holder, &seed)?.signer()?)
}

fn member(role: Role, signer: &FileSigner) -> Member {
    Member {
        role,
        holder: signer.holder().to_owned(),
        public_key: signer.public_key().into(),
    }
}

fn registration(number: u32) -> Registration {
    Registration {
        device: device(number),
        token_hash: token(number).hash(),
        controller: ControllerId::parse(&name(number)).ok(),
    }
}

/// What a device is called, here and by its client.
pub fn name(number: u32) -> String {
    format!("dev-{number:06}")
}

fn device(number: u32) -> Device {
    let now = Timestamp::now();
    Device {
        id: DeviceId::new(name(number)).expect("letters and digits"),
        class: "thermo-v2".to_owned(),
        hardware: "B".to_owned(),
        zone: "America/Chicago".to_owned(),
        bootloader: "1.4.0".to_owned(),
        registered_at: now,
        last_seen: Some(now),
        running: Some(Running {
            release: RUNS,
            version: VERSION.to_owned(),
            sequence: SEQUENCE,
            verified: true,
            last_resort: false,
            since: now,
        }),
        attributes: std::collections::BTreeMap::new(),
    }
}

/// A device's token: drawn from its number, so that both processes know it.
pub fn token(number: u32) -> Token {
    Token::draw(&SeededEntropy::new(u64::from(number)))
}
