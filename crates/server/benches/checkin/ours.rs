//! Our server, with devices that have nothing to do.
//!
//! Folder, keys, plan and people are real; the devices run the same release, verified, and were heard of before. Read
//! [`serve`].

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use mainstay_access::Email;
use mainstay_artifact::{Member, RootDraft, Signer as _};
use mainstay_keys::{FileSigner, HostPrimitives, Passphrase, generate};
use mainstay_server::admin::{self, NewServer};
use mainstay_server::settings::{HomePlaces, StorePlace};
use mainstay_server::{App, AppConfig, DataDir, serve};
use mainstay_store::{PostgresAddress, Store};
use mainstay_trust::root::Role;

use crate::{child, fleet, history};

/// The plan of the tests: what it says of rollouts doesn't matter to an idle device.
pub const PLAN: &str = include_str!("../../tests/it/plan.toml");

/// Says that the database is in the data folder; anything else is PostgreSQL's address.
pub const SQLITE: &str = "sqlite";

/// Of its key.
pub const PASSPHRASE: &str = "a bench has nothing to hide";

/// So many devices are registered in one transaction.
const BATCH: usize = 10_000;

/// The data folder of the server in `folder`.
pub fn data(folder: &Path) -> DataDir {
    DataDir::at(folder.join("server"))
}

/// Makes the server in a new `folder`, with so many `devices` and `finished` orders, and serves until standard input ends.
///
/// # Errors
/// If it can't be made.
pub fn serve(folder: &Path, store: &str, devices: u32, finished: u32) -> anyhow::Result<()> {
    ensure!(
        store == SQLITE || finished == 0,
        "a history is written into SQLite alone"
    );
    std::fs::create_dir(folder)?;
    child::serve(async |listener| {
        let data = data(folder).with_homes(homes(store)?);
        let passphrase = Passphrase::from_text(PASSPHRASE).context("a passphrase")?;
        create(&data, &passphrase, PLAN).await?;
        let parts = data
            .open(&passphrase)
            .await
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        register(&*parts.store, devices).await?;
        history::acquaint(store, &data.database()).await?;
        if store == SQLITE {
            history::write(&*parts.store, &data.database(), devices, finished).await?;
        }
        let app = App::new(parts, AppConfig::default())?;
        child::tell_address(&listener)?;
        serve::run(listener, Arc::new(app), std::future::pending()).await;
        Ok(())
    })
}

fn homes(store: &str) -> anyhow::Result<HomePlaces> {
    let store = match store {
        SQLITE => StorePlace::Sqlite,
        address => StorePlace::Postgres(PostgresAddress::parse(address)?),
    };
    Ok(HomePlaces {
        store,
        ..HomePlaces::default()
    })
}

async fn register(store: &dyn Store, devices: u32) -> anyhow::Result<()> {
    let all: Vec<_> = (0..devices).map(fleet::registration).collect();
    for batch in all.chunks(BATCH) {
        store.register_many(batch).await?;
    }
    Ok(())
}

/// Makes the folder of a server with this plan; returns its root, signed.
///
/// # Errors
/// If it can't be made.
pub async fn create(
    data: &DataDir,
    passphrase: &Passphrase,
    plan: &str,
) -> anyhow::Result<Vec<u8>> {
    let status = generate::from_seed("server", &[7; 32])?;
    let root = root(&status.signer()?)?;
    let new = NewServer {
        root: &root,
        status_key: &status,
        passphrase,
        plan,
        by: &Email::new("sam@northwind.example")?,
    };
    admin::init(data, &new, Timestamp::now()).await?;
    Ok(root)
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

/// The key of a person.
///
/// # Errors
/// If there can't be one.
pub fn signer(holder: &str) -> anyhow::Result<FileSigner> {
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
