//! Backups that a disk, or somebody, has changed: each is refused by its id, and nothing is restored of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use mainstay_artifact::RootDraft;
use mainstay_server::backup;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

use super::{elsewhere, made};
use crate::house::{root_draft, signed_by_custodian, signer};
use crate::pauses::promised;

const DATABASE: &str = "mainstay.sqlite";

/// A backup with one payload, of which copies are spoilt.
struct Shelf {
    folder: tempfile::TempDir,
    good: PathBuf,
    /// The payload's name.
    blob: String,
    now: jiff::Timestamp,
}

impl Shelf {
    async fn new() -> Self {
        let (house, _gadgets, new, _rollout) = promised().await;
        let (folder, good, _) = elsewhere();
        made(&house, &good).await.unwrap();
        let digest = new.image_digest.to_string();
        Self {
            folder,
            good,
            blob: format!("blobs/{}/{digest}", &digest[..2]),
            now: house.app.now(),
        }
    }

    /// A copy, spoilt.
    fn copy(&self, spoil: impl FnOnce(&Path)) -> PathBuf {
        let copy = self.folder.path().join("spoilt");
        let _ = fs::remove_dir_all(&copy);
        copy_folder(&self.good, &copy);
        spoil(&copy);
        copy
    }

    /// It is refused, whether it is looked at or restored.
    async fn refused(&self, id: &str, spoil: impl FnOnce(&Path)) {
        let copy = self.copy(spoil);
        let looked = backup::check(&copy, &mut |_| {}).await;
        let looked = looked.unwrap_err();
        assert_eq!(looked.id(), id, "{looked}");
        assert!(!looked.cure().is_empty());
        self.restores_nothing(&copy, id).await;
    }

