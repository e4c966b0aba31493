//! A device that can't be restarted goes on being heard, and says why its update doesn't come.

use std::fs;

use mainstay_agent::status::Doing;

use crate::bench::{Process, tree};
use crate::field::Field;
use crate::uboot::{run, text};

const RESTART: &str = r#"["/bin/true"]"#;

/// A device whose slots GRUB starts, which it did from A; what the kernel was told stands in a file.
async fn with_grub(more: &str) -> Field {
    let field = Field::bare(more).await;
    let bench = &field.bench;
    let at = bench.folder.path().display();
    bench.set_slots(&format!(
        r#"kind = "files"
a = "{at}/a.img"
b = "{at}/b.img"
image_bytes_max = 134217728
command_line = "{at}/cmdline"
environment = {{ kind = "grub", file = "{at}/grubenv" }}
[restart]
command = {RESTART}"#
    ));
    let environment = bench.path("grubenv");
    run("grub-editenv", &[text(&environment), "create"]);
    let variables = ["BOOT_ORDER=A B", "BOOT_A_LEFT=3", "BOOT_B_LEFT=0"];
    let set = [&[text(&environment), "set"], &variables[..]].concat();
    run("grub-editenv", &set);
    fs::write(bench.path("a.img"), &field.factory().image).unwrap();
    came_from(&field, "a");
    field.provision();
    field
}

fn came_from(field: &Field, slot: &str) {
    let line = format!("mainstay.slot={slot}");
    fs::write(field.bench.path("cmdline"), line).unwrap();
}

fn fails_to_restart(field: &Field) {
    field.bench.configure(RESTART, r#"["/bin/false"]"#);
}

/// What GRUB would start first.
fn order(field: &Field) -> String {
    let environment = field.bench.path("grubenv");
    let listed = run("grub-editenv", &[text(&environment), "list"]);
    let mut lines = listed.lines();
    let order = lines.find_map(|line| line.strip_prefix("BOOT_ORDER="));
    order.unwrap().to_owned()
}

/// Runs the agent until it has the device restarted.
fn until_it_restarts(field: &Field) -> Process {
    let agent = field.bench.run();
    field
        .bench
        .wait_until("the restart", |status| status.doing == Doing::Restarting);
    agent
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_cant_be_restarted_into_is_taken_back_and_told() {
    let field = with_grub("").await;
    fails_to_restart(&field);
    field.offer(1000).await;
    let agent = field.bench.run();
    let status = field.bench.wait_until("the report", |status| {
        status.outcome.as_deref() == Some("hook-failed") && status.unsent_reports == 0
    });
    assert_eq!(status.fault.unwrap().id, "agent.hook-failed");
    assert_eq!(status.running.unwrap().slot, "a");
    assert_eq!(
        order(&field),
        "A B",
        "whoever restarts it finds what was kept"
    );
    field
        .assert_told("couldn't install 1.1.0 (hook-failed)")
        .await;
    drop(agent);
    // Repaired, the next release reaches it.
    field.bench.configure(r#"["/bin/false"]"#, RESTART);
    let (code, said) = field.install(&field.bundle("1.2.0", 3, tree("1.2.0", 100)));
    assert_eq!(code, 0, "{said}");
    assert_eq!(order(&field), "B A");
    came_from(&field, "b");
    let _agent = field.bench.run();
    field.bench.wait_until("the update", |status| {
        let running = status.running.as_ref();
        running.is_some_and(|it| it.confirmed && it.slot == "b") && status.unsent_reports == 0
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_cant_go_back_is_heard_meanwhile() {
    let ill = "[[health]]\ncommand = [\"/bin/false\"]";
    let field = with_grub(ill).await;
    field.offer(1000).await;
    drop(until_it_restarts(&field));
    came_from(&field, "b");
    fails_to_restart(&field);
    fs::remove_file(field.bench.path("run/status.json")).unwrap();
    let _agent = field.bench.run();
    // It was heard when it came up; and again after it couldn't restart.
    field.bench.wait_until("contact", |status| {
        let fault = status.fault.as_ref();
        let fault = fault.filter(|fault| fault.id == "agent.hook-failed");
        fault.is_some_and(|fault| {
            fault.what.starts_with("restart") && status.last_contact >= Some(fault.at)
        })
    });
    assert_eq!(order(&field), "A B", "any restart goes back");
}
