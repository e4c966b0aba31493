//! RAUC on the bench: its real service on a bus of its own, two slots in files, bundles, and U-Boot, which reads
//! what RAUC's `fw_setenv` wrote. Neither the system's bus nor `/etc` is touched. Read [`RaucBench`].

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use mainstay_agent::clock::Clock;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::bench::Bench;
use crate::uboot::{boot_disk, image, power_cycle, run, text};

/// A service that isn't there after so long never comes. Nothing is measured by it.
const STUCK: Duration = Duration::from_secs(180);

const SYSTEM: &str = "[system]
compatible=thermo-v2
bootloader=uboot
mountprefix=BENCH/mnt
statusfile=BENCH/slots.raucs
[keyring]
path=BENCH/ours.pem
[slot.rootfs.0]
device=BENCH/a.img
type=raw
bootname=A
[slot.rootfs.1]
device=BENCH/b.img
type=raw
bootname=B
";
const MANIFEST: &str = "[update]
compatible=thermo-v2
[bundle]
format=plain
[hooks]
filename=hold
[image.rootfs]
filename=rootfs.img
hooks=pre-install
";
const BUS: &str = "<busconfig><type>session</type><listen>unix:path=BENCH/bus</listen>
<policy context='default'><allow send_destination='*'/><allow receive_sender='*'/><allow own='*'/></policy></busconfig>";
/// RAUC's command, as the agent is told to call it.
const RAUC: &str = "#!/bin/sh
echo \"$*\" >> BENCH/calls
export DBUS_STARTER_BUS_TYPE=session DBUS_SESSION_BUS_ADDRESS=unix:path=BENCH/bus
exec rauc --conf=BENCH/system.conf \"$@\"
";
/// Each bundle's hook. RAUC runs it when it is about to write to a slot, and has told U-Boot to leave that alone: so
/// an installation lasts as long as a test wants.
const HOLD: &str = "#!/bin/sh
touch BENCH/holding; while test -e BENCH/hold; do sleep 0.05; done
";

/// A process and all that it started; killed when the test ends.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        let _ = kill_process_group(pid.unwrap(), Signal::KILL);
        let _ = self.0.wait();
    }
}

/// Whose certificate a bundle is signed by.
#[derive(Clone, Copy)]
pub enum SignedBy {
    /// The one that RAUC knows.
    Us,
    /// One that it never saw.
    AStranger,
}

/// A device whose slots RAUC writes, started by U-Boot.
pub struct RaucBench {
    pub bench: Bench,
    service: Option<Group>,
    _bus: Group,
}

impl RaucBench {
    /// This bench with RAUC's slots in the place of folders. Its service doesn't run yet.
    pub fn new(bench: Bench) -> Self {
        with_rauc(&bench);
        boot_disk(&bench);
        for folder in ["mnt", "bin"] {
            fs::create_dir(bench.path(folder)).unwrap();
        }
        put(&bench, "system.conf", SYSTEM);
        put(&bench, "bus.conf", BUS);
        put(&bench, "bin/rauc-of-the-bench", RAUC);
        fs::create_dir(bench.path("contents")).unwrap();
        put(&bench, "contents/manifest.raucm", MANIFEST);
        put(&bench, "contents/hold", HOLD);
        for tool in ["fw_setenv", "fw_printenv"] {
            let script = format!("#!/bin/sh\nexec /usr/bin/{tool} -c BENCH/fw_env.config \"$@\"\n");
            put(&bench, &format!("bin/{tool}"), &script);
        }
        for name in ["ours", "strange"] {
            certificate(&bench, name);
        }
        let mut bus = Command::new("dbus-daemon");
        bus.arg("--nofork")
            .arg("--config-file")
            .arg(bench.path("bus.conf"));
        let bus = spawn(&bench, bus);
        let bench = Self {
            bench,
            service: None,
            _bus: bus,
        };
        bench.until("the bus", || bench.path("bus").exists());
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.bench.path(name)
    }