    async fn restores_nothing(&self, copy: &Path, id: &str) {
        let to = self.folder.path().join("data");
        let restored = backup::restore(copy, &to, self.now, &mut |_| {}).await;
        let refused = restored.unwrap_err();
        assert_eq!(refused.id(), id, "{refused}");
        for left in ["data", "data.partial"] {
            assert!(!self.folder.path().join(left).exists(), "{left}");
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn cut(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

fn list(backup: &Path) -> Value {
    serde_json::from_slice(&fs::read(backup.join("backup.json")).unwrap()).unwrap()
}

/// Whoever can write there can write a list with the right digest.
fn rewrite(backup: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = list(backup);
    change(&mut value);
    let text = value.to_string();
    let digest = hex::encode(Sha256::digest(&text));
    fs::write(
        backup.join("backup.sha256"),
        format!("{digest}  backup.json\n"),
    )
    .unwrap();
    fs::write(backup.join("backup.json"), text).unwrap();
}

/// The list is made to fit what is there, whatever that is.
fn remade(backup: &Path) {
    rewrite(backup, |value| {
        let files = value["files"].as_array_mut().unwrap();
        files.retain_mut(|file| {
            let path = backup.join(file["name"].as_str().unwrap());
            let Ok(bytes) = fs::read(path) else {
                return false;
            };
            file["bytes"] = json!(bytes.len());
            file["sha256"] = json!(hex::encode(Sha256::digest(&bytes)));
            true
        });
    });
}

#[tokio::test]
async fn what_a_disk_does_to_a_backup_is_found() {
    let shelf = Shelf::new().await;
    let blob = shelf.blob.clone();
    for name in [
        DATABASE,
        "root.cbor",
        "status-key",
        "status-key.pub",
        "status-key.uses",
        "backup.json",
        "backup.sha256",
        &blob,
    ] {
        shelf
            .refused("backup.damaged", |copy| flip(&copy.join(name)))
            .await;
        shelf
            .refused("backup.damaged", |copy| cut(&copy.join(name)))
            .await;
        let id = match name {
            "backup.json" => "backup.missing",
            _ => "backup.damaged",
        };
        let gone = |copy: &Path| fs::remove_file(copy.join(name)).unwrap();
        shelf.refused(id, gone).await;
    }
    let folder = |copy: &Path| fs::remove_dir_all(copy.join("blobs")).unwrap();
    shelf.refused("backup.damaged", folder).await;
    let file = |copy: &Path| {
        fs::remove_dir_all(copy).unwrap();
        fs::write(copy, b"no folder").unwrap();
    };
    shelf.refused("backup.missing", file).await;
    fs::remove_file(shelf.folder.path().join("spoilt")).unwrap();
}

#[tokio::test]
async fn what_somebody_laid_into_a_backup_is_found() {
    let shelf = Shelf::new().await;
    let blob = shelf.blob.clone();
    for stray in [
        "more",
        "lock",
        "mainstay.sqlite-wal",
        "blobs/more",
        "blobs/zz",
    ] {
        let lay = |copy: &Path| fs::write(copy.join(stray), b"").unwrap();
        shelf.refused("backup.stray", lay).await;
        let lay = |copy: &Path| fs::create_dir(copy.join(stray)).unwrap();
        shelf.refused("backup.stray", lay).await;
        let lay = |copy: &Path| symlink("/etc/passwd", copy.join(stray)).unwrap();
        shelf.refused("backup.not-a-file", lay).await;
    }
    // The right bytes behind a link are still somewhere else.
    for name in [
        DATABASE,
        "root.cbor",
        "backup.json",
        "backup.sha256",
        "blobs",
        &blob,
    ] {
        let link = |copy: &Path| {
            let (here, there) = (copy.join(name), copy.with_extension("there"));
            let _ = fs::remove_dir_all(&there);
            let _ = fs::remove_file(&there);
            fs::rename(&here, &there).unwrap();
            symlink(&there, &here).unwrap();
        };
        shelf.refused("backup.not-a-file", link).await;
    }
}

#[tokio::test]
async fn a_list_that_was_written_anew_is_believed_no_more_than_its_files() {
    let shelf = Shelf::new().await;
    let blob = shelf.blob.clone();
    for name in ["../root.cbor", "/etc/passwd", "lock", "blobs/../root.cbor"] {
        let lead_away = |copy: &Path| rewrite(copy, |list| list["files"][1]["name"] = json!(name));
        shelf.refused("backup.name", lead_away).await;
    }
    let truncated = |copy: &Path| {
        cut(&copy.join(DATABASE));
        remade(copy);
    };
    shelf.refused("backup.database", truncated).await;
    let other_bytes = |copy: &Path| {
        flip(&copy.join(&blob));
        remade(copy);
    };
    shelf.refused("backup.manifest", other_bytes).await;
    // The list is right; a release isn't served by it.
    let without_payload = |copy: &Path| {
        fs::remove_dir_all(copy.join("blobs")).unwrap();
        remade(copy);
    };
    shelf.refused("backup.database", without_payload).await;
    let no_root = |copy: &Path| {
        fs::remove_file(copy.join("root.cbor")).unwrap();
        remade(copy);
    };
    shelf.refused("backup.manifest", no_root).await;
    for (id, key, value) in [
        ("backup.newer", "format", json!(2)),
        ("backup.database", "schema", json!(1)),
        ("backup.database", "tables", json!([])),
        ("backup.manifest", "files", json!("none")),
    ] {
        let change = |copy: &Path| rewrite(copy, |list| list[key] = value);
        shelf.refused(id, change).await;
    }
    let rows = |copy: &Path| rewrite(copy, |list| list["tables"][0]["rows"] = json!(99));
    shelf.refused("backup.database", rows).await;
}

/// Changes the database of a backup, and the list with it.
async fn change(backup: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(backup.join(DATABASE));
    let mut file = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut file).await.unwrap();
    file.close().await.unwrap();
    remade(backup);
}

#[tokio::test]
async fn a_database_that_was_changed_by_hand_is_not_taken() {
    let shelf = Shelf::new().await;
    for (id, sql) in [
        ("store.newer", "PRAGMA user_version = 600"),
        (
            "backup.database",
            "CREATE TRIGGER back AFTER DELETE ON sessions BEGIN SELECT 1; END",
        ),
        ("backup.database", "CREATE TABLE more (text TEXT)"),
        ("backup.database", "UPDATE rollouts SET phase = 'complete'"),
        ("backup.database", "DELETE FROM timeline"),
    ] {
        let copy = shelf.copy(|_| {});
        change(&copy, sql).await;
        let looked = backup::check(&copy, &mut |_| {}).await.unwrap_err();
        assert_eq!(looked.id(), id, "{sql}: {looked}");
        shelf.restores_nothing(&copy, id).await;
    }
    // Each for itself is sound: the root of one fleet, and the database of another.
    let other_root = |copy: &Path| {
        let other = RootDraft {
            issued: 1_790_000_001,
            ..root_draft(&signer("status@northwind.example"))
        };
        fs::write(copy.join("root.cbor"), signed_by_custodian(&other)).unwrap();
        remade(copy);
    };
    shelf.refused("backup.database", other_root).await;
}
