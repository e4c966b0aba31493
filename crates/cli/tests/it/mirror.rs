//! A mirror is kept in step with a server that does as it should, and with lines and places that don't.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};

use crate::bucket::{self, Bucket};
use crate::folder::{Ended, Folder};
use crate::origin::Origin;
use crate::served::Server;

pub fn run(folder: &Folder, origin: &Origin, words: &str) -> Ended {
    let variables = [
        ("MAINSTAY_TOKEN", "token"),
        ("MAINSTAY_SERVER", origin.base.as_str()),
    ];
    folder.run_with(&format!("mirror --to mirror {words}"), &variables)
}

pub fn good(folder: &Folder, origin: &Origin, words: &str) -> Value {
    let ended = run(folder, origin, &format!("--json {words}"));
    assert_eq!(ended.code(), 0, "{words}: {}", ended.stderr());
    serde_json::from_str(ended.stdout().lines().next().expect("a line")).expect("JSON")
}

pub fn held(folder: &Folder, digest: &str) -> Option<Vec<u8>> {
    let path = folder.path().join("mirror").join(&digest[..2]).join(digest);
    fs::read(path).ok()
}

#[test]
fn a_mirror_gets_what_is_offered_and_loses_what_is_not() {
    let (folder, origin) = (Folder::new(), Origin::open());
    let (one, two) = (origin.add(b"one"), origin.add(&vec![7; 300_000]));
    let done = good(&folder, &origin, "--once");
    assert_eq!(
        (&done["holds"], done["copied"].as_array().map(Vec::len)),
        (&json!(2), Some(2))
    );
    assert_eq!(held(&folder, &one).as_deref(), Some(&b"one"[..]));
    assert_eq!(held(&folder, &two).map(|bytes| bytes.len()), Some(300_000));
    // What is there isn't fetched again.
    let asked = origin.change(|state| state.ranges.len());
    let done = good(&folder, &origin, "");
    assert_eq!(
        (&done["copied"], &done["removed"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(origin.change(|state| state.ranges.len()), asked);

    origin.change(|state| state.payloads.remove(&one));
    let done = good(&folder, &origin, "");
    assert_eq!(done["removed"], json!([one]));
    assert_eq!(held(&folder, &one), None);
    let checked = good(&folder, &origin, "check");
    assert_eq!(checked["wrong"], json!([]));
    assert_eq!(checked["payloads"][&two]["state"], "whole");
}

#[test]
fn a_line_that_breaks_is_gone_on_with() {
    let (folder, origin) = (Folder::new(), Origin::open());
    let image: Vec<u8> = (0..=u8::MAX).cycle().take(250_000).collect();
    let digest = origin.add(&image);
    origin.change(|state| state.cut = Some(100_000));
    good(&folder, &origin, "");
    assert!(held(&folder, &digest).as_deref() == Some(&image[..]));
    let ranges = origin.change(|state| state.ranges.clone());
    assert_eq!(ranges, ["", "bytes=100000-", "bytes=200000-"]);
}

#[test]
fn other_bytes_are_never_kept() {
    let (folder, origin) = (Folder::new(), Origin::open());
    let digest = origin.add(b"the image");
    origin.change(|state| state.lies = true);
    let ended = run(&folder, &origin, "");
    assert_eq!(ended.code(), 1);
    assert!(
        ended.stderr().contains("error mirror.incomplete"),
        "{}",
        ended.stderr()
    );
    assert_eq!(held(&folder, &digest), None);
    let checked = run(&folder, &origin, "check");
    assert_eq!(checked.code(), 1, "{}", checked.stdout());
    assert!(
        checked.stdout().contains("isn't there yet"),
        "{}",
        checked.stdout()
    );
    origin.change(|state| state.lies = false);
    good(&folder, &origin, "");
    assert_eq!(held(&folder, &digest).as_deref(), Some(&b"the image"[..]));
}

#[test]
fn caches_are_told_until_they_listen() {
    let (folder, origin) = (Folder::new(), Origin::open());
    let digest = origin.add(b"harmful");
    let hook = format!("--purge-url {}/purge", origin.base);
    good(&folder, &origin, &hook);
    origin.change(|state| {
        state.payloads.clear();
        state.hook_fails = true;
    });
    for _ in 0..2 {
        let ended = run(&folder, &origin, &hook);
        assert_eq!(ended.code(), 1);
        assert!(
            ended.stderr().contains("error mirror.not-purged"),
            "{}",
            ended.stderr()
        );
        assert_eq!(held(&folder, &digest), None, "it is gone here all the same");
    }
    origin.change(|state| state.hook_fails = false);
    good(&folder, &origin, &hook);
    good(&folder, &origin, &hook);
    let told = json!({"digest": digest, "path": format!("{}/{digest}", &digest[..2])});
    let purged = origin.change(|state| state.purged.clone());
    assert_eq!(
        purged,
        [told.clone(), told.clone(), told],
        "twice in vain, and then once"
    );
}

#[cfg(unix)]
#[test]
fn a_program_is_told_as_well() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, origin) = (Folder::new(), Origin::open());
    let digest = origin.add(b"harmful");
    let program = folder.write(
        "purge",
        "#!/bin/sh\necho \"$1 $2$MAINSTAY_TOKEN\" >> purged\n",
    );
    let mode = fs::Permissions::from_mode(0o700);
    fs::set_permissions(&program, mode).expect("an own file");
    let hook = format!("--purge-command {}", program.display());
    good(&folder, &origin, &hook);
    origin.change(|state| state.payloads.clear());
    good(&folder, &origin, &hook);
    let told = String::from_utf8(folder.read("purged")).expect("a text");
    assert_eq!(told, format!("{digest} {}/{digest}\n", &digest[..2]));
}

/// Until what is waited for holds; a test that waits for longer has failed.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    const LOOKS_MAX: u32 = 3600;
    for _ in 0..LOOKS_MAX {
        if holds() {
            return;
        }
        thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("never: {what}");
}

/// A mirror that is kept in step for as long as this is held.
pub fn keeps_running(folder: &Folder, origin: &Origin) -> Server {
    let keeps = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .args(["mirror", "--to", "mirror", "--every", "5s", "--json"])
        .current_dir(folder.path())
        .env("MAINSTAY_TOKEN", "token")
        .env("MAINSTAY_SERVER", &origin.base)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Server(keeps.expect("the program was just built"))
}

#[test]
fn a_mirror_that_keeps_running_follows_and_is_alone() {
    let (folder, origin) = (Folder::new(), Origin::open());
    let one = origin.add(b"one");
    let _keeps = keeps_running(&folder, &origin);
    until("the first comes", || held(&folder, &one).is_some());
    run(&folder, &origin, "").failed(2, "mirror.in-use");
    let two = origin.add(b"two");
    origin.change(|state| state.payloads.remove(&one));
    until("the second comes", || held(&folder, &two).is_some());
    assert_eq!(held(&folder, &one), None, "what leaves goes first");
}

/// The same, in a bucket by others; one that somebody uses is left alone.
#[test]
fn a_bucket_is_kept_in_step() {
    let (folder, origin, bucket) = (Folder::new(), Origin::open(), Bucket::new());
    let digest = origin.add(b"the image");
    folder.write("key", bucket::KEY);
    let words = |to: &str, more: &str| {
        let endpoint = &bucket.endpoint;
        format!("mirror --to {to} --endpoint {endpoint} --key-file key {more}")
    };
    let variables = [
        ("MAINSTAY_TOKEN", "token"),
        ("MAINSTAY_SERVER", origin.base.as_str()),
    ];
    let run = |to: &str, more: &str| folder.run_with(&words(to, more), &variables);
    let to = "s3://northwind/mirror";
    let ended = run(to, "");
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
    let payload = format!("mirror/{}/{digest}", &digest[..2]);
    let names = bucket.names();
    assert!(names.contains(&payload), "{names:?}");
    assert!(
        names.contains(&"mirror/mainstay-mirror.json".to_owned()),
        "{names:?}"
    );
    let ended = run(to, "check");
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
    run("s3://northwind", "").failed(2, "mirror.not-a-mirror");
    origin.change(|state| state.payloads.clear());
    assert_eq!(run(to, "").code(), 0);
    assert!(!bucket.names().contains(&payload));
}

#[test]
fn only_a_mirror_is_kept_and_only_of_its_server() {
    let (folder, origin) = (Folder::new(), Origin::open());
    let digest = origin.add(b"the image");
    fs::create_dir_all(folder.path().join("mirror")).expect("an own folder");
    folder.write("mirror/somebody-elses", "file");
    run(&folder, &origin, "").failed(2, "mirror.not-a-mirror");
    run(&folder, &origin, "check").failed(2, "mirror.not-a-mirror");
    fs::remove_file(folder.path().join("mirror/somebody-elses")).expect("an own file");
    good(&folder, &origin, "");
    // An empty server by mistake would empty the mirror.
    let other = Origin::open();
    run(&folder, &other, "").failed(1, "mirror.other-server");
    assert!(held(&folder, &digest).is_some());
    good(&folder, &other, "--other-server");
    assert!(held(&folder, &digest).is_none());
}

/// A server that began to use the same place later would lose its own bytes at the next halt.
#[test]
fn what_others_put_there_is_never_taken_for_the_mirrors() {
    let (folder, origin) = (Folder::new(), Origin::open());
    good(&folder, &origin, "");
    let digest = origin.add(b"the image");
    let shelf = folder.path().join("mirror").join(&digest[..2]);
    fs::create_dir_all(&shelf).expect("an own folder");
    fs::write(shelf.join(&digest), b"the image").expect("an own folder");
    run(&folder, &origin, "").failed_somehow(1, "mirror.incomplete");
    origin.change(|state| state.payloads.clear());
    good(&folder, &origin, "");
    assert_eq!(held(&folder, &digest).as_deref(), Some(&b"the image"[..]));
}

/// All of it is gone before the first hook is called, however long that one takes.
#[cfg(unix)]
#[test]
fn a_hook_keeps_nothing_that_is_to_leave() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, origin) = (Folder::new(), Origin::open());
    origin.add(b"harmful");
    origin.add(b"harmful, too");
    let looks =
        "#!/bin/sh\nfind mirror -type f -path 'mirror/*/*' >> found\necho called >> found\n";
    let program = folder.write("purge", looks);
    let mode = fs::Permissions::from_mode(0o700);
    fs::set_permissions(&program, mode).expect("an own file");
    let hook = format!("--purge-command {}", program.display());
    good(&folder, &origin, &hook);
    origin.change(|state| state.payloads.clear());
    good(&folder, &origin, &hook);
    let found = String::from_utf8(folder.read("found")).expect("a text");
    assert_eq!(found, "called\ncalled\n");
}