    /// Puts a release into a slot, as the factory does, and has it started.
    pub fn make(&self, slot: &str, version: &str) {
        for file in ["a.img", "b.img"] {
            fs::write(self.path(file), vec![0; 4096]).unwrap();
        }
        let lower = slot.to_ascii_lowercase();
        fs::write(self.path(&format!("{lower}.img")), self.image(version)).unwrap();
        let order = if slot == "A" { "A B" } else { "B A" };
        for (name, value) in [("ORDER", order), ("A_LEFT", "3"), ("B_LEFT", "3")] {
            self.set(&format!("BOOT_{name}"), value);
        }
        fs::write(self.path("runs"), version).unwrap();
    }

    /// What lies in a slot of this version; made once, since `mkimage` notes the time.
    pub fn image(&self, version: &str) -> Vec<u8> {
        let made = self.path(&format!("{version}.img"));
        if !made.exists() {
            fs::write(&made, image(self.bench.folder.path(), version)).unwrap();
        }
        fs::read(made).unwrap()
    }

    /// A RAUC bundle with this version.
    pub fn bundle(&self, version: &str, by: SignedBy) -> Vec<u8> {
        let (folder, file) = (self.path("contents"), self.path("made.raucb"));
        fs::write(folder.join("rootfs.img"), self.image(version)).unwrap();
        let name = match by {
            SignedBy::Us => "ours",
            SignedBy::AStranger => "strange",
        };
        let (cert, key) = (
            self.path(&format!("{name}.pem")),
            self.path(&format!("{name}.key")),
        );
        let words = ["bundle", "--cert", text(&cert), "--key", text(&key)];
        run(
            "rauc",
            &[&words[..], &[text(&folder), text(&file)]].concat(),
        );
        let bytes = fs::read(&file).unwrap();
        fs::remove_file(file).unwrap();
        bytes
    }

    /// Starts RAUC's service in a system that came from this slot. It has mounts of its own, which go with it.
    pub fn serve(&mut self, slot: &str) {
        let mut service = Command::new("unshare");
        service.args(["-m", "rauc", "--conf"]);
        service.arg(self.path("system.conf"));
        service.args(["service", "--override-boot-slot", slot]);
        let path = std::env::var("PATH").unwrap();
        service.env("PATH", format!("{}:{path}", self.path("bin").display()));
        service.env("DBUS_STARTER_BUS_TYPE", "session");
        let address = format!("unix:path={}", self.path("bus").display());
        service.env("DBUS_SESSION_BUS_ADDRESS", address);
        self.service = Some(spawn(&self.bench, service));
        self.until("RAUC's service", || self.rauc(&["status"]).status.success());
    }

    /// The power goes away, from all but what was synced.
    pub fn cut_power(&mut self) {
        self.service = None;
        let _ = fs::remove_dir_all(self.path("run"));
    }

    /// Switches the device off and on: U-Boot starts what its environment says, and RAUC's service comes up in it.
    /// Returns the slot, and what runs.
    pub fn power_cycle(&mut self) -> (String, String) {
        self.cut_power();
        let (parameter, version) = power_cycle(&self.bench);
        let slot = parameter.strip_prefix("mainstay.slot=").unwrap();
        let slot = slot.to_ascii_uppercase();
        fs::write(self.path("runs"), &version).unwrap();
        self.serve(&slot);
        (slot, version)
    }

    /// Runs RAUC's command beside the agent.
    pub fn rauc(&self, words: &[&str]) -> Output {
        let mut rauc = Command::new(self.path("bin/rauc-of-the-bench"));
        rauc.args(words).output().unwrap()
    }

