//! A device of its own with a real systemd as its first process: `systemd-nspawn` starts it in namespaces, over this
//! machine's programs, with the unit exactly as it is packaged. It shares nothing with this machine but `/usr`, to be
//! read, and the network. Read [`Machine`].

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use mainstay_agent::clock::Clock;
use mainstay_agent::status::Status;
use rustix::fs::{FlockOperation, flock};

use crate::bench::{Bench, STUCK};

/// The units that the documentation gives out.
const UNIT: &str = include_str!("../../../../packaging/systemd/mainstay-agent.service");
const TRIAL: &str = include_str!("../../../../packaging/systemd/mainstay-trial.service");
const TRIAL_TIMER: &str = include_str!("../../../../packaging/systemd/mainstay-trial.timer");
/// Less patience than the packaged timer has.
const SOON: &str = "[Timer]\nOnBootSec=\nOnUnitInactiveSec=\nOnBootSec=15s\nOnUnitInactiveSec=1s\n";
/// After so long since its start, it has looked.
pub const TRIAL_LOOKED: Duration = Duration::from_secs(18);
/// How long the watchdog waits, of [`OPENED`].
pub const WATCHDOG: Duration = Duration::from_secs(6);
/// What the product's own firmware adds, as the documentation says: where slots of kind `directory` lie.
const OPENED: &str = "[Service]\nReadWritePaths=/srv/device\nRestartSec=1\nWatchdogSec=6\n";
/// The product: it ends at once in a release that is ill.
const APP: &str = "[Unit]
After=mainstay-agent.service
[Service]
ExecStart=/bin/sh -c 'grep -qv ill /srv/device/app/current/version && exec sleep infinity'
";
/// What nspawn ends with when the device asked for a restart (systemd-nspawn(1), `--keep-unit`).
const RESTARTS: i32 = 133;
/// The folders of a device before its first start; systemd makes all others.
const FOLDERS: [&str; 9] = [
    "dev",
    "etc",
    "proc",
    "run",
    "srv/device",
    "sys",
    "tmp",
    "usr",
    "var",
];

/// One such device. It is switched off when the test ends.
pub struct Machine {
    root: PathBuf,
    /// Before nspawn's programs: ours.
    programs: PathBuf,
    nspawn: Child,
    /// Two systemd in one control group would end each other's services.
    _alone: File,
}

impl Machine {
    /// A device with this bench's configuration and factory release, switched on; its agent isn't enabled yet.
    pub fn new(bench: &Bench) -> Self {
        let alone = File::create(std::env::temp_dir().join("mainstay-nspawn.lock")).unwrap();
        flock(&alone, FlockOperation::LockExclusive).unwrap();
        let (root, programs) = (bench.path("machine"), bench.path("programs"));
        furnish(&root);
        configure(&root, bench);
        fs::create_dir_all(programs.join("bin")).unwrap();
        fs::copy(agent(bench), programs.join("bin/mainstay-agent")).unwrap();
        let nspawn = start(&root, &programs);
        let mut machine = Self {
            root,
            programs,
            nspawn,
            _alone: alone,
        };
        machine.wait_until_up();
        machine
    }

    /// The end of the factory, as the documentation says it.
    pub fn provision(&self) {
        let factory = "/srv/device/factory.mainstay";
        self.must(&["mainstay-agent", "install", "--factory", factory]);
        self.must(&["systemctl", "enable", "--quiet", "mainstay-trial.timer"]);
        self.must(&["systemctl", "enable", "--quiet", "--now", "mainstay-agent"]);
    }

    /// Waits until it has switched itself off to restart, and doesn't switch it on.
    pub fn wait_until_down(&mut self) {
        let ended = within("the restart", || self.nspawn.try_wait().unwrap());
        assert_eq!(ended.code(), Some(RESTARTS), "{ended}: it restarts");
    }

    /// Switches it on.
    pub fn switch_on(&mut self) {
        self.nspawn = start(&self.root, &self.programs);
        self.wait_until_up();
    }

    fn wait_until_up(&mut self) {
        within("systemd", || {
            let (_, said) = self.say(&["systemctl", "is-system-running"]);
            ["running", "degraded"].contains(&said.trim()).then_some(())
        });
    }

