//! Installs what the tests need on a fresh Debian or Ubuntu machine that has Rust.
//!
//! Each item is looked for first, so a second run installs nothing. What can't be had is said
//! loudly; only the tests that need it fail.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::shell;

/// Programs from Debian packages: (program or file that shows it is there, package).
const PACKAGES: &[(&str, &str)] = &[
    ("openssl", "openssl"),
    ("curl", "curl"),
    ("qemu-system-arm", "qemu-system-arm"),
    ("softhsm2-util", "softhsm2"),
    ("python3", "python3"),
    ("qemu-system-aarch64", "qemu-system-arm"),
    ("/usr/lib/u-boot/qemu_arm64/u-boot.bin", "u-boot-qemu"),
    ("mkimage", "u-boot-tools"),
    ("fw_setenv", "libubootenv-tool"),
    ("grub-editenv", "grub-common"),
    ("/sbin/mke2fs", "e2fsprogs"),
    ("rauc", "rauc"),
    ("mksquashfs", "squashfs-tools"),
    ("dbus-daemon", "dbus"),
    ("swupdate", "swupdate"),
    ("cpio", "cpio"),
    ("pebble", "pebble"),
    ("pebble-challtestsrv", "pebble"),
    ("/usr/bin/chromium", "chromium"),
    #[cfg(target_arch = "x86_64")]
    ("qemu-system-x86_64", "qemu-system-x86"),
    #[cfg(target_arch = "x86_64")]
    ("/usr/lib/grub/i386-pc/boot.img", "grub-pc-bin"),
    ("losetup", "mount"),
    ("systemd-nspawn", "systemd-container"),
    ("systemd-analyze", "systemd"),
];

/// What a list of packages leaves in its environment once they are all there.
const INSTALLED: &str = "installed.txt";

/// The targets that the device crates and the firmware are built for.
pub const TARGETS: &[&str] = &["thumbv6m-none-eabi", "thumbv7em-none-eabihf"];

/// Looks for each item and installs the missing ones.
///
/// # Errors
/// If a package that is missing can't be installed.
pub fn run() -> anyhow::Result<()> {
    let mut missing: Vec<&str> = PACKAGES
        .iter()
        .filter(|(program, _)| !shell::exists(program))
        .map(|(_, p)| *p)
        .collect();
    if !has_postgres() {
        missing.push("postgresql");
    }
    if !missing.is_empty() {
        install(&missing)?;
    }
    for target in TARGETS {
        if !has_target(target) && shell::run("rustup", &["target", "add", target]).is_err() {
            loud(&format!(
                "target {target} can't be fetched here: its builds are SKIPPED"
            ));
        }
    }
    if pinned_toolchain().is_err() {
        loud("the compiler that firmware/ pins can't be fetched here: its images are NOT rebuilt");
    }
    if judges_env().is_err() {
        loud("the judges can't be installed here: every test that asks one FAILS");
    }
    Ok(())
}

/// Whether PostgreSQL's programs are there, of whichever version. Tests start a server of their own.
fn has_postgres() -> bool {
    judges::postgres::installed().is_some()
}

/// What `cargo xtask bench artifact` measures us against, and with.
const BENCH: &[(&str, &str)] = &[
    ("rauc", "rauc"),
    ("mksquashfs", "squashfs-tools"),
    ("mender-artifact", "mender-artifact"),
    ("/usr/bin/time", "time"),
    ("openssl", "openssl"),
];

/// Installs the peers of a bench; those that can't be had are named, and left out of it.
pub fn bench_peers() {
    for (program, package) in BENCH {
        if !shell::exists(program) && install(&[package]).is_err() {
            loud(&format!("the package {package} can't be had here"));
        }
    }
    if judges_env().is_err() {
        loud("the judges can't be installed here: imgtool is NOT measured");
    }
}

/// Makes the environment of the judges that are Python packages, unless it holds this very list.
fn judges_env() -> anyhow::Result<()> {
    environment(&judges::folder(), "judges.txt", judges::REQUIREMENTS)
}

/// The server by others that `cargo xtask bench checkin` measures ours beside.
const GOOSEBIT: &str = include_str!("../goosebit.txt");