    /// What RAUC says of a slot's boot loader state, such as "good".
    pub fn boot_status(&self, slot: &str) -> String {
        let output = self.rauc(&["status", "--output-format=json"]);
        let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let slots = status["slots"].as_array().unwrap();
        let mut slots = slots
            .iter()
            .flat_map(|slot| slot.as_object().unwrap().values());
        let found = slots.find(|found| found["bootname"] == slot).unwrap();
        found["boot_status"].as_str().unwrap().to_owned()
    }

    /// A variable of U-Boot's environment.
    pub fn variable(&self, name: &str) -> String {
        let config = self.path("fw_env.config");
        let value = run("fw_printenv", &["-c", text(&config), "-n", name]);
        value.trim().to_owned()
    }

    fn set(&self, name: &str, value: &str) {
        let config = self.path("fw_env.config");
        run("fw_setenv", &["-c", text(&config), name, value]);
    }

    /// Waits until something is so.
    pub fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let clock = Clock::begin();
        while !holds() {
            let waited = Duration::from_millis(clock.elapsed_ms());
            let log = fs::read_to_string(self.path("rauc.log")).unwrap_or_default();
            assert!(
                waited < STUCK,
                "{what} never came: {log}\n{}",
                self.bench.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The bench of `bench.rs`, with RAUC in the place of folders and a link.
fn with_rauc(bench: &Bench) {
    let config = fs::read_to_string(bench.path("agent.toml")).unwrap();
    let (before, rest) = config.split_once("[slots]").unwrap();
    let (_, after) = rest.split_once("[trial]").unwrap();
    let slots = r#"[slots]
kind = "rauc"
spool = "BENCH/spool"
image_bytes_max = 1048576
command = "BENCH/bin/rauc-of-the-bench"
[restart]
command = ["/bin/true"]
[trial]"#;
    put(bench, "agent.toml", &format!("{before}{slots}{after}"));
}

/// Writes a file in which BENCH stands for the bench's folder; what runs by its first line may be run.
fn put(bench: &Bench, name: &str, contents: &str) {
    let at = bench.folder.path().display().to_string();
    let path = bench.path(name);
    fs::write(&path, contents.replace("BENCH", &at)).unwrap();
    if contents.starts_with("#!") {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// A certificate that signs for itself, and its key.
fn certificate(bench: &Bench, name: &str) {
    let (cert, key) = (
        bench.path(&format!("{name}.pem")),
        bench.path(&format!("{name}.key")),
    );
    let what = ["req", "-x509", "-newkey", "ec", "-nodes", "-days", "3650"];
    let curve = ["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=bench"];
    let files = ["-keyout", text(&key), "-out", text(&cert)];
    run("openssl", &[&what[..], &curve, &files].concat());
}

/// Starts a process in a group of its own, with its words in `rauc.log`.
fn spawn(bench: &Bench, mut command: Command) -> Group {
    let mut log = OpenOptions::new();
    let log: File = log
        .create(true)
        .append(true)
        .open(bench.path("rauc.log"))
        .unwrap();
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    let child = command.process_group(0).spawn();
    let program = command.get_program().display();
    Group(child.unwrap_or_else(|error| panic!("{program} (cargo xtask test installs it): {error}")))
}

/// Whether this process may mount, as RAUC does with every bundle. If not, `test` is run again by root, and has
/// passed there when this returns.
pub fn may_mount(test: &str) -> bool {
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        run("unshare", &["-m", "true"]);
        return true;
    }
    let path = std::env::var("PATH").unwrap();
    let mut sudo = Command::new("sudo");
    sudo.args(["-n", "env", &format!("PATH={path}")]);
    sudo.arg(std::env::current_exe().unwrap());
    let output = sudo.args(["--exact", test]).output();
    let passed = output.as_ref().is_ok_and(|output| {
        let said = String::from_utf8_lossy(&output.stdout);
        output.status.success() && said.contains("1 passed")
    });
    assert!(
        passed,
        "RAUC mounts bundles: be root, or let sudo ask for no password: {output:?}"
    );
    false
}
