//! The device answers, from its application and from safe mode.

use serde_json::json;

use crate::bench::Bench;

#[test]
fn an_application_answers_over_the_line() {
    let mut bench = Bench::new();
    let release = bench.release(1);
    let flash = bench.factory(Some(&release));
    let machine = bench.start(&flash);
    assert_eq!(bench.ask("echo", "Grüße"), json!({"r": "Grüße"}));
    let parameters = bench.ask("parameters", "");
    assert_eq!(parameters, json!({"buf_size": 512, "buf_count": 1}));
    assert_eq!(bench.state(), ["1.0.0 ++-"]);
    let stopped = bench.restart(machine);
    let _machine = bench.start(&stopped.flash);
    assert_eq!(bench.state(), ["1.0.0 ++-"]);
}

#[test]
fn a_device_with_nothing_to_boot_answers_too() {
    let mut bench = Bench::new();
    let flash = bench.factory(None);
    let _machine = bench.start(&flash);
    assert_eq!(bench.ask("echo", "hello"), json!({"r": "hello"}));
    assert!(bench.state().is_empty());
}
