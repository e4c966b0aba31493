//! The agent as a service of a real systemd, within the walls of the unit that is packaged: whole updates, the watchdog,
//! and a restart of the device.

use std::fs;

use crate::bench::tree;
use crate::field::Field;
use crate::kills::must;
use crate::systemd_bench::{Machine, TRIAL_LOOKED, WATCHDOG, within};

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

/// A device that went down to try what lies in slot B, which GRUB would start next.
async fn restarting_into_b() -> (Field, Machine) {
    let field = Field::bare("").await;
    field.bench.set_slots(FILES);
    let mut machine = switched_on(&field);
    grub(&machine, &["create"]);
    grub(&machine, &["set", "BOOT_ORDER=A", "BOOT_A_LEFT=3"]);
    fs::write(machine.path("srv/device/a.img"), &field.factory().image).unwrap();
    starts(&machine, "a");
    field.offer(1000).await;
    machine.provision();
    machine.wait_until_down();
    let variables = grub(&machine, &["list"]);
    assert!(variables.contains("BOOT_ORDER=B A"), "{variables}");
    starts(&machine, "b");
    (field, machine)
}

fn grub(machine: &Machine, words: &[&str]) -> String {
    let block = machine.path("srv/device/grubenv");
    must(
        "grub-editenv",
        &[&[block.to_str().unwrap()], words].concat(),
    )
}

/// What GRUB would say to the kernel.
fn starts(machine: &Machine, slot: &str) {
    let line = format!("mainstay.slot={slot}");
    fs::write(machine.path("srv/device/cmdline"), line).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_may_restart_the_device_and_comes_back_with_it() {
    let (field, mut machine) = restarting_into_b().await;
    machine.switch_on();
    let status = machine.wait_until("the update", |status| {
        status.running.as_ref().is_some_and(|it| it.confirmed) && status.unsent_reports == 0
    });
    assert_eq!(status.running.unwrap().slot, "b");
    assert_eq!(field.updated().await, 1, "the server believes it");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_whose_agent_does_not_come_up_goes_back_all_the_same() {
    let (field, mut machine) = restarting_into_b().await;
    let config = machine.path("etc/mainstay/agent.toml");
    let good = fs::read_to_string(&config).unwrap();
    // The new image expects another configuration than the one that is there.
    fs::write(&config, format!("{good}\n[unknown]\n")).unwrap();
    machine.switch_on();
    machine.wait_until_down();
    // GRUB counts; after the last try it starts A, whose agent reads what is there.
    grub(&machine, &["set", "BOOT_B_LEFT=0"]);
    starts(&machine, "a");
    fs::write(&config, good).unwrap();
    machine.switch_on();
    let status = machine.wait_until("the report", |status| {
        status.boot == "reverted" && status.unsent_reports == 0
    });
    assert_eq!(status.outcome.as_deref(), Some("reverted: boot-limit"));
    field.assert_told("gave 1.1.0 up").await;
    // Off trial, an agent that isn't there is no reason to restart the device.
    machine.must(&["systemctl", "stop", "mainstay-agent"]);
    std::thread::sleep(TRIAL_LOOKED);
    machine.must(&["systemctl", "start", "mainstay-agent"]);
}
