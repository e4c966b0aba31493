//! A real boot loader: the agent installs into slot B; U-Boot, in QEMU, reads the environment that the agent
//! wrote, and starts B; B never confirms; U-Boot falls back to A; and the agent reports it.
//!
//! An image is a U-Boot script here, so that what the boot loader runs are the very bytes that were installed.
//! Each start of QEMU is a power cycle.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::bench::{Bench, approved, built, check_in, register};
use crate::field::bundle_of;
use crate::house::{Artifact, House};

/// The script that the documentation gives out, and what a board adds: where the environment lies, and how a
/// slot is started.
const SCRIPT: &str = include_str!("../../../../packaging/boot/u-boot-order.cmd");
const BOARD: &str = r#"
virtio scan
setenv mainstay_read 'virtio dev 0; virtio read 0x40200000 0x8000 0x20; env import -c 0x40200000 0x4000 BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT'
setenv mainstay_write 'env export -c -s 0x4000 0x40200000 BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT; virtio dev 0; virtio write 0x40200000 0x8000 0x20'
setenv mainstay_start 'echo "starts ${bootargs}"; if test "${slot}" = a; then virtio dev 1; else virtio dev 2; fi; virtio read 0x40400000 0 8; source 0x40400000; poweroff'
"#;
/// Where the environment lies on the boot disk, and how large it is.
const ENVIRONMENT: (u64, u64) = (0x0100_0000, 0x4000);
const IMAGE_BYTES: u64 = 4096;

