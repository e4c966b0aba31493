//! `agent.toml` as it is written: every key, none of it checked. What the values may be stands in `check.rs`.

use std::path::PathBuf;

use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// Where updates come from.
    pub server: Server,
    /// What this device is.
    pub device: Device,
    /// Where images go, and who starts them.
    pub slots: Slots,
    /// How the device is restarted.
    #[serde(default)]
    pub restart: Option<Command>,
    /// When it may restart into a new image; always, if there is none.
    #[serde(default, rename = "window")]
    pub windows: Vec<Window>,
    /// How the user defers that.
    #[serde(default)]
    pub defer: Option<Defer>,
    /// Programs that run beside an installation.
    #[serde(default)]
    pub hooks: Hooks,
    /// What makes an image good: all of these.
    #[serde(default, rename = "health")]
    pub checks: Vec<Check>,
    /// How a new image is tried out.
    #[serde(default)]
    pub trial: Trial,
    /// Where bundles may turn up.
    #[serde(default)]
    pub bundles: Bundles,
}

/// `[server]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Its address, such as `https://updates.example`.
    pub url: String,
    /// A file with the device's token.
    pub token_file: Option<PathBuf>,
    /// A file with the code by which the device joins as long as there is no token in `token_file`.
    pub join_code_file: Option<PathBuf>,
    /// A PEM file with the device's certificate.
    pub certificate: Option<PathBuf>,
    /// A PEM file with that certificate's key.
    pub key: Option<PathBuf>,
    /// In place of those two, a file that the agent writes: its own key, and the certificate that the server gives it for that.
    pub identity_file: Option<PathBuf>,
    /// A PEM file with the authorities that the server's certificate may come from.
    pub ca_file: Option<PathBuf>,
    /// Seconds before a failed exchange is tried again, the first time.
    #[serde(default = "retry_s")]
    pub retry_s: u32,
    /// Seconds that one exchange may take.
    #[serde(default = "exchange_s")]
    pub exchange_s: u32,
}

/// `[device]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its name at the server.
    pub id: String,
    /// `vendor/environment/class/hardware-group`.
    pub class: String,
    /// The boot loader's version.
    pub bootloader: String,
    /// Its hardware revision, told when it joins; what its code says of that needn't be said here.
    #[serde(default)]
    pub hardware: Option<String>,
    /// Its IANA time zone; the same holds.
    #[serde(default)]
    pub zone: Option<String>,
    /// The signed root from the factory.
    pub root: PathBuf,
    /// The folder for what the agent keeps.
    #[serde(default = "state")]
    pub state: PathBuf,
    /// The folder for what is of today: the status.
    #[serde(default = "run")]
    pub run: PathBuf,
    /// Whether the system's clock is set by a battery or a person, not by the network alone.
    #[serde(default)]
    pub trusts_clock: bool,
}

/// `[slots]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "kebab-case")]
pub enum Slots {
    /// Two folders and a link to one of them.
    Directory {
        /// Where they are.
        folder: PathBuf,
        /// The largest image, in bytes.
        image_bytes_max: u32,
        /// Starts what the link points to.
        apply: Command,
    },
    /// Two files or block devices, and a boot loader.
    Files {
        /// Slot A.
        a: PathBuf,
        /// Slot B.
        b: PathBuf,
        /// The largest image, in bytes; for files, since block devices know theirs.
        image_bytes_max: Option<u32>,
        /// Which parameter of the kernel's command line says from which slot the system came.
        #[serde(default = "parameter")]
        parameter: String,
        /// Where that command line is read.
        #[serde(default = "command_line")]
        command_line: PathBuf,
        /// How the boot loader is told.
        environment: Environment,
    },
    /// RAUC installs.
    Rauc {
        /// A folder for the bundle that is being installed.
        spool: PathBuf,
        /// The largest bundle, in bytes.
        image_bytes_max: u32,
        /// RAUC's own command.
        #[serde(default = "rauc")]
        command: PathBuf,
        /// Seconds that an installation may take.
        #[serde(default = "install_s")]
        seconds: u64,
    },
}

/// `environment = { ... }`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "kebab-case")]
pub enum Environment {
    /// U-Boot's.
    UBoot {
        /// One copy or two.
        copies: Vec<Copy>,
        /// `order` or `count`.
        #[serde(default)]
        scheme: Scheme,
    },
    /// GRUB's.
    Grub {
        /// The environment block.
        file: PathBuf,
    },
}

/// Which variables a boot loader's script knows.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// `BOOT_ORDER`.
    #[default]
    Order,
    /// `bootcount`.
    Count,
}

/// One copy of U-Boot's environment, as a line of `fw_env.config` says it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    /// The file or device.
    pub file: PathBuf,
    /// First byte in it.
    #[serde(default)]
    pub offset: u64,
    /// Bytes, checksum included.
    pub size: u32,
}

/// A program and its time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program, then its arguments.
    pub command: Vec<String>,
    /// Seconds that it may take.
    #[serde(default = "command_s")]
    pub seconds: u64,
}

/// `[[window]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// `mon`, `tue` and so on; none means all.
    #[serde(default)]
    pub days: Vec<String>,
    /// `HH:MM`, local time.
    pub from: String,
    /// `HH:MM`, local time.
    pub to: String,
}

/// `[defer]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defer {
    /// While this file is there, and young enough, no restart into a new image.
    pub file: PathBuf,
    /// Hours after which it counts no more.
    pub hours_max: u32,
}

/// `[hooks]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hooks {
    /// Before the first byte is fetched.
    pub before_install: Option<Command>,
    /// Once the image is whole and verified, before the boot loader is told.
    pub after_install: Option<Command>,
}

/// `[[health]]`: exactly one of `unit`, `command` and `http`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// A systemd unit that must be active.
    pub unit: Option<String>,
    /// A program that must succeed.
    pub command: Option<Vec<String>>,
    /// An address that must answer 2xx.
    pub http: Option<String>,
    /// Seconds that the check may take.
    #[serde(default = "check_s")]
    pub seconds: u64,
}

/// `[trial]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trial {
    /// Boots that a new image gets.
    pub boots: u8,
    /// Seconds after which it is given up if it isn't kept by then.
    pub confirm_within_s: u64,
    /// Seconds after a start in which a check may fail without harm.
    pub grace_s: u64,
}

impl Default for Trial {
    fn default() -> Self {
        Self {
            boots: 3,
            confirm_within_s: 600,
            grace_s: 60,
        }
    }
}

/// `[bundles]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundles {
    /// Folders where sticks are mounted.
    #[serde(default)]
    pub folders: Vec<PathBuf>,
}

fn retry_s() -> u32 {
    10
}

/// A piece of 256 KiB at 35 kbit/s, the slowest that GPRS gives.
fn exchange_s() -> u32 {
    60
}

fn state() -> PathBuf {
    "/var/lib/mainstay".into()
}

fn run() -> PathBuf {
    "/run/mainstay".into()
}

fn parameter() -> String {
    "mainstay.slot".to_owned()
}

fn command_line() -> PathBuf {
    "/proc/cmdline".into()
}

fn rauc() -> PathBuf {
    "rauc".into()
}

fn install_s() -> u64 {
    1800
}

fn command_s() -> u64 {
    60
}

fn check_s() -> u64 {
    10
}
