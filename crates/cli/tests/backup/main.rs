//! The real `mainstay`, kept while it serves a fleet in the midst of a rollout; killed, restored elsewhere, and asked by the same fleet.
//!
//! Whenever a backup is killed, nothing is left that a restore would take.

#[path = "../support/address.rs"]
mod address;
#[path = "../killed_server/patience.rs"]
mod patience;
#[path = "../support/people.rs"]
mod people;
#[path = "../support/served.rs"]
mod served;
#[path = "../killed_server/stage.rs"]
#[expect(dead_code, reason = "this story ends before every report is counted")]
mod stage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use mainstay_access::Duty;
use mainstay_simulator::{Crowd, real_time};

use crate::served::Server;
use crate::stage::Stage;

/// Far longer than the rollout takes on a slow machine; a test that gets here has failed.
const LIMIT: Duration = Duration::from_secs(240);

/// How often a backup is killed.
const KILLS: u64 = 8;

fn mainstay(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    command.args(words).stdin(Stdio::null());
    command
}

fn told(ended: &Output) -> String {
    let both = [&ended.stdout, &ended.stderr];
    both.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

/// What it said, both ways.
fn said(code: i32, words: &[&str]) -> String {
    let ended = mainstay(words).output().expect("it was just built");
    let told = told(&ended);
    assert_eq!(ended.status.code(), Some(code), "{words:?}: {told}");
    told
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn updated(crowd: &Crowd, stage: &Stage) -> usize {
    let target = Some(stage.good.manifest);
    let devices = crowd.devices();
    devices
        .filter(|device| device.running_release() == target)
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_finds_its_server_again_after_a_restore() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut stage = Stage::set(folder.path()).await;
    let server = stage.serve();
    let mut crowd = stage.crowd().await;
    kill_backups(&stage, &mut crowd, folder.path()).await;
    stage.roll_out().await;
    let some = real_time::live(&mut crowd, LIMIT, |crowd| updated(crowd, &stage) >= 1);
    assert!(some.await, "nobody was updated within {LIMIT:?}");

    let backup = folder.path().join("backup");
    keep_while_it_serves(&stage, &mut crowd, &backup).await;
    drop(server);
    let look = said(0, &["server", "restore", "--look", "--from", text(&backup)]);
    assert!(look.contains("It is whole"), "{look}");

    let data = folder.path().join("restored");
    let words = [
        "server",
        "restore",
        "--from",
        text(&backup),
        "--to",
        text(&data),
    ];
    let told = said(0, &words);
    assert!(
        told.contains("Paused, whatever became of them since: rollout(s) 1."),
        "{told}"
    );
    said(2, &words);
    stage.data = data;
    let _server = stage.serve();
    is_the_same_fleet(&stage, &mut crowd).await;
}

/// Devices go on meanwhile, and what they report is kept.
async fn keep_while_it_serves(stage: &Stage, crowd: &mut Crowd, to: &Path) {
    let (data, to) = (stage.data.clone(), to.to_owned());
    let keep = move || {
        said(
            0,
            &["server", "backup", "--data", text(&data), "--to", text(&to)],
        )
    };
    let keeping = tokio::task::spawn_blocking(keep);
    real_time::live(crowd, LIMIT, |_| keeping.is_finished()).await;
    let told = keeping.await.expect("no panic");
    assert!(told.contains("1 payload(s)"), "{told}");
}

/// At moments that move through the whole of its work.
async fn kill_backups(stage: &Stage, crowd: &mut Crowd, folder: &Path) {
    let (data, folder) = (stage.data.clone(), folder.to_owned());
    let kills = tokio::task::spawn_blocking(move || {
        let to = folder.join("killed");
        let words = ["server", "backup", "--data", text(&data), "--to", text(&to)];
        let mut unfinished = 0;
        for kill in 0..KILLS {
            // The last one's leftover stays for whoever comes after.
            let _ = fs::remove_dir_all(partial(&to));
            let mut child = mainstay(&words);
            let child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            let child = Server(child.expect("it was just built"));
            let begun = (0..5000).any(|_| {
                std::thread::sleep(Duration::from_millis(2));
                partial(&to).exists() || to.exists()
            });
            assert!(begun, "it never begins");
            std::thread::sleep(Duration::from_millis(kill * 12));
            drop(child);
            unfinished += look_at_the_killed(&folder);
        }
        // Whoever tries again isn't hindered by what was left.
        if !to.exists() {
            said(0, &words);
        }
        assert!(!partial(&to).exists());
        said(0, &["server", "restore", "--look", "--from", text(&to)]);
        unfinished
    });
    real_time::live(crowd, LIMIT, |_| kills.is_finished()).await;
    let unfinished = kills.await.expect("no panic");
    assert!(unfinished > 0, "each was faster than its end");
}

fn partial(to: &Path) -> PathBuf {
    to.with_added_extension("partial")
}

/// Whether the backup that was killed wasn't finished: 1 or 0. What is under its name is whole.
fn look_at_the_killed(folder: &Path) -> u64 {
    let (to, data) = (folder.join("killed"), folder.join("never"));
    let look = ["server", "restore", "--look", "--from"];
    if to.exists() {
        said(0, &[&look[..], &[text(&to)]].concat());
        fs::remove_dir_all(&to).expect("an own folder");
        return 0;
    }
    let partial = partial(&to);
    if partial.join("backup.json").exists() {
        // All of it was there, but for its name; or the list itself was cut.
        let look = [&look[..], &[text(&partial)]].concat();
        let ended = mainstay(&look).output().expect("it was just built");
        return u64::from(!ended.status.success());
    }
    let restore = [
        "server",
        "restore",
        "--from",
        text(&partial),
        "--to",
        text(&data),
    ];
    let refused = said(2, &restore);
    assert!(refused.contains("error backup.missing"), "{refused}");
    assert!(!data.exists());
    1
}

/// Every device is known, none gets anything, and people are told why, and decide.
async fn is_the_same_fleet(stage: &Stage, crowd: &mut Crowd) {
    let operations = stage.operator_at(Duty::Operations, stage.address);
    // Who has fetched it all before ends what it began; nobody else does.
    real_time::live(crowd, Duration::from_secs(4), |_| false).await;
    let before = updated(crowd, stage);
    assert!(before < crowd.devices().count(), "nothing is left to stop");
    real_time::live(crowd, Duration::from_secs(4), |_| false).await;
    assert_eq!(updated(crowd, stage), before, "it stands still");

    let devices = operations.devices().await;
    let devices = devices.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(devices.len(), crowd.devices().count());
    let rollouts = operations.rollouts().await;
    let rollouts = rollouts.unwrap_or_else(|error| panic!("{error}"));
    let because = rollouts[0].paused_because.clone().unwrap_or_default();
    assert!(because.contains("was restored from a backup"), "{because}");
    let resumed = operations.resume(rollouts[0].id).await;
    let resumed = resumed.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(resumed.paused_because, None);
}