    /// A file of the device, seen from here. Not below `/run` and `/tmp`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name.trim_start_matches('/'))
    }

    /// Runs a command on the device, outside of any unit; returns how it ended and what it printed.
    pub fn say(&self, words: &[&str]) -> (Option<ExitStatus>, String) {
        let Some(first) = self.first_process() else {
            return (None, String::new());
        };
        let first = first.to_string();
        let namespaces = ["--mount", "--uts", "--ipc", "--pid", "--root", "--wd"];
        let output = Command::new("nsenter")
            .args(["--target", &first])
            .args(namespaces)
            .arg("--")
            .args(words)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (Some(output.status), said)
    }

    /// The same where it can't fail.
    pub fn must(&self, words: &[&str]) -> String {
        let (ended, said) = self.say(words);
        let succeeded = ended.is_some_and(|status| status.success());
        assert!(succeeded, "{words:?}: {said}\n{}", self.log());
        said
    }

    /// A property of the agent's unit, as systemd has it.
    pub fn unit(&self, property: &str) -> String {
        let show = [
            "systemctl",
            "show",
            "--value",
            "--property",
            property,
            "mainstay-agent",
        ];
        self.must(&show).trim().to_owned()
    }

    /// What the agent says of itself, once `holds` of it.
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut(&Status) -> bool) -> Status {
        let clock = Clock::begin();
        loop {
            let (_, said) = self.say(&["mainstay-agent", "status", "--json"]);
            let status = serde_json::from_str::<Status>(&said).ok();
            if let Some(status) = status.filter(|status| holds(status)) {
                return status;
            }
            let waited = Duration::from_millis(clock.elapsed_ms());
            assert!(waited < STUCK, "{what} never came: {said}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What the journal has of the agent, from this priority on (syslog(3)).
    pub fn journal(&self, priority: &str) -> String {
        let unit = [
            "journalctl",
            "--quiet",
            "--output=cat",
            "--unit=mainstay-agent",
        ];
        self.must(&[&unit[..], &["--priority", priority]].concat())
    }

    fn log(&self) -> String {
        let (_, said) = self.say(&["journalctl", "--quiet", "--no-pager", "--lines=100"]);
        said
    }

    /// The number here of the first process there.
    fn first_process(&self) -> Option<u32> {
        let nspawn = self.nspawn.id();
        let children = fs::read_to_string(format!("/proc/{nspawn}/task/{nspawn}/children")).ok()?;
        let first: u32 = children.split_whitespace().next()?.parse().ok()?;
        let name = fs::read_to_string(format!("/proc/{first}/comm")).ok()?;
        (name.trim() == "systemd").then_some(first)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // With the first process of a PID namespace all others end; nspawn tidies up by itself then.
        if let Some(first) = self.first_process() {
            let _ = Command::new("kill")
                .args(["-KILL", &first.to_string()])
                .status();
        }
        let _ = self.nspawn.wait();
    }
}

/// What a small Debian has before its first start.
fn furnish(root: &Path) {
    for folder in FOLDERS {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for folder in ["bin", "lib", "lib64", "sbin"] {
        symlink(format!("usr/{folder}"), root.join(folder)).unwrap();
    }
    fs::create_dir_all(root.join("etc/systemd/system/mainstay-agent.service.d")).unwrap();
    fs::create_dir_all(root.join("etc/systemd/system/mainstay-trial.timer.d")).unwrap();
    fs::create_dir_all(root.join("etc/mainstay")).unwrap();
    for (name, text) in [
        ("machine-id", "6d61696e737461796d61696e73746179\n"),
        ("os-release", "ID=bench\n"),
        (
            "passwd",
            "root:x:0:0::/root:/bin/sh\nmessagebus:x:100:100::/:/bin/false\n",
        ),
        ("group", "root:x:0:\nmessagebus:x:100:\n"),
        ("systemd/system/mainstay-agent.service", UNIT),
        (
            "systemd/system/mainstay-agent.service.d/product.conf",
            OPENED,
        ),
        ("systemd/system/mainstay-trial.service", TRIAL),
        ("systemd/system/mainstay-trial.timer", TRIAL_TIMER),
        ("systemd/system/mainstay-trial.timer.d/soon.conf", SOON),
        ("systemd/system/app.service", APP),
    ] {
        fs::write(root.join("etc").join(name), text).unwrap();
    }
}

/// Puts the bench's files where the documentation has them.
fn configure(root: &Path, bench: &Bench) {
    let at = bench.folder.path().display().to_string();
    let config = fs::read_to_string(bench.path("agent.toml")).unwrap();
    let config = config
        .replace(&format!("state = \"{at}/state\"\nrun = \"{at}/run\"\n"), "")
        .replace(&format!("{at}/token"), "/etc/mainstay/token")
        .replace(&format!("{at}/root.cbor"), "/etc/mainstay/root-1.cbor")
        .replace(&at, "/srv/device");
    fs::write(root.join("etc/mainstay/agent.toml"), config).unwrap();
    for (from, to) in [
        ("token", "etc/mainstay/token"),
        ("root.cbor", "etc/mainstay/root-1.cbor"),
        ("factory.mainstay", "srv/device/factory.mainstay"),
    ] {
        fs::copy(bench.path(from), root.join(to)).unwrap();
    }
}

fn agent(bench: &Bench) -> PathBuf {
    bench.command(&[]).get_program().into()
}

fn start(root: &Path, programs: &Path) -> Child {
    let log = File::create(root.with_extension("console")).unwrap();
    // It ends with this process, however that ends.
    Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--", "systemd-nspawn"])
        .args([
            "--quiet",
            "--register=no",
            "--keep-unit",
            "--console=read-only",
        ])
        .arg(format!("--machine=bench-{}", std::process::id()))
        .arg(format!("--directory={}", root.display()))
        .arg(format!("--overlay-ro=/usr:{}:/usr", programs.display()))
        .args(["--boot", "systemd.firstboot=off"])
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .expect("systemd-nspawn, of the package systemd-container")
}

/// Waits until there is something.
pub fn within<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let clock = Clock::begin();
    loop {
        if let Some(found) = found() {
            return found;
        }
        let waited = Duration::from_millis(clock.elapsed_ms());
        assert!(waited < STUCK, "{what} never came");
        std::thread::sleep(Duration::from_millis(100));
    }
}
