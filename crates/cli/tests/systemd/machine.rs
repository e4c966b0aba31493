//! A machine of its own with a real systemd as its first process, as the agent's tests have one (`crates/agent/tests/it/systemd_bench.rs`): over this
//! machine's programs and its network, with the server's unit exactly as it is packaged, and its folders as the documentation makes them. Read [`Machine`].

use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::address::free_address;
use crate::folder::{Folder, PASSPHRASE};

/// The unit that the documentation gives out.
const UNIT: &str = include_str!("../../../../packaging/systemd/mainstay-server.service");
/// The server's user and group.
const USER: &str = "990";
/// Root's alone.
pub const PASSPHRASE_FILE: &str = "/etc/mainstay/server-passphrase";
/// How often one looks whether something is so, and how long that is apart: together far longer than a start takes on a slow machine.
const LOOKS: u32 = 1800;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// No answer of a server that is there takes longer.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// The folders of a machine before its first start; systemd makes all others.
const FOLDERS: [&str; 11] = [
    "dev",
    "etc/mainstay",
    "etc/systemd/system",
    "proc",
    "run",
    "sys",
    "tmp",
    "usr",
    "var",
    "var/lib",
    "var/lib/mainstay-server",
];

/// One such machine. It is switched off when the test ends.
pub struct Machine {
    address: SocketAddr,
    nspawn: Child,
    /// Holds the machine's files.
    _folder: Folder,
    /// Two systemd in one control group would end each other's services: the agent's tests hold the same lock.
    _alone: File,
}

impl Machine {
    /// A machine with a server's folder that nobody has started a server on, switched on.
    pub fn new() -> Self {
        let alone = File::create(std::env::temp_dir().join("mainstay-nspawn.lock")).unwrap();
        alone.lock().unwrap();
        let (folder, address) = (Folder::with_root(), free_address());
        let root = folder.path().join("machine");
        furnish(&root, address);
        folder.good(
            "server init --data machine/var/lib/mainstay-server/data --root root.cbor \
             --plan plan.toml --status-key status.key",
        );
        let own = Command::new("chown")
            .args(["-R", &format!("{USER}:{USER}")])
            .arg(root.join("var/lib/mainstay-server"))
            .status();
        assert!(own.unwrap().success(), "this test is root's");
        let nspawn = start(&root, &programs(&folder));
        let machine = Self {
            address,
            nspawn,
            _folder: folder,
            _alone: alone,
        };
        let is_up = || {
            let (_, said) = machine.say(&["systemctl", "is-system-running"]);
            ["running", "degraded"].contains(&said.trim()).then_some(())
        };
        within("systemd", is_up, || machine.journal());
        machine
    }

    /// Whether the server says that it is ready.
    pub fn is_ready(&self) -> bool {
        let asked = || -> io::Result<String> {
            let mut stream = TcpStream::connect(self.address)?;
            stream.set_read_timeout(Some(ANSWER_MAX))?;
            stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")?;
            let mut told = String::new();
            stream.read_to_string(&mut told)?;
            Ok(told)
        };
        asked().is_ok_and(|told| told.starts_with("HTTP/1.1 200 "))
    }

    /// Runs a command on the machine, outside of any unit; returns how it ended and what it printed.
    pub fn say(&self, words: &[&str]) -> (Option<ExitStatus>, String) {
        let Some(first) = self.first_process() else {
            return (None, String::new());
        };
        let namespaces = ["--mount", "--uts", "--ipc", "--pid", "--root", "--wd"];
        let output = Command::new("nsenter")
            .args(["--target", &first.to_string()])
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
        assert!(succeeded, "{words:?}: {said}\n{}", self.journal());
        said
    }

    /// A property of the server's unit, as systemd has it.
    pub fn unit(&self, property: &str) -> String {
        let show = ["systemctl", "show", "--value", "--property", property];
        let said = self.must(&[&show[..], &["mainstay-server"]].concat());
        said.trim().to_owned()
    }

    /// The newest lines of the journal.
    pub fn journal(&self) -> String {
        let (_, said) = self.say(&["journalctl", "--quiet", "--no-pager", "--lines=200"]);
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

/// What a small Debian has before its first start, and what the documentation puts there.
fn furnish(root: &Path, address: SocketAddr) {
    for folder in FOLDERS {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for folder in ["bin", "lib", "lib64", "sbin"] {
        symlink(format!("usr/{folder}"), root.join(folder)).unwrap();
    }
    let passwd = format!(
        "root:x:0:0::/root:/bin/sh\nmessagebus:x:100:100::/:/bin/false\n\
         mainstay:x:{USER}:{USER}::/var/lib/mainstay-server:/usr/sbin/nologin\n"
    );
    let group = format!("root:x:0:\nmessagebus:x:100:\nmainstay:x:{USER}:\n");
    let settings = format!("data = \"/var/lib/mainstay-server/data\"\nlisten = \"{address}\"\n");
    for (name, text) in [
        ("machine-id", "6d61696e737461796d61696e73746179\n"),
        ("os-release", "ID=bench\n"),
        ("passwd", &passwd),
        ("group", &group),
        ("systemd/system/mainstay-server.service", UNIT),
        ("mainstay/mainstay-server.toml", &settings),
    ] {
        fs::write(root.join("etc").join(name), text).unwrap();
    }
    let passphrase = root.join(PASSPHRASE_FILE.trim_start_matches('/'));
    fs::write(&passphrase, format!("{PASSPHRASE}\n")).unwrap();
    fs::set_permissions(&passphrase, Permissions::from_mode(0o600)).unwrap();
}

/// What lies before nspawn's programs: ours.
fn programs(folder: &Folder) -> PathBuf {
    let programs = folder.path().join("programs");
    fs::create_dir_all(programs.join("bin")).unwrap();
    let program = programs.join("bin/mainstay");
    fs::copy(env!("CARGO_BIN_EXE_mainstay"), &program).unwrap();
    // Whatever this test's own mask is: the server's user runs it.
    for path in [&programs, &programs.join("bin"), &program] {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    programs
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

/// Waits until there is something; `told` is what is known if it never is.
pub fn within<T>(
    what: &str,
    mut found: impl FnMut() -> Option<T>,
    told: impl FnOnce() -> String,
) -> T {
    for _ in 0..LOOKS {
        if let Some(found) = found() {
            return found;
        }
        sleep(BETWEEN_LOOKS);
    }
    panic!("{what} never came\n{}", told());
}
