//! Boot environments against the boot loaders' own tools: what one writes the other reads.

use std::path::Path;
use std::process::Command;

use mainstay_agent::boot_env::grub::Grub;
use mainstay_agent::boot_env::uboot::{Area, UBoot};
use mainstay_agent::boot_env::{Environment, Scheme};
use mainstay_device::Slot;

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program} (see xtask's packages): {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {output:?}"
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn fw_setenv_and_the_agent_read_each_other() {
    for copies in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("env"), vec![0; 0x8000]).unwrap();
        let line =
            |index: u64| format!("{} 0x{:x} 0x4000\n", path("env").display(), index * 0x4000);
        let config: String = (0..copies).map(line).collect();
        std::fs::write(path("fw_env.config"), config).unwrap();
        let config = path("fw_env.config").display().to_string();
        std::fs::write(path("defaults"), "bootdelay=2\nBOOT_ORDER=A B\n").unwrap();
        let defaults = path("defaults").display().to_string();
        let theirs = |name: &str| run("fw_printenv", &["-c", &config, "-n", name]);
        run(
            "fw_setenv",
            &["-c", &config, "-f", &defaults, "fresh", "yes"],
        );
        let areas = (0..copies).map(|index| Area {
            file: path("env"),
            offset: index * 0x4000,
            size: 0x4000,
        });
        let mut ours = UBoot::new(areas.collect());
        assert_eq!(ours.read().unwrap()["fresh"], "yes");
        // In turns, so that the numbers of the copies go on and on.
        for round in 0..300 {
            let round = round.to_string();
            ours.set(&[("ours".to_owned(), round.clone())]).unwrap();
            assert_eq!(theirs("ours").trim(), round);
            if round.ends_with('7') {
                run("fw_setenv", &["-c", &config, "theirs", &round]);
                assert_eq!(ours.read().unwrap()["theirs"], round);
            }
        }
        ours.set(&Scheme::Order.arm(Slot::B, 3)).unwrap();
        assert_eq!(theirs("BOOT_ORDER").trim(), "B A");
        assert_eq!(theirs("BOOT_B_LEFT").trim(), "3");
        assert_eq!(theirs("fresh").trim(), "yes", "nothing else was touched");
    }
}

#[test]
fn grub_editenv_and_the_agent_read_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("grubenv");
    let theirs = |words: &[&str]| grub(&file, words);
    theirs(&["create"]);
    theirs(&["set", "saved_entry=0", "BOOT_ORDER=A B"]);
    let mut ours = Grub::at(&file);
    assert_eq!(ours.read().unwrap()["BOOT_ORDER"], "A B");
    ours.set(&Scheme::Order.arm(Slot::B, 2)).unwrap();
    ours.set(&[("odd".to_owned(), "back\\slash".to_owned())])
        .unwrap();
    let listed = theirs(&["list"]);
    for line in [
        "saved_entry=0",
        "BOOT_ORDER=B A",
        "BOOT_B_LEFT=2",
        "odd=back\\slash",
    ] {
        assert!(
            listed.lines().any(|found| found == line),
            "{line} in {listed}"
        );
    }
    theirs(&["set", "BOOT_B_LEFT=0"]);
    assert!(Scheme::Order.is_spent(Slot::B, &ours.read().unwrap()));
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 1024);
}

fn grub(file: &Path, words: &[&str]) -> String {
    let file = file.to_str().unwrap();
    run("grub-editenv", &[&[file], words].concat())
}
