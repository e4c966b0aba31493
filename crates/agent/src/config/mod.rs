//! The agent's configuration. Read [`Settings`], which is what remains of `agent.toml` once it was checked.

pub mod check;
mod check_identity;
mod check_slots;
pub mod file;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use mainstay_device::config::TrialPolicy;
use mainstay_trust::BootloaderVersion;

use crate::boot_env::Scheme;
use crate::boot_env::uboot::Area;
use crate::command::Program;
use crate::durable;
use crate::window::Window;

/// The largest `agent.toml`: a full one has 4 KiB.
pub const BYTES_MAX: u64 = 64 * 1024;

/// What the agent was told, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The way to the server.
    pub server: Server,
    /// The device's name at the server.
    pub id: String,
    /// Its vendor.
    pub vendor_id: [u8; 16],
    /// Its class.
    pub class_id: [u8; 16],
    /// Its boot loader's version.
    pub bootloader: BootloaderVersion,
    /// Where the signed root from the factory is.
    pub root: PathBuf,
    /// The folder for what the agent keeps.
    pub state: PathBuf,
    /// The folder for what is of today.
    pub run: PathBuf,
    /// Whether the system's clock may be believed.
    pub trusts_clock: bool,
    /// Where images go, and who starts them.
    pub slots: Slots,
    /// How the device is restarted; none where nothing but an application is.
    pub restart: Option<Program>,
    /// When it may restart into a new image.
    pub windows: Vec<Window>,
    /// The file that defers that, and for how many seconds at most.
    pub defer: Option<(PathBuf, u64)>,
    /// Runs before the first byte is fetched.
    pub before_install: Option<Program>,
    /// Runs before the boot loader is told.
    pub after_install: Option<Program>,
    /// What makes an image good.
    pub checks: Vec<Check>,
    /// How a new image is tried out.
    pub trial: TrialPolicy,
    /// How long after a start a check may fail without harm.
    pub grace: Duration,
    /// Where bundles may turn up.
    pub bundle_folders: Vec<PathBuf>,
}

/// The way to the server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its address, without a slash at the end.
    pub url: String,
    /// Where the device's token is.
    pub token_file: Option<PathBuf>,
    /// How it joins as long as it has no token; none if somebody brings it one.
    pub join: Option<Join>,
    /// Where its certificate and that one's key are.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// What it gets for itself in place of those.
    pub own: Option<OwnIdentity>,
    /// Where the authorities are.
    pub ca_file: PathBuf,
    /// Before the first retry.
    pub retry: Duration,
    /// What one exchange may take.
    pub exchange: Duration,
}

/// The key and the certificate that the device gets for itself.
#[derive(Debug, Clone)]
pub struct OwnIdentity {
    /// Where both are, in one file that the agent writes.
    pub file: PathBuf,
    /// Where the key is until there is a certificate for it.
    pub key_file: PathBuf,
    /// The device's name.
    pub device: String,
}

/// How the device joins, and what it says of itself then.
#[derive(Debug, Clone)]
pub struct Join {
    /// Where its code is.
    pub code_file: PathBuf,
    /// Where it keeps what its token hangs on until it has that.
    pub secret_file: PathBuf,
    /// Its name.
    pub device: String,
    /// Its hardware revision, if it knows it.
    pub hardware: Option<String>,
    /// Its time zone, if it knows it.
    pub zone: Option<String>,
    /// Its boot loader's version.
    pub bootloader: String,
}

/// Where images go, and who starts them.
#[derive(Debug, Clone)]
pub enum Slots {
    /// Two folders and a link.
    Directory {
        /// Where they are.
        folder: PathBuf,
        /// The largest image.
        image_bytes_max: u32,
        /// Starts what the link points to.
        apply: Program,
    },
    /// Two files or block devices, and a boot loader.
    Files {
        /// Slots A and B.
        places: [PathBuf; 2],
        /// The largest image, where the places don't know.
        image_bytes_max: Option<u32>,
        /// The kernel parameter that names the slot.
        parameter: String,
        /// Where the kernel's command line is read.
        command_line: PathBuf,
        /// How the boot loader is told.
        environment: Environment,
    },
    /// RAUC installs.
    Rauc {
        /// Where bundles wait.
        spool: PathBuf,
        /// The largest bundle.
        image_bytes_max: u32,
        /// RAUC's command, and the time for an installation.
        rauc: Program,
    },
}

/// How a boot loader is told.
#[derive(Debug, Clone)]
pub enum Environment {
    /// In U-Boot's environment.
    UBoot(Vec<Area>, Scheme),
    /// In GRUB's, in this file.
    Grub(PathBuf),
}

/// What must hold for an image to be good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// A program succeeds.
    Program(Program),
    /// An address answers 2xx in this time.
    Http(String, Duration),
}

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where, such as `server.url`.
    pub place: String,
    /// What is wrong, and what to write instead.
    pub text: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "agent.config: {}: {}", self.place, self.text)
    }
}

/// Reads and checks a configuration file.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(path: &Path) -> Result<Settings, Vec<Finding>> {
    let one = |text: String| {
        vec![Finding {
            place: path.display().to_string(),
            text,
        }]
    };
    let bytes = durable::read(path, BYTES_MAX)
        .map_err(|fault| one(fault.to_string()))?
        .ok_or_else(|| one("the file isn't there; name it with --config".to_owned()))?;
    let text = String::from_utf8(bytes).map_err(|_| one("it isn't text".to_owned()))?;
    parse(&text)
}

/// Checks the text of a configuration.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(text: &str) -> Result<Settings, Vec<Finding>> {
    let file: file::ConfigFile = toml::from_str(text).map_err(|error| {
        vec![Finding {
            place: "agent.toml".to_owned(),
            text: error.to_string(),
        }]
    })?;
    check::check(file)
}