/// What `cargo xtask bench checkin` needs: PostgreSQL; and gooseBit, in an environment of its own, whose Python is returned. None, said
/// loudly, if it can't be had.
///
/// # Errors
/// If PostgreSQL can't be had.
pub fn checkin_peers() -> anyhow::Result<Option<PathBuf>> {
    if !has_postgres() {
        install(&["postgresql"])?;
    }
    let folder = shell::root().join("target/goosebit");
    if let Err(error) = environment(&folder, "goosebit.txt", GOOSEBIT) {
        loud(&format!("gooseBit is NOT measured: {error:#}"));
        return Ok(None);
    }
    Ok(Some(folder.join("bin/python3")))
}

/// What stands beside our server in the bench of a fleet. Without it ours is measured all the same.
pub fn nginx() {
    if shell::exists("nginx") {
        return;
    }
    if let Err(error) = install(&["nginx"]) {
        loud(&format!("nginx is NOT measured: {error:#}"));
    }
}

/// Makes an environment of Python packages in `folder`, unless it holds this very list: `requirements`, which are the file `list` beside
/// this crate.
fn environment(folder: &Path, list: &str, requirements: &str) -> anyhow::Result<()> {
    let installed = folder.join(INSTALLED);
    if std::fs::read_to_string(&installed).is_ok_and(|list| list == requirements) {
        return Ok(());
    }
    let name = folder.display().to_string();
    if shell::run("python3", &["-m", "venv", &name]).is_err() {
        // Debian's Python comes without this part.
        install(&["python3-venv"])?;
        shell::run("python3", &["-m", "venv", &name])?;
    }
    let python = folder.join("bin/python3").display().to_string();
    let list = shell::root().join("crates/xtask").join(list);
    let list = list.display().to_string();
    shell::run(&python, &["-m", "pip", "install", "-q", "-r", &list])?;
    Ok(std::fs::write(installed, requirements)?)
}

/// `firmware/rust-toolchain.toml`, as far as it matters here.
#[derive(Deserialize)]
struct Pinned {
    toolchain: Channel,
}

#[derive(Deserialize)]
struct Channel {
    channel: String,
}

/// Installs the exact compiler that the fixture images are made with, unless it is there.
fn pinned_toolchain() -> anyhow::Result<()> {
    let text = std::fs::read_to_string(shell::root().join("firmware/rust-toolchain.toml"))?;
    let pinned: Pinned = toml::from_str(&text)?;
    let channel = pinned.toolchain.channel;
    let there = shell::command("rustup", &["run", &channel, "rustc", "--version"]).output();
    if there.is_ok_and(|output| output.status.success()) {
        let add = ["target", "add", "--toolchain", &channel];
        return shell::run("rustup", &[&add[..], TARGETS].concat());
    }
    let install = ["toolchain", "install", &channel, "--profile", "minimal"];
    let targets = TARGETS.iter().flat_map(|target| ["--target", target]);
    shell::run(
        "rustup",
        &install.into_iter().chain(targets).collect::<Vec<_>>(),
    )
}

/// Installs Debian packages.
///
/// # Errors
/// If one can't be had.
pub fn install(packages: &[&str]) -> anyhow::Result<()> {
    let sudo = !is_root() && shell::exists("sudo");
    let apt = |arguments: &[&str]| match sudo {
        true => shell::run("sudo", &[&["apt-get"], arguments].concat()),
        false => shell::run("apt-get", arguments),
    };
    apt(&["update", "-q"])?;
    apt(&[
        &["install", "-q", "-y", "--no-install-recommends"],
        packages,
    ]
    .concat())
}

/// Whether this is root.
pub fn is_root() -> bool {
    let output = std::process::Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Whether the standard library for a target is installed.
pub fn has_target(target: &str) -> bool {
    let output = shell::command("rustup", &["target", "list", "--installed"]).output();
    output.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .any(|line| line.trim() == target)
    })
}

/// A warning that nobody scrolls past.
pub fn loud(message: &str) {
    println!("\n*** WARNING ***\n*** {message}\n");
}
