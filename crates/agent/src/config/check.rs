//! Checks a configuration, and finds everything that is wrong with it at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::{Time, Weekday};
use mainstay_artifact::ClassName;
use mainstay_device::config::TrialPolicy;
use mainstay_trust::BootloaderVersion;

use super::file::{self, ConfigFile};
use super::{Check, Finding, Join, Server, Settings, check_identity, check_slots};
use crate::command::Program;
use crate::window::Window;

/// Debian's and most others' list of authorities.
const CA_FILE: &str = "/etc/ssl/certs/ca-certificates.crt";
/// The most that a hook, a check or an installation may take: a day.
const SECONDS_MAX: u64 = 86_400;
/// The most that one exchange with the server, or with an application that is asked for its health, may take: it gives no
/// sign of life, so this and the time since the last one must be less than systemd waits (see `tests.rs`).
pub(super) const EXCHANGE_S_MAX: u32 = 180;
/// The longest device name: what the server takes.
const ID_BYTES_MAX: usize = 64;
/// The most windows, health checks and folders each: a person wrote them.
const LIST_MAX: usize = 32;

/// What was found so far.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn add(&mut self, place: &str, text: impl Into<String>) {
        self.0.push(Finding {
            place: place.to_owned(),
            text: text.into(),
        });
    }

    pub(super) fn unless(&mut self, holds: bool, place: &str, text: &str) {
        if !holds {
            self.add(place, text);
        }
    }

    pub(super) fn absolute(&mut self, path: &Path, place: &str) {
        self.unless(path.is_absolute(), place, "write an absolute path");
    }
}

/// The settings, if all is well.
pub(super) fn check(file: ConfigFile) -> Result<Settings, Vec<Finding>> {
    let mut found = Findings::default();
    let identity = class(&file.device, &mut found);
    let settings = Settings {
        server: server(file.server, &file.device, &mut found),
        vendor_id: identity.0,
        class_id: identity.1,
        bootloader: bootloader(&file.device.bootloader, &mut found),
        restart: restart(file.restart, &file.slots, &mut found),
        trial: trial(&file.trial, check_slots::boots_max(&file.slots), &mut found),
        slots: check_slots::slots(file.slots, &mut found),
        windows: windows(&file.windows, &mut found),
        defer: file.defer.map(|defer| deferral(defer, &mut found)),
        before_install: file
            .hooks
            .before_install
            .map(|hook| program(hook, "hooks.before_install", &mut found)),
        after_install: file
            .hooks
            .after_install
            .map(|hook| program(hook, "hooks.after_install", &mut found)),
        checks: checks(file.checks, &mut found),
        grace: Duration::from_secs(file.trial.grace_s),
        bundle_folders: folders(file.bundles.folders, &mut found),
        id: file.device.id,
        root: file.device.root,
        state: file.device.state,
        run: file.device.run,
        trusts_clock: file.device.trusts_clock,
    };
    match found.0.is_empty() {
        true => Ok(settings),
        false => Err(found.0),
    }
}

fn server(server: file::Server, device: &file::Device, found: &mut Findings) -> Server {
    let url = server.url.trim_end_matches('/').to_owned();
    let host = url
        .strip_prefix("https://")
        .or_else(|| loopback(&url))
        .unwrap_or("");
    found.unless(
        !host.is_empty() && !host.contains(['@', '?', '#', ' ']),
        "server.url",
        "write https:// and a host; plain http:// is for 127.0.0.1 and localhost alone",
    );
    let (identity, own) = check_identity::identity(&server, device, &url, found);
    found.unless(
        (1..=3600).contains(&server.retry_s),
        "server.retry_s",
        "write 1 to 3600",
    );
    found.unless(
        (1..=EXCHANGE_S_MAX).contains(&server.exchange_s),
        "server.exchange_s",
        "write 1 to 180",
    );
    let files = [
        &server.token_file,
        &server.ca_file,
        &server.join_code_file,
        &server.identity_file,
    ];
    for path in files.into_iter().flatten() {
        found.absolute(path, "server");
    }
    found.unless(
        server.join_code_file.is_none() || server.token_file.is_some(),
        "server.join_code_file",
        "the token that the code brings is kept in token_file: write both",
    );
    Server {
        join: server.join_code_file.map(|code| join(code, device)),
        url,
        token_file: server.token_file,
        identity,
        own,
        ca_file: server.ca_file.unwrap_or_else(|| CA_FILE.into()),
        retry: Duration::from_secs(server.retry_s.into()),
        exchange: Duration::from_secs(server.exchange_s.into()),
    }
}