#[test]
fn bad_words_are_refused_before_anything_is_done() {
    let (folder, origin) = (Folder::new(), Origin::open());
    for (words, id) in [
        ("--every 1s", "mirror.every"),
        ("--every soon", "mirror.every"),
        ("--purge-url http://cdn.example/purge", "mirror.purge-url"),
        ("--endpoint http://127.0.0.1:1", "mirror.no-bucket"),
    ] {
        run(&folder, &origin, words).failed(2, id);
        assert!(!folder.names().contains("mirror"), "{words}");
    }
    folder.write("empty", "\n");
    let hook = "--purge-url https://cdn.example/purge --purge-token-file empty";
    run(&folder, &origin, hook).failed(2, "mirror.purge-token");
    let named = "--purge-url https://kim:hunter2@cdn.example/purge";
    let refused = run(&folder, &origin, named);
    refused.failed(2, "mirror.purge-url");
    assert!(
        !refused.stderr().contains("hunter2"),
        "{}",
        refused.stderr()
    );
    folder
        .run_with("mirror", &[("MAINSTAY_TOKEN", "token")])
        .failed(2, "mirror.no-place");
    folder.run("mirror --to mirror").failed(2, "token.missing");
}

impl Ended {
    /// That it failed so; what it said besides is its own business.
    pub fn failed_somehow(&self, code: i32, id: &str) {
        assert_eq!(self.code(), code, "{}", self.stdout());
        assert!(
            self.stderr().contains(&format!("error {id}")),
            "{}",
            self.stderr()
        );
    }
}
