//! gooseBit, a server by others that speaks hawkBit's protocol, set up as its manual says and started.
//!
//! What isn't its default: devices must log in, by its strict mode, as with us. Devices are as many as there are connections, so that it
//! has all of them in its cache. One process serves, as `python -m goosebit` does it. Read [`Goosebit`].

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::child;
use crate::contender::Contender;
use crate::questions;

/// Registers devices that have said what they run: those of [`devices`].
const REGISTER: &str = include_str!("goosebit_devices.py");

/// As many as ask at a time.
const DEVICES: u32 = 64;

/// How often one looks whether it listens, and how many times.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// See [`LOOK_EVERY`].
const LOOKS_MAX: u32 = 600;

/// A running one.
pub struct Goosebit {
    process: process::Child,
    address: SocketAddr,
}

impl Goosebit {
    /// Makes its database in `folder`, and starts it by a `python` that has it.
    ///
    /// # Errors
    /// If any of this fails; what it said is in the error.
    pub fn start(python: &Path, folder: &Path, is_pinned: bool) -> anyhow::Result<Self> {
        let place = Place::make(folder)?;
        let project = format!(
            "[tool.aerich]\ntortoise_orm = \"goosebit.db.config.TORTOISE_CONF\"\nlocation = \"{}\"\nsrc_folder = \".\"\n",
            place.told(
                python,
                &[
                    "-c",
                    "import goosebit.db as db; print(db.__path__[0] + '/migrations')"
                ]
            )?
        );
        fs::write(place.folder.join("pyproject.toml"), project)?;
        let aerich = python
            .parent()
            .context("a folder of programs")?
            .join("aerich");
        place.told(&aerich, &["upgrade"])?;
        place.told(python, &["-c", REGISTER, &DEVICES.to_string()])?;
        let mut serve = child::command(python, is_pinned);
        serve.args(["-m", "goosebit"]);
        let log = File::create(place.folder.join("log"))?;
        let serve = place
            .within(&mut serve)
            .stdout(log.try_clone()?)
            .stderr(log);
        let mut goosebit = Self {
            process: serve.stdin(Stdio::null()).spawn()?,
            address: place.address,
        };
        goosebit.wait(&place.folder)?;
        Ok(goosebit)
    }

    fn wait(&mut self, folder: &Path) -> anyhow::Result<()> {
        for _ in 0..LOOKS_MAX {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        anyhow::bail!(
            "gooseBit doesn't listen: {}",
            fs::read_to_string(folder.join("log"))?
        )
    }

    /// It, to be measured.
    pub fn contender(&self, name: &str) -> Contender {
        let questions = questions::to_goosebit(&devices());
        Contender::at(name, self.address, self.process.id(), questions)
    }
}

impl Drop for Goosebit {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The path that each device asks at, and its token; as [`REGISTER`] has it.
fn devices() -> Vec<(String, String)> {
    let device = |number: u32| {
        let path = format!("/DEFAULT/controller/v1/dev-{number:06}");
        (path, format!("{number:032x}"))
    };
    (0..DEVICES).map(device).collect()
}

/// Where it keeps what it keeps, and where it will listen.
struct Place {
    folder: PathBuf,
    address: SocketAddr,
}

impl Place {
    fn make(folder: &Path) -> anyhow::Result<Self> {
        let folder = folder.join("goosebit");
        fs::create_dir(&folder)?;
        // Free a moment ago: it takes no port of the system's choice.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        Ok(Self { folder, address })
    }

    fn within<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let database = self.folder.join("db.sqlite3");
        command
            .current_dir(&self.folder)
            .env(
                "GOOSEBIT_DB_URI",
                format!("sqlite://{}", database.display()),
            )
            .env("GOOSEBIT_ARTIFACTS_DIR", self.folder.join("artifacts"))
            .env("GOOSEBIT_PORT", self.address.port().to_string())
            .env("GOOSEBIT_DEVICE_AUTH__ENABLE", "true")
            .env("GOOSEBIT_DEVICE_AUTH__MODE", "strict")
    }

    /// What a program says, without the end of its line.
    fn told(&self, program: &Path, words: &[&str]) -> anyhow::Result<String> {
        let output = self
            .within(Command::new(program).args(words))
            .output()
            .with_context(|| format!("{} can't be started", program.display()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "gooseBit can't be set up: {said}");
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}
