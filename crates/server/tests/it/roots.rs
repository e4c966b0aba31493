//! Roots after the first: who may hand them in, and how devices climb.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mainstay_api::RootView;
use mainstay_artifact::{Member, RootDraft, Signer};
use mainstay_keys::generate;
use mainstay_server::{App, AppConfig, DataDir};
use mainstay_trust::root::Role;
use reqwest::StatusCode;

use crate::gadget::register;
use crate::house::{
    self, House, PLAN, new_folder, packed, passphrase, root_draft, signed_by_custodian, signer,
    start, status_key,
};
use crate::papers::publish_root;

const ROOTS: &str = "/api/v1/roots";

/// The first root's successor of this version, otherwise the same.
fn later(version: u32) -> RootDraft {
    RootDraft {
        version,
        ..root_draft(&status_key().signer().unwrap())
    }
}

#[tokio::test]
async fn a_device_climbs_root_by_root_before_it_is_offered_anything() {
    let house = House::new().await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadget = register(&house, &["th-1"], &old).await.remove(0);
    gadget.check_in(&house, &[]).await;
    house.roll_out(&house.built("1.1.0", 2, &[])).await;
    house.advance().await;
    house.later(1);
    let second = publish_root(&house, &later(2)).await;
    let third = publish_root(&house, &later(3)).await;
    for (holds, handed) in [(1, second.clone()), (2, third)] {
        gadget.hold(holds, None);
        let told = gadget.check_in(&house, &[]).await;
        assert_eq!((told.root, told.install), (Some(handed), None));
        assert_eq!((told.poll_after_s, told.named), (0, None));
    }
    // One that can't take a root is handed it again, and doesn't ask again at once for ever.
    gadget.hold(1, None);
    assert_eq!(gadget.check_in(&house, &[]).await.poll_after_s, 0);
    let again = gadget.check_in(&house, &[]).await;
    assert_eq!((again.root, again.install), (Some(second), None));
    assert!(again.poll_after_s > 0);
    gadget.hold(3, None);
    let told = gadget.check_in(&house, &[]).await;
    assert_eq!(told.root, None);
    assert!(told.install.is_some(), "it holds the newest root");
    assert_eq!(told.named, Some((3, None)));
    // A server that was set back tells a device nothing that it wouldn't believe.
    gadget.hold(4, None);
    let ahead = gadget.check_in(&house, &[]).await;
    assert_eq!((ahead.root, ahead.install), (None, None));
}

#[tokio::test]
async fn only_the_root_that_follows_is_taken() {
    let house = House::new().await;
    let stranger = generate::from_seed("server", &[9; 32]).unwrap();
    let by_stranger = {
        let mut draft = later(2);
        let mallory = signer("mallory@northwind.example");
        draft.members.retain(|member| member.role != Role::Root);
        draft.members.push(Member {
            role: Role::Root,
            holder: mallory.holder().to_owned(),
            public_key: mallory.public_key().into(),
        });
        draft
            .signed(&[&mallory], &mainstay_keys::HostPrimitives)
            .unwrap()
    };
    let other_key = RootDraft {
        version: 2,
        ..root_draft(&stranger.signer().unwrap())
    };
    let mut elsewhere = later(2);
    elsewhere.environment = "staging".to_owned();
    let cases = [
        (signed_by_custodian(&later(3)), 422, "trust.root-version"),
        (signed_by_custodian(&elsewhere), 422, "trust.root-identity"),
        (by_stranger, 422, "trust.unsigned"),
        (signed_by_custodian(&other_key), 409, "server.status-key"),
        (b"no root".to_vec(), 422, "trust."),
    ];
    for (root, status, id) in cases {
        let refused = house.refused(ROOTS, &house.tokens.operations, root).await;
        assert_eq!(refused.0, status, "{id} {}", refused.1);
        assert!(refused.1.starts_with(id), "{id} {}", refused.1);
    }
    let again = house
        .post(ROOTS, &house.tokens.operations, house.root.clone())
        .await;
    assert_eq!(again.status(), StatusCode::OK, "the newest once more");
    let stranger = "0".repeat(64);
    let nobody = house.refused(ROOTS, &stranger, signed_by_custodian(&later(2)));
    assert_eq!(nobody.await, (401, "auth.token".to_owned()));
    publish_root(&house, &later(2)).await;
    let roots: Vec<RootView> = house.get(ROOTS, &house.tokens.engineer).await;
    let by: Vec<_> = roots
        .iter()
        .map(|root| (root.version, root.by.as_deref()))
        .collect();
    assert_eq!(by, [(1, None), (2, Some("kim@northwind.example"))]);
}

async fn starts(data: &DataDir) -> Result<(), &'static str> {
    let parts = data.open(&passphrase()).await.map_err(|error| error.id())?;
    let app = App::new(parts, AppConfig::default()).map_err(|error| error.id())?;
    drop(Arc::new(app));
    Ok(())
}

/// The public half beside a key.
fn half(key: &Path) -> PathBuf {
    key.with_added_extension("pub")
}

#[tokio::test]
async fn a_stopped_server_changes_its_key_together_with_the_root() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::at(folder.path().join("server"));
    new_folder(&data, PLAN).await;
    let key = generate::from_seed("server-2", &[8; 32]).unwrap();
    let root = signed_by_custodian(&RootDraft {
        version: 2,
        ..root_draft(&key.signer().unwrap())
    });
    let (before, now) = (folder.path().join("old-key"), start());
    fs::copy(data.status_key(), &before).unwrap();
    fs::copy(half(&data.status_key()), half(&before)).unwrap();
    let keyless = data.rotate(&root, None, &passphrase(), now).await;
    assert_eq!(keyless.unwrap_err().id(), "server.status-key");
    let gap = signed_by_custodian(&later(3));
    let refused = data.rotate(&gap, None, &passphrase(), now).await;
    assert_eq!(refused.unwrap_err().id(), "trust.root-version");
    assert_eq!(starts(&data).await, Ok(()), "nothing was changed");
    let rotated = data.rotate(&root, Some(&key), &passphrase(), now).await;
    assert_eq!(rotated.unwrap(), 2);
    assert_eq!(starts(&data).await, Ok(()));
    // The power went after the root was stored: the new key still lies beside the old one, whose
    // public half has been replaced already, or hasn't.
    let next = data.status_key().with_added_extension("next");
    for half_replaced in [false, true] {
        fs::copy(half(&data.status_key()), half(&next)).unwrap();
        fs::rename(data.status_key(), &next).unwrap();
        fs::copy(&before, data.status_key()).unwrap();
        if !half_replaced {
            fs::copy(half(&before), half(&data.status_key())).unwrap();
        }
        assert_eq!(starts(&data).await, Ok(()), "the rotation is finished");
        assert!(!next.exists() && !half(&next).exists());
    }
    // The old key alone can't speak under the new root.
    fs::copy(&before, data.status_key()).unwrap();
    fs::copy(half(&before), half(&data.status_key())).unwrap();
    assert_eq!(starts(&data).await, Err("server.status-key"));
}
