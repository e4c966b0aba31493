//! What a mirror lost without a word is noticed and fetched again; and caches hear of new revocations.

use std::fs;
use std::path::PathBuf;

use mainstay_keys::HostPrimitives;
use mainstay_trust::Primitives as _;
use serde_json::{Value, json};

use crate::folder::Folder;
use crate::mirror::{good, held, keeps_running, run, until};
use crate::origin::Origin;

/// What is handed out, and the same with other bytes of the same length: only a reading tells.
const RIGHT: &[u8] = b"the image";
const WRONG: &[u8] = b"THE IMAGE";

fn mirrored(origin: &Origin) -> (Folder, String) {
    let folder = Folder::new();
    let digest = origin.add(RIGHT);
    good(&folder, origin, "");
    (folder, digest)
}

fn damage(folder: &Folder, digest: &str, bytes: &[u8]) {
    let path = folder.path().join("mirror").join(&digest[..2]);
    fs::write(path.join(digest), bytes).expect("an own folder");
}

fn manifest(folder: &Folder) -> (PathBuf, Value) {
    let path = folder.path().join("mirror/mainstay-mirror.json");
    let text = fs::read(&path).expect("a manifest");
    (path, serde_json::from_slice(&text).expect("JSON"))
}

/// As if all that there is had been read at this moment last; with none, as an earlier version wrote it.
fn was_read(folder: &Folder, at: Option<&str>) {
    let (path, mut manifest) = manifest(folder);
    let payloads = manifest["payloads"].as_object_mut().expect("payloads");
    for held in payloads.values_mut() {
        let held = held.as_object_mut().expect("a payload");
        held.remove("read_at").expect("it was read");
        if let Some(at) = at {
            held.insert("read_at".to_owned(), json!(at));
        }
    }
    fs::write(path, manifest.to_string()).expect("an own folder");
}

#[test]
fn another_length_is_noticed_by_every_round() {
    let origin = Origin::open();
    let (folder, digest) = mirrored(&origin);
    damage(&folder, &digest, &RIGHT[..3]);
    run(&folder, &origin, "check").failed_somehow(1, "mirror.damaged");
    good(&folder, &origin, "");
    assert_eq!(held(&folder, &digest).as_deref(), Some(RIGHT));
    good(&folder, &origin, "check");
}

/// What the check tells people to do is what mends it.
#[test]
fn damage_of_the_same_length_is_mended_by_the_cure_that_is_told() {
    let origin = Origin::open();
    let (folder, digest) = mirrored(&origin);
    let other = origin.add(b"another image");
    good(&folder, &origin, "");
    damage(&folder, &digest, WRONG);
    let checked = run(&folder, &origin, "check");
    checked.failed_somehow(1, "mirror.damaged");
    let cure = checked.stderr();
    assert!(cure.contains("`mainstay mirror --verify`"), "{cure}");
    // It was read a moment ago, so that this round looks at its size.
    let done = good(&folder, &origin, "");
    assert_eq!(
        (&done["damaged"], &done["copied"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(held(&folder, &digest).as_deref(), Some(WRONG));

    let done = good(&folder, &origin, "--verify");
    assert_eq!(done["holds"], 2);
    assert_eq!(done["damaged"], json!([digest]));
    assert_eq!(done["copied"], json!([digest]));
    assert_eq!(held(&folder, &digest).as_deref(), Some(RIGHT));
    assert!(held(&folder, &other).is_some());
    good(&folder, &origin, "check");
    let both = run(&folder, &origin, "--verify --every 5s");
    assert_eq!(both.code(), 2, "{}", both.stdout());
}

#[test]
fn what_was_not_read_for_a_day_is_read_in_a_round() {
    let origin = Origin::open();
    for at in [Some("2026-01-01T00:00:00Z"), None] {
        let (folder, digest) = mirrored(&origin);
        damage(&folder, &digest, WRONG);
        was_read(&folder, at);
        let done = good(&folder, &origin, "");
        assert_eq!(done["damaged"], json!([digest]), "{at:?}");
        assert_eq!(held(&folder, &digest).as_deref(), Some(RIGHT));
        // And isn't read again.
        damage(&folder, &digest, WRONG);
        let done = good(&folder, &origin, "");
        assert_eq!(done["damaged"], json!([]), "{at:?}");
    }
}

/// While the server has other bytes, what is damaged stays known as such.
#[test]
fn damage_that_cant_be_mended_yet_is_mended_later() {
    let origin = Origin::open();
    let (folder, digest) = mirrored(&origin);
    damage(&folder, &digest, WRONG);
    origin.change(|state| state.lies = true);
    run(&folder, &origin, "--verify").failed_somehow(1, "mirror.incomplete");
    run(&folder, &origin, "check").failed_somehow(1, "mirror.damaged");
    origin.change(|state| state.lies = false);
    let done = good(&folder, &origin, "");
    assert_eq!(done["copied"], json!([digest]));
    assert_eq!(held(&folder, &digest).as_deref(), Some(RIGHT));
}

#[test]
fn a_mirror_that_keeps_running_mends_itself() {
    let origin = Origin::open();
    let (folder, digest) = mirrored(&origin);
    damage(&folder, &digest, WRONG);
    was_read(&folder, Some("2026-01-01T00:00:00Z"));
    let _keeps = keeps_running(&folder, &origin);
    until("it is whole again", || {
        held(&folder, &digest).as_deref() == Some(RIGHT)
    });
}

/// A cache that isn't told may keep the old ones for as long as the plan lets it, up to an hour.
#[test]
fn caches_are_told_of_new_revocations_until_they_listen() {
    let (folder, origin) = (Folder::new(), Origin::open());
    let hook = format!("--purge-url {}/purge", origin.base);
    good(&folder, &origin, &hook);
    assert_eq!(
        origin.change(|state| state.purged.len()),
        0,
        "there are none"
    );
    let digest = |of: &[u8]| HostPrimitives.digest(of).to_string();
    let (first, second) = (digest(b"first"), digest(b"second"));
    origin.change(|state| {
        state.revocations = Some(first.clone());
        state.hook_fails = true;
    });
    run(&folder, &origin, &hook).failed_somehow(1, "mirror.not-purged");
    origin.change(|state| state.hook_fails = false);
    let done = good(&folder, &origin, &hook);
    assert_eq!(done["revocations"], json!(first));
    let done = good(&folder, &origin, &hook);
    assert_eq!(done["revocations"], Value::Null);
    origin.change(|state| state.revocations = Some(second.clone()));
    good(&folder, &origin, &hook);
    let told = |digest: &str| json!({"digest": digest, "path": "revocations"});
    let purged = origin.change(|state| state.purged.clone());
    assert_eq!(purged, [told(&first), told(&first), told(&second)]);
    // Where there is nobody to tell, nobody asks.
    let asked = origin.change(|state| state.revocations_asked);
    good(&folder, &origin, "");
    assert_eq!(origin.change(|state| state.revocations_asked), asked);
}

/// It becomes a program's argument.
#[test]
fn revocations_that_are_named_by_no_digest_are_told_to_nobody() {
    let (folder, origin) = (Folder::new(), Origin::open());
    let hook = format!("--purge-url {}/purge", origin.base);
    origin.change(|state| state.revocations = Some("--all".to_owned()));
    let ended = run(&folder, &origin, &hook);
    ended.failed_somehow(1, "mirror.not-purged");
    assert!(ended.stderr().contains("no digest"), "{}", ended.stderr());
    assert_eq!(origin.change(|state| state.purged.len()), 0);
}
