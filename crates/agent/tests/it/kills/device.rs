//! A device whose power can be cut: its state and its slots lie on a [`Disk`], all else beside it. It says what
//! would be started from that disk, and starts it as its boot loader would.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use mainstay_agent::boot_env::scheme::{self, SETTLED_TRIES};
use mainstay_agent::status::Status;
use mainstay_device::{Record, Slot};

use super::disk::{Disk, must};
use super::raw_disk::RawDisk;
use super::release::Release;
use crate::bench::{Bench, Process};

/// What kind of slots it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Folders and the link `current`.
    Directory,
    /// Files, started by U-Boot's scheme `order`; the environment has two copies.
    Files,
    /// The same on block devices without a file system. Where no disks can be had, files do.
    Blocks,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Directory, Self::Files, Self::Blocks];
}

/// One device. Its disks are let go of before its folder.
pub struct Device {
    pub disk: Disk,
    raw: Vec<RawDisk>,
    pub kind: Kind,
    pub bench: Bench,
}

/// What was found on a disk.
pub struct Found {
    /// The release that would be started.
    pub version: &'static str,
    /// Whether its boot loader, if it has one, would start it ever and again.
    pub is_settled: bool,
    /// Bytes of the image that are there by the device's own word, and needn't be fetched again.
    pub kept_bytes: u64,
}

/// Long enough for a busy machine to reach the server in.
const TRIAL: &str = "confirm_within_s = 4";
/// Marks when an image was whole, and leaves a cut the time to come before the boot loader is told.
pub const HOOK: &str = r#"[hooks]
after_install = { command = ["/bin/sh", "-c", "touch @/run/installed; sleep 0.02"] }"#;

const ENVIRONMENT_BYTES: u64 = 0x4000;
/// A little more than the image.
const SLOT_BYTES: u64 = 40 * 1024 * 1024;

impl Device {
    /// The device of this bench, with state and slots on a disk; a plain folder instead if there is to be none.
    ///
    /// # Errors
    /// If this machine has no such disks, and why.
    pub fn new(kind: Kind, bench: Bench, on_disk: bool) -> Result<Self, String> {
        let at = bench.path("disk");
        let disk = match on_disk {
            true => Disk::new(&at)?,
            false => Disk::folder(&at),
        };
        let raw = match kind == Kind::Blocks && on_disk {
            true => vec![
                RawDisk::new(&bench.path("a.img"), SLOT_BYTES),
                RawDisk::new(&bench.path("b.img"), SLOT_BYTES),
                RawDisk::new(&bench.path("env"), 2 * ENVIRONMENT_BYTES),
            ],
            false => Vec::new(),
        };
        let device = Self {
            disk,
            raw,
            kind,
            bench,
        };
        device.configure();
        Ok(device)
    }

    fn has_boot_loader(&self) -> bool {
        self.kind != Kind::Directory
    }

    fn configure(&self) {
        let (path, at) = (self.bench.path("agent.toml"), self.bench.folder.path());
        let at = at.display();
        let config = fs::read_to_string(&path).unwrap();
        let config = config
            .replace(&format!("{at}/state"), &format!("{at}/disk/state"))
            .replace(&format!("{at}/app"), &format!("{at}/disk/app"))
            .replace("confirm_within_s = 20", TRIAL);
        fs::write(&path, config).unwrap();
        if self.has_boot_loader() {
            let [a, b, env] = ["a.img", "b.img", "env"].map(|name| self.text(name));
            self.bench.set_slots(&format!(
                r#"kind = "files"
a = "{a}"
b = "{b}"
image_bytes_max = 134217728
command_line = "{at}/cmdline"
environment = {{ kind = "u-boot", copies = [
  {{ file = "{env}", offset = 0, size = {ENVIRONMENT_BYTES} }},
  {{ file = "{env}", offset = {ENVIRONMENT_BYTES}, size = {ENVIRONMENT_BYTES} }},
] }}
[restart]
command = ["/bin/true"]"#
            ));
        }
    }

    /// What the factory does: the old release runs, and the agent is told so.
    pub fn provision(&self, old: &Release) {
        if self.has_boot_loader() {
            self.put("a.img", &old.artifact.image);
            self.put("env", &vec![0; 2 * ENVIRONMENT_BYTES as usize]);
            let line =
                |offset| format!("{} {offset:#x} {ENVIRONMENT_BYTES:#x}\n", self.text("env"));
            fs::write(
                self.bench.path("fw_env.config"),
                line(0) + &line(ENVIRONMENT_BYTES),
            )
            .unwrap();
            fs::write(self.bench.path("defaults"), "BOOT_ORDER=A\nBOOT_A_LEFT=3\n").unwrap();
            self.set("BOOT_B_LEFT", "0");
            fs::write(self.bench.path("cmdline"), "mainstay.slot=a").unwrap();
        }
        self.bench.provision(&old.artifact);
    }

    /// Switches it on: the boot loader starts a slot, and the agent comes up. What lay in memory is gone.
    pub fn start(&self) -> Process {
        let _ = fs::remove_dir_all(self.bench.path("run"));
        if self.has_boot_loader() {
            let slot = self.first_slot();
            let tries: u8 = self.environment()[&left(slot)].parse().unwrap();
            self.set(&left(slot), &(tries - 1).to_string());
            let line = format!("mainstay.slot={}", slot_name(slot).to_lowercase());
            fs::write(self.bench.path("cmdline"), line).unwrap();
        }
        self.bench.run()
    }

