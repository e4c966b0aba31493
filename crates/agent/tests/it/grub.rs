//! A real boot loader on a PC: the agent installs into slot B; GRUB, in QEMU, reads the environment block that the
//! agent wrote, and starts B; B never confirms; GRUB falls back to A; and the agent reports it.
//!
//! An image is a tar archive here with a GRUB script in it, so that what the boot loader runs are the very bytes that
//! were installed. Each start of QEMU is a power cycle. Between two of them the system has the boot partition's
//! environment block as a file, as it would have it mounted.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::process::{Command, Stdio};

use crate::bench::{Bench, approved, built, check_in, register};
use crate::field::bundle_of;
use crate::house::House;
use crate::uboot::{run, text, write_other_bytes};

/// The script that the documentation gives out, and what a system adds: how a slot is started.
const SCRIPT: &str = include_str!("../../../../packaging/boot/grub-order.cfg");
const SYSTEM: &str = r#"
if [ "${slot}" = "a" ]; then set root=hd1; else set root=hd2; fi
echo "starts mainstay.slot=${slot}"
source /system.cfg
halt
"#;
/// Says everything on the serial line.
const EARLY: &str = "serial --unit=0\nterminal_output serial\n";
const MODULES: &str =
    "biosdisk part_msdos ext2 tar normal configfile serial terminal loadenv test echo halt";
/// Where the one partition begins, and how long it is, in sectors.
const PARTITION: (u32, u32) = (2048, 30_720);