pub fn run(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output();
    let output =
        output.unwrap_or_else(|error| panic!("{program} (cargo xtask test installs it): {error}"));
    assert!(output.status.success(), "{program} {words:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A U-Boot script as an image of a fixed size.
fn script(folder: &Path, commands: &str) -> Vec<u8> {
    let (from, to) = (folder.join("script"), folder.join("script.img"));
    fs::write(&from, commands).unwrap();
    let words = [
        "-A",
        "arm64",
        "-T",
        "script",
        "-C",
        "none",
        "-d",
        text(&from),
        text(&to),
    ];
    run("mkimage", &words);
    fs::read(to).unwrap()
}

pub fn image(folder: &Path, version: &str) -> Vec<u8> {
    let mut bytes = script(folder, &format!("echo runs {version}\n"));
    bytes.resize(usize::try_from(IMAGE_BYTES).unwrap(), 0);
    bytes
}

/// A disk with one partition, which holds the boot script, and the environment behind it.
pub fn boot_disk(bench: &Bench) {
    let (disk, root) = (bench.path("boot.img"), bench.path("boot"));
    fs::create_dir(&root).unwrap();
    let commands = format!("{BOARD}{SCRIPT}");
    fs::write(root.join("boot.scr"), script(&root, &commands)).unwrap();
    let file = File::create(&disk).unwrap();
    file.set_len(32 << 20).unwrap();
    let words = [
        "-q",
        "-t",
        "ext4",
        "-O",
        "^metadata_csum,^64bit",
        "-d",
        text(&root),
    ];
    let place = ["-E", "offset=1048576", text(&disk), "15360k"];
    run("/sbin/mke2fs", &[&words[..], &place[..]].concat());
    // One bootable partition from sector 2048 on (MBR, entry at 446).
    let mut entry = [0x80, 0, 0, 0, 0x83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    entry[8..12].copy_from_slice(&2048_u32.to_le_bytes());
    entry[12..].copy_from_slice(&30_720_u32.to_le_bytes());
    file.write_all_at(&entry, 446).unwrap();
    file.write_all_at(&[0x55, 0xaa], 510).unwrap();
    let config = format!(
        "{} {:#x} {:#x}\n",
        text(&disk),
        ENVIRONMENT.0,
        ENVIRONMENT.1
    );
    fs::write(bench.path("fw_env.config"), config).unwrap();
    fs::write(bench.path("defaults"), "BOOT_ORDER=A B\nBOOT_A_LEFT=3\n").unwrap();
    let (config, defaults) = (bench.path("fw_env.config"), bench.path("defaults"));
    run(
        "fw_setenv",
        &[
            "-c",
            text(&config),
            "-f",
            text(&defaults),
            "BOOT_B_LEFT",
            "0",
        ],
    );
}

/// Switches the device on; returns what U-Boot said it starts, and what the image said.
pub fn power_cycle(bench: &Bench) -> (String, String) {
    let mut qemu = Command::new("qemu-system-aarch64");
    qemu.args([
        "-M",
        "virt",
        "-cpu",
        "cortex-a57",
        "-m",
        "256",
        "-nographic",
        "-net",
        "none",
    ]);
    qemu.args(["-bios", "/usr/lib/u-boot/qemu_arm64/u-boot.bin"]);
    for disk in ["boot", "a", "b"] {
        let file = bench.path(&format!("{disk}.img"));
        qemu.args([
            "-drive",
            &format!("if=none,format=raw,id={disk},file={}", text(&file)),
        ]);
        qemu.args(["-device", &format!("virtio-blk-pci,drive={disk}")]);
    }
    let output = qemu.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    let after = |word: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(word));
        line.unwrap_or_else(|| panic!("no {word:?} in {said}"))
            .trim()
            .to_owned()
    };
    (after("starts "), after("runs "))
}

/// The bench of `bench.rs`, with two disks and U-Boot in the place of folders and a link.
fn with_u_boot(bench: &Bench) {
    let at = bench.folder.path().display();
    bench.set_slots(&format!(
        r#"kind = "files"
a = "{at}/a.img"
b = "{at}/b.img"
command_line = "{at}/cmdline"
environment = {{ kind = "u-boot", copies = [{{ file = "{at}/boot.img", offset = {}, size = {} }}] }}
[restart]
command = ["/bin/true"]"#,
        ENVIRONMENT.0, ENVIRONMENT.1
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn u_boot_tries_what_the_agent_installed_and_falls_back() {
    let house = House::new().await;
    let tokens = register(&house).await;
    let bench = Bench::new(&house.base, &tokens[0], &house.root, "");
    with_u_boot(&bench);
    let folder = bench.folder.path();
    let old = approved(&house, &built(&house, "1.0.0", 1, image(folder, "1.0.0")));
    let new = approved(&house, &built(&house, "1.1.0", 2, image(folder, "1.1.0")));
    for token in &tokens {
        check_in(&house, token, &old).await;
    }
    boot_disk(&bench);
    fs::write(bench.path("a.img"), &old.image).unwrap();
    fs::write(bench.path("b.img"), vec![0; 4096]).unwrap();
    let booted = power_cycle(&bench);
    assert_eq!(booted, ("mainstay.slot=a".to_owned(), "1.0.0".to_owned()));
    fs::write(bench.path("cmdline"), booted.0).unwrap();
    bench.provision(&old);
    fs::write(bench.path("new.mainstay-bundle"), bundle_of(&house, &new)).unwrap();
    let said = bench.say(&["install", text(&bench.path("new.mainstay-bundle"))]);
    assert_eq!(said.0, 0, "{}", said.1);
    for _ in 0..3 {
        let tried = ("mainstay.slot=b".to_owned(), "1.1.0".to_owned());
        assert_eq!(power_cycle(&bench), tried);
    }
    let booted = power_cycle(&bench);
    assert_eq!(booted, ("mainstay.slot=a".to_owned(), "1.0.0".to_owned()));
    fs::write(bench.path("cmdline"), booted.0).unwrap();
    let agent = bench.run();
    let status = bench.wait_until("the report", |status| {
        status.boot == "reverted" && status.last_contact.is_some() && status.unsent_reports == 0
    });
    assert_eq!(status.outcome.as_deref(), Some("reverted: boot-limit"));
    assert_eq!(status.running.unwrap().version, "1.0.0");
    drop(agent);
    assert_eq!(power_cycle(&bench).1, "1.0.0", "it is settled there");
    // Somebody sends other bytes than those that were signed, and the agent doesn't come up for a while.
    let next = approved(&house, &built(&house, "1.2.0", 3, image(folder, "1.2.0")));
    write_other_bytes(&bench, &house, &next);
    // All tries of both slots are used up on the way.
    for _ in 0..8 {
        assert_eq!(power_cycle(&bench).1, "1.0.0", "never what isn't whole");
    }
    let said = bench.say(&["install", text(&bench.path("new.mainstay-bundle"))]);
    assert_eq!(said.0, 0, "{}", said.1);
    assert_eq!(power_cycle(&bench).1, "1.1.0", "whole again, it is tried");
}

/// Lets the agent fetch a release with its last byte changed: it lies in slot B then, and is refused.
pub fn write_other_bytes(bench: &Bench, house: &House, release: &Artifact) {
    let mut bundle = bundle_of(house, release);
    *bundle.last_mut().unwrap() ^= 1;
    fs::write(bench.path("other.mainstay-bundle"), bundle).unwrap();
    let said = bench.say(&["install", text(&bench.path("other.mainstay-bundle"))]);
    assert_eq!(said.0, 1, "{}", said.1);
    assert!(said.1.contains("trust.payload-digest"), "{}", said.1);
    let begins = &release.image[..release.image.len() / 2];
    let lies_there = fs::read(bench.path("b.img")).unwrap();
    assert!(lies_there.starts_with(begins), "it lies in slot B");
}