    /// Writes a file or device from its beginning, as a factory does: for good.
    fn put(&self, name: &str, bytes: &[u8]) {
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        let file = options.open(self.path(name)).unwrap();
        file.write_all_at(bytes, 0).unwrap();
        file.sync_all().unwrap();
    }

    /// Cuts the power.
    pub fn cut(&mut self, agent: Process) {
        let kill = || {
            let mut agent = agent;
            agent.kill();
            agent
        };
        self.disk.cut(kill, drop);
        self.raw.iter_mut().for_each(RawDisk::cut);
    }

    /// What would be started of the disk as it lies there.
    ///
    /// # Panics
    /// If nothing would, or it isn't whole.
    pub fn find(&self, releases: &[Release; 2]) -> Found {
        let slot = match self.kind {
            Kind::Directory => {
                let link = fs::read_link(self.path("app/current")).expect("the link `current`");
                link.to_str().expect("a slot's name").to_owned()
            }
            Kind::Files | Kind::Blocks => slot_name(self.first_slot()).to_lowercase(),
        };
        let found = self.whole(&slot, releases);
        let found =
            found.unwrap_or_else(|| panic!("slot {slot} would start, and holds nothing whole"));
        self.assert_that_no_other_start_is_bad(releases);
        Found {
            version: found.version,
            is_settled: self.is_settled(),
            kept_bytes: self.kept_bytes(releases[1].artifact.image.len() as u64),
        }
    }

    /// However often what starts first fails, its boot loader starts nothing but whole releases.
    fn assert_that_no_other_start_is_bad(&self, releases: &[Release; 2]) {
        if !self.has_boot_loader() {
            return;
        }
        for slot in self.environment()["BOOT_ORDER"].split(' ') {
            let whole = self.whole(&slot.to_lowercase(), releases);
            assert!(
                whole.is_some(),
                "slot {slot} may start, and holds nothing whole"
            );
        }
    }

    fn is_settled(&self) -> bool {
        let tries = || self.environment()[&left(self.first_slot())] == SETTLED_TRIES.to_string();
        !self.has_boot_loader() || tries()
    }

    /// What the record says of the update, which has so many bytes.
    fn kept_bytes(&self, image_bytes: u64) -> u64 {
        let bytes = fs::read(self.path("state/record")).expect("the record");
        let bytes = bytes.try_into().expect("a whole record");
        let record = Record::decode(&bytes).expect("a record that can be read");
        match (record.download, record.trial, record.confirmed) {
            (Some(download), ..) => download.written.into(),
            (None, Some(_), _) | (None, None, Some(Slot::B)) => image_bytes,
            (None, None, _) => 0,
        }
    }

    /// What runs, and from which slot, by what was started; none while that changes.
    pub fn runs<'r>(&self, releases: &'r [Release; 2]) -> Option<(&'r Release, String)> {
        let slot = match self.kind {
            Kind::Directory => {
                let link = fs::read_link(self.path("app/current")).ok()?;
                link.to_str()?.to_owned()
            }
            Kind::Files | Kind::Blocks => {
                let line = fs::read_to_string(self.bench.path("cmdline")).ok()?;
                line.strip_prefix("mainstay.slot=")?.to_owned()
            }
        };
        Some((self.whole(&slot, releases)?, slot))
    }

    /// The release that a slot holds whole.
    fn whole<'r>(&self, slot: &str, releases: &'r [Release; 2]) -> Option<&'r Release> {
        releases.iter().find(|release| match self.kind {
            Kind::Directory => release.is_tree(&self.path("app").join(slot)),
            Kind::Files | Kind::Blocks => release.is_file(&self.path(&format!("{slot}.img"))),
        })
    }

    /// What `mainstay-agent status` says; none while no agent has said anything.
    pub fn status(&self) -> Option<Status> {
        let output = self.bench.command(&["status", "--json"]).output().unwrap();
        serde_json::from_slice(&output.stdout).ok()
    }

    /// Something that the device keeps.
    pub fn path(&self, name: &str) -> PathBuf {
        let is_raw = !self.raw.is_empty() && ["a.img", "b.img", "env"].contains(&name);
        match is_raw {
            true => self.bench.path(name),
            false => self.bench.path("disk").join(name),
        }
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// The slot that `packaging/boot/u-boot-order.cmd` would start.
    fn first_slot(&self) -> Slot {
        let variables = self.environment();
        let has_tries = |name: &&str| variables[&format!("BOOT_{name}_LEFT")] != "0";
        let first = variables["BOOT_ORDER"].split(' ').find(has_tries);
        let first = first.unwrap_or_else(|| panic!("no slot has tries left: {variables:?}"));
        scheme::parse(first).expect("a slot's name")
    }

    /// The environment, by U-Boot's own tool.
    fn environment(&self) -> BTreeMap<String, String> {
        let config = self.bench.path("fw_env.config");
        let said = must("fw_printenv", &["-c", config.to_str().unwrap()]);
        let pair = |line: &str| {
            line.split_once('=')
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
        };
        said.lines().filter_map(pair).collect()
    }

    /// Changes the environment as a boot loader does: it is on the disk at once.
    fn set(&self, name: &str, text: &str) {
        let path = |name: &str| self.bench.path(name).display().to_string();
        let words = [
            "-c",
            &path("fw_env.config"),
            "-f",
            &path("defaults"),
            name,
            text,
        ];
        must("fw_setenv", &words);
        File::open(self.path("env")).unwrap().sync_all().unwrap();
    }
}

/// The variable that counts a slot's tries.
fn left(slot: Slot) -> String {
    format!("BOOT_{}_LEFT", slot_name(slot))
}

fn slot_name(slot: Slot) -> &'static str {
    scheme::name(slot)
}
