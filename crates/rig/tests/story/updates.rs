//! Whole updates, by nothing but `smpclient`.

use std::time::Duration;

use mainstay_microbit::map;
use mainstay_rig::Stopped;
use serde_json::Value;

use crate::bench::{Bench, digest};

/// More stack than a device may use: of its 16 KB, a twelfth is kept for what nobody has measured.
const STACK_BYTES_MAX: usize = 15_000;

fn error(answer: &Value) -> &str {
    answer["error"].as_str().unwrap_or_default()
}

#[test]
fn a_device_is_updated_tried_out_and_confirmed() {
    let mut bench = Bench::new();
    let [one, two] = [1, 2].map(|number| bench.release(number));
    let file = bench.bundle(&two);
    let flash = bench.factory(Some(&one));
    let machine = bench.start(&flash);
    let uploaded = bench.ask("upload", &file);
    assert_eq!(error(&uploaded), "");
    assert_eq!(bench.state(), ["1.0.0 ++-", "2.0.0 --+"]);
    let tested = bench.ask("test", &digest(&two));
    assert_eq!(error(&tested), "");
    let stopped = bench.restart(machine);
    println!("figure microbit_update_stack {} bytes", stopped.stack_bytes);
    assert!(
        stopped.stack_bytes < STACK_BYTES_MAX,
        "{} bytes",
        stopped.stack_bytes
    );
    let machine = bench.start(&stopped.flash);
    assert_eq!(bench.state(), ["2.0.0 +--", "1.0.0 -+-"]);
    let confirmed = bench.ask("confirm", "");
    assert_eq!(error(&confirmed), "");
    assert_eq!(bench.state(), ["2.0.0 ++-", "1.0.0 ---"]);
    let stopped = bench.restart(machine);
    let _machine = bench.start(&stopped.flash);
    assert_eq!(bench.state(), ["2.0.0 ++-", "1.0.0 ---"]);
}

/// The deepest that a device ever gets: a root to follow, revocations to take, and a release to judge by both.
#[test]
fn a_bundle_brings_a_new_root_and_revocations() {
    let mut bench = Bench::new();
    let one = bench.release(1);
    let flash = bench.factory(Some(&one));
    bench.house.change_root().expect("the keepers sign");
    let two = bench.release(2);
    let file = bench.bundle(&two);
    let machine = bench.start(&flash);
    assert_eq!(error(&bench.ask("upload", &file)), "");
    let stopped = bench.restart(machine);
    check_stack("new_root", &stopped);
    let machine = bench.start(&stopped.flash);
    assert_eq!(bench.state(), ["2.0.0 +--", "1.0.0 -+-"]);
    assert_eq!(error(&bench.ask("confirm", "")), "");
    check_stack("new_root_confirm", &machine.stop().expect("it runs"));
}

fn check_stack(name: &str, stopped: &Stopped) {
    println!("figure microbit_{name}_stack {} bytes", stopped.stack_bytes);
    assert!(
        stopped.stack_bytes < STACK_BYTES_MAX,
        "{} bytes",
        stopped.stack_bytes
    );
}

#[test]
fn an_image_that_nobody_confirms_is_gone_after_three_starts() {
    let mut bench = Bench::new();
    let [one, two] = [1, 2].map(|number| bench.release(number));
    let file = bench.bundle(&two);
    let mut flash = bench.factory(Some(&one));
    let machine = bench.start(&flash);
    assert_eq!(error(&bench.ask("upload", &file)), "");
    flash = bench.restart(machine).flash;
    for _ in 0..3 {
        let machine = bench.start(&flash);
        assert_eq!(bench.state(), ["2.0.0 +--", "1.0.0 -+-"]);
        flash = machine.stop().expect("it runs").flash;
    }
    let _machine = bench.start(&flash);
    assert_eq!(bench.state(), ["1.0.0 ++-", "2.0.0 ---"]);
}

/// An image with a good stack and nothing but an undefined instruction (ARMv6-M Architecture Reference Manual, "UDF").
fn crashing() -> Vec<u8> {
    let (stack, first) = (map::HANDOVER, map::EXECUTION + 8);
    let words = [stack, first | 1, 0xDE00_DE00];
    words
        .iter()
        .flat_map(|word: &u32| word.to_le_bytes())
        .collect()
}

#[test]
fn an_image_that_crashes_is_gone_after_three_starts() {
    let mut bench = Bench::new();
    let one = bench.release(1);
    let two = bench
        .house
        .release(2, crashing())
        .expect("two people sign it");
    let file = bench.bundle(&two);
    let mut flash = bench.factory(Some(&one));
    let machine = bench.start(&flash);
    assert_eq!(error(&bench.ask("upload", &file)), "");
    flash = bench.restart(machine).flash;
    for _ in 0..3 {
        let mut machine = bench.switch_on(&flash);
        let restarted = machine.wait_for_restart(Duration::from_secs(180));
        assert!(restarted.expect("QEMU runs"), "a fault restarts the device");
        flash = machine.stop().expect("it waits").flash;
    }
    let _machine = bench.start(&flash);
    assert_eq!(bench.state(), ["1.0.0 ++-", "2.0.0 ---"]);
}

#[test]
fn safe_mode_fetches_and_installs() {
    let mut bench = Bench::new();
    let one = bench.release(1);
    let file = bench.bundle(&one);
    let flash = bench.factory(None);
    let mut machine = bench.start(&flash);
    assert_eq!(error(&bench.ask("upload", &file)), "");
    assert!(
        !machine
            .wait_for_restart(Duration::from_millis(1))
            .expect("it runs")
    );
    let flash = bench.restart(machine).flash;
    let _machine = bench.start(&flash);
    assert_eq!(bench.state(), ["1.0.0 +--"]);
    assert_eq!(error(&bench.ask("confirm", "")), "");
}

#[test]
fn a_refusal_comes_with_its_reason_and_changes_nothing() {
    let mut bench = Bench::new();
    let one = bench.release(1);
    let file = bench.bundle(&one);
    let flash = bench.factory(Some(&one));
    let machine = bench.start(&flash);
    let refused = bench.ask("upload", &file);
    assert!(
        error(&refused).contains("trust.already-running"),
        "{refused}"
    );
    let wrong = bench.ask("test", &"09".repeat(32));
    assert!(error(&wrong).contains("HASH_NOT_FOUND"), "{wrong}");
    let image = bench.file(&one.image);
    let refused = bench.ask("upload", &image);
    assert!(error(&refused).contains("bundle.not-a-bundle"), "{refused}");
    assert_eq!(bench.state(), ["1.0.0 ++-"]);
    machine.stop().expect("it runs");
}
