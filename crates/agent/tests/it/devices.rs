//! Slots that are block devices: the right one alone is ever written to.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bench::Bench;
use crate::field::Field;
use crate::kills::{must, must_once_free};

/// Two loop devices with the environment of a boot loader that starts A; let go of when the test ends.
struct Slots {
    devices: [String; 2],
}

impl Slots {
    /// With the release in A that the factory put there, and that the agent knows of.
    fn new(field: &Field) -> Self {
        let bench = &field.bench;
        let device = |name: &str| {
            let backing = bench.path(name);
            let file = fs::File::create(&backing).unwrap();
            file.set_len(8 * 1024 * 1024).unwrap();
            let words = ["--find", "--show", backing.to_str().unwrap()];
            must("losetup", &words).trim().to_owned()
        };
        let devices = ["a.raw", "b.raw"].map(device);
        let environment = bench.path("grubenv");
        let environment = environment.to_str().unwrap();
        must("grub-editenv", &[environment, "create"]);
        must("grub-editenv", &[environment, "set", "BOOT_ORDER=A"]);
        fs::write(bench.path("cmdline"), "mainstay.slot=a").unwrap();
        configure(bench, &devices[0], &devices[1]);
        fs::write(&devices[0], &field.factory().image).unwrap();
        field.provision();
        Self { devices }
    }

    fn mount_b(&self, at: PathBuf) -> Mounted {
        must("/sbin/mke2fs", &["-q", "-t", "ext4", &self.devices[1]]);
        fs::create_dir(&at).unwrap();
        must("mount", &[&self.devices[1], at.to_str().unwrap()]);
        Mounted(at)
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        for device in &self.devices {
            // The kernel goes on protecting a device that is let go of.
            must("blockdev", &["--setrw", device]);
            must("losetup", &["--detach", device]);
        }
    }
}

struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        must_once_free("umount", &[self.0.to_str().unwrap()]);
    }
}

fn configure(bench: &Bench, a: &str, b: &str) {
    let at = bench.folder.path().display();
    bench.set_slots(&format!(
        r#"kind = "files"
a = "{a}"
b = "{b}"
command_line = "{at}/cmdline"
environment = {{ kind = "grub", file = "{at}/grubenv" }}
[restart]
command = ["/bin/true"]"#
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_mounted_is_never_written_to() {
    let field = Field::bare("").await;
    let slots = Slots::new(&field);
    // The boot loader and agent.toml don't agree which slot is which, and B is what runs.
    let mounted = slots.mount_b(field.bench.path("root"));
    fs::write(mounted.0.join("init"), "the system").unwrap();
    let bundle = field.bundle("1.1.0", 2, vec![7; 1_000_000]);
    let (code, said) = field.install(&bundle);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("agent.slot-in-use"), "{said}");
    assert!(said.contains(&slots.devices[1]), "{said}");
    let read = |name: &str| fs::read_to_string(mounted.0.join(name));
    assert_eq!(read("init").unwrap(), "the system");
    drop(mounted);
    must("/sbin/e2fsck", &["-f", "-n", &slots.devices[1]]);
    let (code, said) = field.install(&bundle);
    assert_eq!(code, 0, "{said}");
    let written = fs::read(&slots.devices[1]).unwrap();
    assert_eq!(written[..1_000_000], [7; 1_000_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_not_there_is_no_file_in_memory() {
    let field = Field::bare("").await;
    let slots = Slots::new(&field);
    let missing = "/dev/mainstay-no-such-partition";
    configure(&field.bench, &slots.devices[0], missing);
    for words in [&["check"][..], &["install", "/nonexistent"]] {
        let (code, said) = field.bench.say(words);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("agent.slot-unusable"), "{said}");
        assert!(said.contains(missing), "{said}");
    }
    assert!(!Path::new(missing).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_kernel_protects_is_found_before_it_is_needed() {
    let field = Field::bare("").await;
    let slots = Slots::new(&field);
    // Whatever else is said of a bench that lies in this machine's own root file system.
    let (_, said) = field.bench.say(&["check"]);
    assert!(!said.contains("agent.storage-read-only"), "{said}");
    must("blockdev", &["--setro", &slots.devices[1]]);
    let (code, said) = field.bench.say(&["check"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("agent.storage-read-only"), "{said}");
    assert!(said.contains(&slots.devices[1]), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_knows_no_way_to_its_server_costs_what_runs_no_tries() {
    let field = Field::bare("").await;
    let _slots = Slots::new(&field);
    let environment = field.bench.path("grubenv");
    let environment = environment.to_str().unwrap();
    must("grub-editenv", &[environment, "set", "BOOT_A_LEFT=1"]);
    fs::remove_file(field.bench.path("token")).unwrap();
    let (code, said) = field.bench.say(&["install", "/nonexistent"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("/token"), "{said}");
    let variables = must("grub-editenv", &[environment, "list"]);
    assert!(variables.contains("BOOT_A_LEFT=3"), "{variables}");
}
