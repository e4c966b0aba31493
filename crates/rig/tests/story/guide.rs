//! The programs of `docs/serial.md`, as they stand there.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use crate::bench::Bench;

const GUIDE: &str = include_str!("../../../../docs/serial.md");

/// The program of this name in the guide.
fn program(name: &str) -> &'static str {
    let start = format!("```python {name}\n");
    let (_, rest) = GUIDE.split_once(&start).expect("the guide has it");
    rest.split_once("```").expect("it ends").0
}

fn run(name: &str, arguments: &[&Path]) -> String {
    let mut python = Command::new(judges::program("python3"));
    python
        .args(["-W", "ignore", "-c", program(name)])
        .args(arguments);
    let Output {
        status,
        stdout,
        stderr,
    } = python.output().expect("Python starts");
    let [said, complained] =
        [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(status.success(), "{name}: {said}{complained}");
    said
}

#[test]
fn the_guides_programs_update_a_device() {
    let mut bench = Bench::new();
    let [one, two] = [1, 2].map(|number| bench.release(number));
    let file = bench.bundle(&two);
    let mut machine = bench.switch_on(&bench.factory(Some(&one)));
    let port = machine.port().expect("it has a line");
    let said = run("upload.py", &[&port, Path::new(&file)]);
    assert!(said.lines().count() > 10, "its way to the end: {said}");
    assert!(
        machine
            .wait_for_restart(Duration::from_secs(180))
            .expect("it runs")
    );
    let flash = machine.stop().expect("it waits").flash;
    let mut machine = bench.switch_on(&flash);
    let port = machine.port().expect("it has a line");
    let said = run("confirm.py", &[&port]);
    assert!(said.starts_with("0 2.0.0 active"), "{said}");
    assert!(said.contains("confirmed=True"), "{said}");
    let flash = machine.stop().expect("it runs").flash;
    let _machine = bench.start(&flash);
    assert_eq!(bench.state(), ["2.0.0 ++-", "1.0.0 ---"]);
}