/// How the device joins: by this code, as what the configuration says it is.
fn join(code_file: PathBuf, device: &file::Device) -> Join {
    Join {
        code_file,
        secret_file: device.state.join("join.secret"),
        device: device.id.clone(),
        hardware: device.hardware.clone(),
        zone: device.zone.clone(),
        bootloader: device.bootloader.clone(),
    }
}

/// What follows `http://`, if it is this machine: tests, and a gateway's own proxy.
fn loopback(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://")?;
    let host = rest.split(['/', ':']).next()?;
    ["127.0.0.1", "localhost"].contains(&host).then_some(rest)
}

fn class(device: &file::Device, found: &mut Findings) -> ([u8; 16], [u8; 16]) {
    let fits = (1..=ID_BYTES_MAX).contains(&device.id.len())
        && device.id.bytes().all(|byte| byte.is_ascii_graphic());
    found.unless(
        fits,
        "device.id",
        "write its name at the server: 1 to 64 printable characters without spaces",
    );
    found.absolute(&device.root, "device.root");
    found.absolute(&device.state, "device.state");
    found.absolute(&device.run, "device.run");
    match ClassName::parse(&device.class) {
        Ok(name) => (name.vendor_id(), name.class_id()),
        Err(error) => {
            found.add("device.class", format!("{error}. {}", error.cure()));
            ([0; 16], [0; 16])
        }
    }
}

fn bootloader(text: &str, found: &mut Findings) -> BootloaderVersion {
    let parts: Vec<Option<u16>> = text.split('.').map(|part| part.parse().ok()).collect();
    match parts[..] {
        [Some(major), Some(minor), Some(patch)] => BootloaderVersion {
            major,
            minor,
            patch,
        },
        _ => {
            found.add(
                "device.bootloader",
                "write three numbers, such as 1.4.2; 0.0.0 if there is none",
            );
            BootloaderVersion {
                major: 0,
                minor: 0,
                patch: 0,
            }
        }
    }
}

fn restart(
    restart: Option<file::Command>,
    slots: &file::Slots,
    found: &mut Findings,
) -> Option<Program> {
    let own = matches!(slots, file::Slots::Directory { .. });
    match &restart {
        Some(_) if own => found.add(
            "restart",
            "with slots of kind directory, slots.apply takes its place: leave it out",
        ),
        None if !own => found.add(
            "restart",
            "write how the device is restarted, such as command = [\"systemctl\", \"reboot\"]",
        ),
        _ => {}
    }
    restart.map(|restart| program(restart, "restart", found))
}

pub(super) fn program(command: file::Command, place: &str, found: &mut Findings) -> Program {
    found.unless(
        command
            .command
            .first()
            .is_some_and(|first| !first.is_empty()),
        place,
        "write the program, then its arguments, each as a text of its own",
    );
    found.unless(
        (1..=SECONDS_MAX).contains(&command.seconds),
        place,
        "seconds are 1 to 86400",
    );
    Program {
        command: command.command,
        limit: Duration::from_secs(command.seconds),
    }
}

