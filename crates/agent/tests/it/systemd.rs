//! The agent as a service of a real systemd, within the walls of the unit that is packaged: whole updates, the watchdog,
//! and a restart of the device.

use std::fs;

use crate::bench::tree;
use crate::field::Field;
use crate::kills::must;
use crate::systemd_bench::{Machine, WATCHDOG, within};

const CHECK: &str = "[[health]]\nunit = \"app.service\"";
const APPLY: &str = r#"apply = { command = ["systemctl", "restart", "app.service"] }"#;

/// Slots that GRUB starts; what it would say to the kernel stands in a file.
const FILES: &str = r#"kind = "files"
a = "/srv/device/a.img"
b = "/srv/device/b.img"
image_bytes_max = 134217728
command_line = "/srv/device/cmdline"
environment = { kind = "grub", file = "/srv/device/grubenv" }
[restart]
command = ["systemctl", "reboot"]"#;

/// A device of this field, with the product's application beside the agent.
fn machine(field: &Field) -> Machine {
    let bench = &field.bench;
    let config = fs::read_to_string(bench.path("agent.toml")).unwrap();
    let apply = config
        .lines()
        .find(|line| line.starts_with("apply"))
        .unwrap();
    bench.configure(apply, APPLY);
    let machine = switched_on(field);
    machine.provision();
    machine.must(&["systemctl", "start", "app"]);
    machine.wait_until("the start", |status| status.last_contact.is_some());
    machine
}

fn switched_on(field: &Field) -> Machine {
    fs::write(field.bench.path("factory.mainstay"), field.factory().file()).unwrap();
    Machine::new(&field.bench)
}

fn version(machine: &Machine) -> String {
    fs::read_to_string(machine.path("srv/device/app/current/version")).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn within_its_walls_it_updates_and_keeps_what_is_well() {
    let field = Field::bare(CHECK).await;
    field.offer(1_000_000).await;
    let machine = machine(&field);
    machine.wait_until("the update", |status| {
        let kept = status.running.as_ref().is_some_and(|it| it.confirmed);
        kept && version(&machine) == "1.1.0" && status.unsent_reports == 0
    });
    assert_eq!(machine.unit("ActiveState"), "active");
    assert_eq!(
        machine.unit("NRestarts"),
        "0",
        "nothing in it took too long"
    );
    assert_eq!(machine.journal("warning"), "");
    let notable = machine.journal("notice");
    assert!(notable.contains("restarts"), "{notable}");
    let owner = machine.must(&["stat", "--format=%a %U", "/var/lib/mainstay"]);
    assert_eq!(owner.trim(), "700 root");
    assert_eq!(field.updated().await, 1, "the server believes it");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_ends_at_once_is_taken_back() {
    let field = Field::bare(CHECK).await;
    field.offer_image(tree("ill", 1000)).await;
    let machine = machine(&field);
    let status = machine.wait_until("the way back", |status| {
        status.boot == "reverted" && status.unsent_reports == 0
    });
    assert_eq!(status.outcome.as_deref(), Some("reverted: self-test"));
    assert_eq!(version(&machine), "1.0.0");
    within("the application", || {
        let (ended, _) = machine.say(&["systemctl", "is-active", "--quiet", "app"]);
        ended.is_some_and(|status| status.success()).then_some(())
    });
    let faults = machine.journal("warning");
    assert!(faults.contains("systemctl is-active"), "{faults}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_hangs_is_started_anew_and_one_that_waits_is_left_alone() {
    let field = Field::bare(CHECK).await;
    let machine = machine(&field);
    assert_eq!(machine.unit("NRestarts"), "0");
    let first = machine.unit("MainPID");
    machine.must(&["kill", "-STOP", &first]);
    within("the watchdog", || {
        (machine.unit("NRestarts") == "1" && machine.unit("ActiveState") == "active").then_some(())
    });
    assert_ne!(machine.unit("MainPID"), first);
    machine.wait_until("the start", |status| status.last_contact.is_some());
    machine.must(&["systemctl", "is-active", "--quiet", "app"]);
    // One that has nothing to do says for longer than the watchdog waits that it lives.
    std::thread::sleep(2 * WATCHDOG);
    assert_eq!(machine.unit("NRestarts"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_may_restart_the_device_and_comes_back_with_it() {
    let field = Field::bare("").await;
    field.bench.set_slots(FILES);
    let mut machine = switched_on(&field);
    let environment = machine.path("srv/device/grubenv");
    let environment = environment.to_str().unwrap();
    must("grub-editenv", &[environment, "create"]);
    let variables = ["BOOT_ORDER=A B", "BOOT_A_LEFT=3", "BOOT_B_LEFT=0"];
    must(
        "grub-editenv",
        &[&[environment, "set"], &variables[..]].concat(),
    );
    fs::write(machine.path("srv/device/a.img"), &field.factory().image).unwrap();
    fs::write(machine.path("srv/device/cmdline"), "mainstay.slot=a").unwrap();
    field.offer(1000).await;
    machine.provision();
    machine.wait_until_down();
    let variables = must("grub-editenv", &[environment, "list"]);
    assert!(variables.contains("BOOT_ORDER=B A"), "{variables}");
    // What GRUB does.
    fs::write(machine.path("srv/device/cmdline"), "mainstay.slot=b").unwrap();
    machine.switch_on();
    let status = machine.wait_until("the update", |status| {
        status.running.as_ref().is_some_and(|it| it.confirmed) && status.unsent_reports == 0
    });
    assert_eq!(status.running.unwrap().slot, "b");
    assert_eq!(field.updated().await, 1, "the server believes it");
}
