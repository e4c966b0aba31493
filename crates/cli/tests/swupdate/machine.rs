//! A device in the field: Debian's `swupdate`, as it is, without root and without hardware.
//!
//! Its software is one file, `installed.bin`. A boot loader it has none: what a start says of the update before it, and which
//! version it runs, is on the command line, where a real device's boot scripts put it.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::bundle::HARDWARE;
use crate::patience::is_within;

/// How long it may take to end when it is asked to.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// One device.
pub struct Machine {
    folder: PathBuf,
    certificate: PathBuf,
    server: SocketAddr,
    controller: String,
    token: String,
    process: Option<Child>,
}

/// What the device says of itself at a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// That it runs this version.
    Runs(&'static str),
    /// The same, and something with a quote in it, which SWUpdate sends as it is.
    Garbled(&'static str),
    /// Nothing.
    Nothing,
}

impl Machine {
    /// A device that is switched off. It asks `server`, and takes what `certificate` vouches for.
    pub fn new(
        folder: &Path,
        certificate: PathBuf,
        server: SocketAddr,
        controller: &str,
        token: String,
    ) -> Self {
        let folder = folder.to_owned();
        // Two at once would take each other's sockets, which lie here.
        std::fs::create_dir_all(folder.join("tmp")).expect("an own folder");
        Self {
            folder,
            certificate,
            server,
            controller: controller.to_owned(),
            token,
            process: None,
        }
    }

    /// What it shows to the server to be let in.
    pub fn authorization(&self) -> String {
        format!("TargetToken {}", self.token)
    }

    /// Where a bundle has to put its file.
    pub fn target(&self) -> PathBuf {
        self.folder.join("installed.bin")
    }

    /// What it has installed; none if nothing.
    pub fn installed(&self) -> Option<Vec<u8>> {
        std::fs::read(self.target()).ok()
    }

    /// Switches it on. `more` are further words for its part that talks to the server: `-c 2` says that the last update is good.
    pub fn start(&mut self, says: Says, more: &str) {
        assert!(self.process.is_none(), "it is on already");
        let (server, controller, token) = (self.server, &self.controller, &self.token);
        let suricatta = format!(
            "-t DEFAULT -u http://{server} -i {controller} -k {token} -p 2 -w 1 -m 1 {more}"
        );
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.log_file())
            .expect("an own folder");
        let process = Command::new("swupdate")
            .args(["-v", "-H", HARDWARE, "-k"])
            .arg(&self.certificate)
            .arg("-f")
            .arg(self.configuration(says))
            .args(["-u", &suricatta])
            .env("TMPDIR", self.folder.join("tmp"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("an open file"))
            .stderr(log)
            // Its parts are processes of their own, and go with it.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("swupdate: {error}; `cargo xtask test` installs it"));
        self.process = Some(process);
    }

    /// Switches it off, as a service manager does: it may end by itself, and is killed if it doesn't. Debian's SWUpdate logs within its handlers of
    /// signals, and one that comes while a line is being written stops it for good.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            signal("-TERM", &process);
            let ended = is_within(ENDS_WITHIN, || {
                matches!(process.try_wait(), Ok(Some(_status)))
            });
            // What its main process left behind, or all of it.
            signal("-KILL", &process);
            let status = process.wait();
            if !ended {
                eprintln!("swupdate didn't end by itself, and was killed: {status:?}");
            }
        }
    }

    /// What it wrote about its doings, over all starts.
    pub fn log(&self) -> String {
        let log = std::fs::read(self.log_file()).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("swupdate.log")
    }

    /// Its configuration file: what it tells a server of itself.
    fn configuration(&self, says: Says) -> PathBuf {
        let identify = match says {
            Says::Runs(version) => {
                format!("identify : ( {{ name = \"sw_version\"; value = \"{version}\"; }} );\n")
            }
            Says::Garbled(version) => format!(
                "identify : ( {{ name = \"sw_version\"; value = \"{version}\"; }}, \
                 {{ name = \"case\"; value = \"19\\\" rack\"; }} );\n"
            ),
            Says::Nothing => String::new(),
        };
        let file = self.folder.join("swupdate.cfg");
        // Without this section the file isn't read.
        let globals = "globals : { verbose = true; };\n";
        std::fs::write(&file, format!("{globals}{identify}")).expect("an own folder");
        file
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Sends a signal to all processes of the device.
fn signal(name: &str, process: &Child) {
    let group = format!("-{}", process.id());
    // A group that has ended by itself gets no signal, and needs none.
    let _ = Command::new("kill")
        .args([name, "--", &group])
        .stderr(Stdio::null())
        .status();
}