/// A disk with GRUB before its one partition, which holds `grub.cfg` and the environment block.
fn boot_disk(bench: &Bench) {
    let (disk, root) = (bench.path("boot.img"), bench.path("boot"));
    let environment = bench.path("grubenv");
    fs::create_dir_all(root.join("grub")).unwrap();
    fs::write(root.join("grub/grub.cfg"), format!("{SCRIPT}{SYSTEM}")).unwrap();
    run("grub-editenv", &[text(&environment), "create"]);
    let variables = ["BOOT_ORDER=A B", "BOOT_A_LEFT=3", "BOOT_B_LEFT=0"];
    run(
        "grub-editenv",
        &[&[text(&environment), "set"], &variables[..]].concat(),
    );
    fs::copy(environment, root.join("grub/grubenv")).unwrap();
    let file = File::create(&disk).unwrap();
    file.set_len(32 << 20).unwrap();
    let kind = ["-q", "-t", "ext4", "-O", "^metadata_csum,^64bit"];
    let place = [
        "-E",
        "offset=1048576",
        "-d",
        text(&root),
        text(&disk),
        "15360k",
    ];
    run("/sbin/mke2fs", &[&kind[..], &place].concat());
    // The boot sector (its code ends at 440), a partition's entry at 446, and GRUB behind it.
    let boot_sector = fs::read("/usr/lib/grub/i386-pc/boot.img").unwrap();
    file.write_all_at(&boot_sector[..440], 0).unwrap();
    let mut entry = [0x80, 0, 0, 0, 0x83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    entry[8..12].copy_from_slice(&PARTITION.0.to_le_bytes());
    entry[12..].copy_from_slice(&PARTITION.1.to_le_bytes());
    file.write_all_at(&entry, 446).unwrap();
    file.write_all_at(&[0x55, 0xaa], 510).unwrap();
    file.write_all_at(&grub(bench), 512).unwrap();
}

/// GRUB itself, for a PC that boots from its first disk.
fn grub(bench: &Bench) -> Vec<u8> {
    let (early, core) = (bench.path("early.cfg"), bench.path("core.img"));
    fs::write(&early, EARLY).unwrap();
    let words = [
        "-O",
        "i386-pc",
        "-p",
        "(hd0,msdos1)/grub",
        "-c",
        text(&early),
        "-o",
        text(&core),
    ];
    let modules: Vec<&str> = MODULES.split(' ').collect();
    run("grub-mkimage", &[&words[..], &modules].concat());
    let core = fs::read(core).unwrap();
    assert!(core.len() < 2047 * 512, "it would run into the partition");
    core
}

/// An image that says which version runs.
fn image(version: &str) -> Vec<u8> {
    let script = format!("echo \"runs {version}\"\n");
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(script.len() as u64);
    header.set_mode(0o644);
    archive
        .append_data(&mut header, "system.cfg", script.as_bytes())
        .unwrap();
    archive.into_inner().unwrap()
}

/// Switches the device on, with what the system wrote into the environment block; returns what GRUB said it starts,
/// and what the image said. The system finds the block as GRUB left it.
fn power_cycle(bench: &Bench) -> (String, String) {
    let environment = bench.path("grubenv");
    let partition = format!("{}?offset=1048576", text(&bench.path("boot.img")));
    let on_disk = |request: &str| run("/sbin/debugfs", &["-w", "-R", request, &partition]);
    on_disk("rm /grub/grubenv");
    on_disk(&format!("write {} /grub/grubenv", text(&environment)));
    let mut qemu = Command::new("qemu-system-x86_64");
    qemu.args([
        "-M",
        "pc",
        "-m",
        "64",
        "-nographic",
        "-net",
        "none",
        "-no-reboot",
    ]);
    for disk in ["boot", "a", "b"] {
        let file = bench.path(&format!("{disk}.img"));
        qemu.args(["-drive", &format!("format=raw,file={}", text(&file))]);
    }
    let output = qemu.stdin(Stdio::null()).output().unwrap();
    on_disk(&format!("dump /grub/grubenv {}", text(&environment)));
    let said = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    // The first line has GRUB's orders to the terminal before it.
    let after = |word: &str| {
        let rest = said.split_once(word).map(|(_, rest)| rest);
        let line = rest.and_then(|rest| rest.lines().next());
        line.unwrap_or_else(|| panic!("no {word:?} in {said}"))
            .to_owned()
    };
    (after("starts "), after("runs "))
}

/// The bench of `bench.rs`, with two disks and GRUB in the place of folders and a link.
fn with_grub(bench: &Bench) {
    let at = bench.folder.path().display();
    let config = fs::read_to_string(bench.path("agent.toml")).unwrap();
    let (before, rest) = config.split_once("[slots]").unwrap();
    let (_, after) = rest.split_once("[trial]").unwrap();
    let slots = format!(
        r#"[slots]
kind = "files"
a = "{at}/a.img"
b = "{at}/b.img"
command_line = "{at}/cmdline"
environment = {{ kind = "grub", file = "{at}/grubenv" }}
[restart]
command = ["/bin/true"]
[trial]"#
    );
    fs::write(bench.path("agent.toml"), format!("{before}{slots}{after}")).unwrap();
}

fn from(slot: &str, version: &str) -> (String, String) {
    (format!("mainstay.slot={slot}"), version.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn grub_tries_what_the_agent_installed_falls_back_and_never_stays_dark() {
    let house = House::new().await;
    let tokens = register(&house).await;
    let bench = Bench::new(&house.base, &tokens[0], &house.root, "");
    with_grub(&bench);
    let old = approved(&house, &built(&house, "1.0.0", 1, image("1.0.0")));
    let new = approved(&house, &built(&house, "1.1.0", 2, image("1.1.0")));
    for token in &tokens {
        check_in(&house, token, &old).await;
    }
    boot_disk(&bench);
    fs::write(bench.path("a.img"), &old.image).unwrap();
    fs::write(bench.path("b.img"), vec![0; 4096]).unwrap();
    let booted = power_cycle(&bench);
    assert_eq!(booted, from("a", "1.0.0"));
    fs::write(bench.path("cmdline"), booted.0).unwrap();
    bench.provision(&old);
    fs::write(bench.path("new.mainstay-bundle"), bundle_of(&house, &new)).unwrap();
    let said = bench.say(&["install", text(&bench.path("new.mainstay-bundle"))]);
    assert_eq!(said.0, 0, "{}", said.1);
    for _ in 0..3 {
        assert_eq!(power_cycle(&bench), from("b", "1.1.0"));
    }
    assert_eq!(power_cycle(&bench), from("a", "1.0.0"));
    fs::write(bench.path("cmdline"), "mainstay.slot=a").unwrap();
    let agent = bench.run();
    let status = bench.wait_until("the report", |status| {
        status.boot == "reverted" && status.last_contact.is_some() && status.unsent_reports == 0
    });
    assert_eq!(status.outcome.as_deref(), Some("reverted: boot-limit"));
    assert_eq!(status.running.unwrap().version, "1.0.0");
    drop(agent);
    // It is settled there, with three tries. Nobody gives them back now: still something starts, for ever.
    for _ in 0..5 {
        assert_eq!(power_cycle(&bench), from("a", "1.0.0"));
    }
    // Nor does it start what lies in B once somebody sent other bytes than those that were signed.
    let next = approved(&house, &built(&house, "1.2.0", 3, image("1.2.0")));
    write_other_bytes(&bench, &house, &next);
    // All tries of both slots are used up on the way.
    for _ in 0..8 {
        assert_eq!(power_cycle(&bench), from("a", "1.0.0"));
    }
}
