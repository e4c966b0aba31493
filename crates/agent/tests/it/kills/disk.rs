//! A disk that can lose its power: an ext4 file system in a file, of which only what was written out survives.
//!
//! Who kills a process alone tries too little: its writes wait in the kernel's memory, and a sync that is missing
//! is never missed. So a cut here is what a power cut leaves of a disk:
//!
//! | step | what | why |
//! |---|---|---|
//! | 1 | the process is killed | not waited for: it may be deep in a sync |
//! | 2 | the file system is shut down (`EXT4_IOC_SHUTDOWN`, without flushing) | nothing that is still dirty, and no commit that is under way, goes out any more |
//! | 3 | the backing file is copied | neither synced nor unmounted before |
//! | 4 | the copy is mounted | its journal is replayed, as after a power cut |
//!
//! Dirty pages belong to the upper file system's own files and to the loop device. What the loop driver was handed
//! it has written to the backing file, around the lower file system's cache (direct I/O); and a read of a file
//! sees what was written to it, cached or not. So the copy has all that was submitted, and nothing else. (What a
//! real disk's own cache may lose beyond that is asked back from it by the file system, at each sync.)
//!
//! The file system is told to be as lazy as it may: `commit=600`, or all would last after five seconds, and
//! `noauto_da_alloc`, or ext4 would write a file's bytes out because it is renamed, as others don't.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mainstay_agent::clock::Clock;

use crate::bench::STUCK;

/// Room for an image and what is unpacked of it; the file has holes.
const DISK_BYTES: u64 = 128 * 1024 * 1024;
const LAZY: &str = "noatime,noauto_da_alloc,noinit_itable,commit=600";

/// Where a device's files lie.
pub struct Disk {
    at: PathBuf,
    /// The backing file; none for a plain folder, which loses nothing in a cut.
    backing: Option<PathBuf>,
}

impl Disk {
    /// A new one at `at`, in a file beside it.
    ///
    /// # Errors
    /// If this machine mounts no such file, and why.
    pub fn new(at: &Path) -> Result<Self, String> {
        let backing = at.with_extension("img");
        let make = || -> std::io::Result<()> {
            fs::create_dir_all(at)?;
            File::create(&backing)?.set_len(DISK_BYTES)
        };
        make().map_err(|error| error.to_string())?;
        let holes = "lazy_itable_init=1,lazy_journal_init=1";
        run(
            "/sbin/mke2fs",
            &["-q", "-t", "ext4", "-E", holes, text(&backing)],
        )?;
        mount(&backing, at)?;
        Ok(Self {
            at: at.to_owned(),
            backing: Some(backing),
        })
    }

    /// A plain folder, for machines without.
    pub fn folder(at: &Path) -> Self {
        fs::create_dir_all(at).unwrap();
        Self {
            at: at.to_owned(),
            backing: None,
        }
    }

    /// Cuts the power while `kill` kills whoever uses it, and switches it on again; `wait` waits for their end.
    pub fn cut<T>(&self, kill: impl FnOnce() -> T, wait: impl FnOnce(T)) {
        let Some(backing) = &self.backing else {
            wait(kill());
            return;
        };
        let root = File::open(&self.at).unwrap();
        let killed = kill();
        shut_down(&root);
        drop(root);
        wait(killed);
        let copy = backing.with_extension("copy");
        must(
            "cp",
            &[
                "--sparse=auto",
                "--reflink=never",
                text(backing),
                text(&copy),
            ],
        );
        must_once_free("umount", &[text(&self.at)]);
        fs::rename(&copy, backing).unwrap();
        mount(backing, &self.at).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.backing.is_some() {
            let _ = run("umount", &["--lazy", text(&self.at)]);
        }
    }
}

/// Takes the power from a file system: it writes nothing from now on.
#[expect(
    unsafe_code,
    reason = "the one way to do it at the very moment of the kill; no program does without being started first"
)]
fn shut_down(root: &File) {
    use rustix::ioctl::{Opcode, Setter, ioctl, opcode};
    const SHUTDOWN: Opcode = opcode::read::<u32>(b'X', 125);
    const WITHOUT_FLUSH: u32 = 2;
    // SAFETY: EXT4_IOC_SHUTDOWN (Linux, `fs/ext4/ext4.h`) reads one u32, and that is what it is handed.
    unsafe { ioctl(root, Setter::<SHUTDOWN, u32>::new(WITHOUT_FLUSH)) }.unwrap();
}

/// Mounts a file; the loop device goes with the mount.
fn mount(backing: &Path, at: &Path) -> Result<(), String> {
    let words = ["--find", "--show", "--direct-io=on", text(backing)];
    let device = run("losetup", &words)?;
    let mounted = run("mount", &["-o", LAZY, device.trim(), text(at)]);
    let _ = run("losetup", &["--detach", device.trim()]);
    mounted.map(drop)
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs a program to its end; returns what it printed.
///
/// # Errors
/// What it said, if it can't be started or fails.
pub fn run(program: &str, words: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(words).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    match output.status.success() {
        true => Ok(said),
        false => Err(format!("{program} {}: {}", words.join(" "), said.trim())),
    }
}

/// The same where it can't fail.
pub fn must(program: &str, words: &[&str]) -> String {
    run(program, words).unwrap()
}

/// The same for what nobody may be in the way of: a hook outlives its agent by a moment, and whatever other tests start has
/// our open files until it has become another program.
pub fn must_once_free(program: &str, words: &[&str]) {
    let clock = Clock::begin();
    while let Err(why) = run(program, words) {
        let waited = Duration::from_millis(clock.elapsed_ms());
        assert!(waited < STUCK, "{why}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A cut that forgave what wasn't synced would show nothing.
#[test]
fn a_cut_loses_what_was_not_synced_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("disk");
    let disk = match Disk::new(&at) {
        Ok(disk) => disk,
        Err(why) => return super::say_loudly(&why),
    };
    let put = |name: &str, synced: bool| {
        fs::write(at.join(name), name).unwrap();
        if synced {
            File::open(at.join(name)).unwrap().sync_all().unwrap();
        }
    };
    put("kept", true);
    File::open(&at).unwrap().sync_all().unwrap();
    // Its bytes are never synced, its name is: the name comes back alone.
    put("empty", false);
    put("other", true);
    File::open(&at).unwrap().sync_all().unwrap();
    fs::rename(at.join("other"), at.join("renamed")).unwrap();
    put("lost", false);
    disk.cut(|| (), drop);
    let found = |name: &str| fs::read_to_string(at.join(name)).ok();
    assert_eq!(found("kept").as_deref(), Some("kept"));
    assert_eq!(found("empty").as_deref(), Some(""));
    assert_eq!(found("other").as_deref(), Some("other"), "not yet renamed");
    assert_eq!(found("renamed"), None);
    assert_eq!(found("lost"), None);
}