fn windows(windows: &[file::Window], found: &mut Findings) -> Vec<Window> {
    found.unless(
        windows.len() <= LIST_MAX,
        "window",
        "write 32 windows at most",
    );
    windows
        .iter()
        .map(|window| one_window(window, found))
        .collect()
}

fn one_window(window: &file::Window, found: &mut Findings) -> Window {
    let mut time = |text: &str, place: &str| {
        hours(text).unwrap_or_else(|| {
            found.add(place, "write local time as HH:MM");
            Time::midnight()
        })
    };
    let (from, to) = (
        time(&window.from, "window.from"),
        time(&window.to, "window.to"),
    );
    let days: Vec<Option<Weekday>> = window.days.iter().map(|day| weekday(day)).collect();
    found.unless(
        days.iter().all(Option::is_some),
        "window.days",
        "write days as mon, tue, wed, thu, fri, sat, sun",
    );
    Window {
        days: days.into_iter().flatten().collect(),
        from,
        to,
    }
}

fn hours(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

fn weekday(text: &str) -> Option<Weekday> {
    let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let index = names.iter().position(|name| *name == text)?;
    Weekday::from_monday_zero_offset(i8::try_from(index).ok()?).ok()
}

fn deferral(defer: file::Defer, found: &mut Findings) -> (PathBuf, u64) {
    found.absolute(&defer.file, "defer.file");
    found.unless(
        (1..=24 * 365).contains(&defer.hours_max),
        "defer.hours_max",
        "write 1 to 8760: an update that can be put off for ever is none",
    );
    (defer.file, u64::from(defer.hours_max) * 3600)
}

fn checks(checks: Vec<file::Check>, found: &mut Findings) -> Vec<Check> {
    found.unless(
        checks.len() <= LIST_MAX,
        "health",
        "write 32 checks at most",
    );
    checks
        .into_iter()
        .filter_map(|check| one_check(check, found))
        .collect()
}

fn one_check(check: file::Check, found: &mut Findings) -> Option<Check> {
    let seconds = check.seconds;
    let mut run =
        |command| Check::Program(program(file::Command { command, seconds }, "health", found));
    match (check.unit, check.command, check.http) {
        (Some(unit), None, None) => {
            let words = ["systemctl", "is-active", "--quiet", "--", &unit];
            Some(run(words.map(str::to_owned).into()))
        }
        (None, Some(command), None) => Some(run(command)),
        (None, None, Some(url)) => {
            found.unless(
                url.starts_with("http://"),
                "health.http",
                "write an address with http://; for https:// write a command, such as curl",
            );
            found.unless(
                (1..=u64::from(EXCHANGE_S_MAX)).contains(&seconds),
                "health.http",
                "seconds are 1 to 180",
            );
            Some(Check::Http(url, Duration::from_secs(seconds)))
        }
        _ => {
            found.add(
                "health",
                "write exactly one of unit, command and http in each",
            );
            None
        }
    }
}

fn trial(trial: &file::Trial, boots_max: u8, found: &mut Findings) -> TrialPolicy {
    found.unless(
        (1..=boots_max).contains(&trial.boots),
        "trial.boots",
        &format!("write 1 to {boots_max}, as far as whoever starts these slots can count"),
    );
    found.unless(
        (1..=SECONDS_MAX).contains(&trial.confirm_within_s),
        "trial.confirm_within_s",
        "write 1 to 86400",
    );
    found.unless(
        trial.grace_s < trial.confirm_within_s.max(1),
        "trial.grace_s",
        "write less than confirm_within_s: what may always fail is no check",
    );
    TrialPolicy::within(trial.boots, trial.confirm_within_s.min(SECONDS_MAX) * 1000)
}

fn folders(folders: Vec<PathBuf>, found: &mut Findings) -> Vec<PathBuf> {
    found.unless(
        folders.len() <= LIST_MAX,
        "bundles.folders",
        "write 32 folders at most",
    );
    for folder in &folders {
        found.absolute(folder, "bundles.folders");
    }
    folders
}
