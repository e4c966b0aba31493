//! A device on the bench: switched on, spoken to, stopped, and switched on again.

#![expect(
    clippy::unwrap_used,
    reason = "a bench that can't be set up fails its test"
)]

use std::fs;
use std::time::Duration;

use mainstay_rig::{Client, House, Machine, Programs, Release, Stopped, from_factory, image_of};
use mainstay_trust::{Hasher as _, Primitives as _, RustCrypto};
use serde_json::Value;
use tempfile::TempDir;

/// Data behind each program: an image of some thirty pages.
const DATA_BYTES: usize = 30_000;
/// For a restart that was asked for, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

pub struct Bench {
    pub house: House,
    pub programs: Programs,
    pub client: Client,
    folder: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self {
            house: House::new().unwrap(),
            programs: Programs::build().unwrap(),
            client: Client::start(&judges::program("python3")).unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Release `number`: the first program if it is odd, else the second.
    pub fn release(&self, number: u64) -> Release {
        let program = &self.programs.applications[(number + 1) as usize % 2];
        let image = image_of(program, number, DATA_BYTES);
        self.house.release(number, image).unwrap()
    }

    /// A device from the factory, with release 1 or with none.
    pub fn factory(&self, release: Option<&Release>) -> Vec<u8> {
        from_factory(&self.programs.boot, &self.house, release).unwrap()
    }

    /// The bundle of a release, as a file; its path.
    pub fn bundle(&self, release: &Release) -> String {
        self.file(&self.house.bundle(release).unwrap())
    }

    /// These bytes as a file; its path.
    pub fn file(&self, bytes: &[u8]) -> String {
        let path = self.folder.path().join("update.mainstay-bundle");
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Switches a device on.
    pub fn switch_on(&self, flash: &[u8]) -> Machine {
        Machine::start(flash).unwrap()
    }

    /// Switches a device on, and connects to its line.
    pub fn start(&mut self, flash: &[u8]) -> Machine {
        let mut machine = self.switch_on(flash);
        let port = machine.port().unwrap();
        let connected = self.ask("connect", port.to_str().unwrap());
        assert!(connected.get("error").is_none(), "{connected}");
        machine
    }

    pub fn ask(&mut self, command: &str, argument: &str) -> Value {
        self.client.ask(command, argument).unwrap()
    }

    /// Version and flags of each image: a `+` for each of active, confirmed, pending that is raised, else `-`.
    pub fn state(&mut self) -> Vec<String> {
        self.state_if_alive().expect("the line is alive")
    }

    /// The same; none if the line is dead.
    pub fn state_if_alive(&mut self) -> Option<Vec<String>> {
        let state = self.ask("state", "");
        let images = state["images"].as_array()?;
        Some(images.iter().map(told).collect())
    }

    /// Restarts the device by the client's word. Returns what it was when it stopped.
    pub fn restart(&mut self, mut machine: Machine) -> Stopped {
        let answered = self.ask("reset", "");
        assert!(answered.get("error").is_none(), "{answered}");
        assert!(
            machine.wait_for_restart(PATIENCE).unwrap(),
            "it doesn't restart"
        );
        self.ask("disconnect", "");
        machine.stop().unwrap()
    }
}

/// The name by which a client means the image of a release: its SHA-256, in hexadecimal.
pub fn digest(release: &Release) -> String {
    let mut hasher = RustCrypto.hasher();
    hasher.update(&release.image);
    hex::encode(hasher.finish().0)
}

fn told(image: &Value) -> String {
    let flag = |name: &str| if image[name] == true { '+' } else { '-' };
    let flags: String = ["active", "confirmed", "pending"]
        .map(flag)
        .iter()
        .collect();
    format!("{} {flags}", image["version"].as_str().unwrap_or("?"))
}
