//! A virtual device in somebody's hands: an update from a stick, and all that one can do to it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use crate::folder::Folder;
use crate::papers::{office, refused, release};

const SIMULATE: &str = "device simulate th-0001 --device-token th-0001.token --plan plan.toml \
                        --class device-v1 --root root-1.cbor \
                        --server http://127.0.0.1:9";

/// A folder with two releases, the second of them on a stick, and a plan that tries images out for four
/// seconds. There is no server.
fn ready() -> Folder {
    let folder = office();
    let plan = String::from_utf8(folder.read("plan.toml")).expect("text");
    assert!(plan.contains("\"10m\""));
    folder.write("plan.toml", plan.replace("\"10m\"", "\"4s\""));
    folder.write("th-0001.token", "0".repeat(64));
    folder.good("revoke --root root-1.cbor -o revocations.cbor");
    folder.good("revoke sign revocations.cbor --key rex.key --root root-1.cbor");
    for sequence in 1..=3 {
        let artifact = release(&folder, sequence, "ana.key", "root-1.cbor");
        folder.good(&format!(
            "bundle make {sequence}.bundle --artifact {artifact} --root root-1.cbor \
             --revocations revocations.cbor --sign kim.key"
        ));
    }
    folder
}

/// A line that doesn't come within this time never comes.
const LINE_WITHIN: Duration = Duration::from_secs(180);

/// A running simulation, which ends with its test.
struct Bench {
    child: Child,
    prompt: ChildStdin,
    told: Receiver<String>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        // It has ended already where the test was good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Bench {
    fn start(folder: &Folder, more: &str) -> Self {
        let words = format!("--json {SIMULATE} {more}");
        let mut child = Command::new(env!("CARGO_BIN_EXE_mainstay"))
            .args(words.split_whitespace())
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program was built");
        let prompt = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (send, told) = channel();
        std::thread::spawn(move || {
            let lines = output.lines().map_while(Result::ok);
            lines.for_each(|line| drop(send.send(line)));
        });
        Self {
            child,
            prompt,
            told,
        }
    }

    fn type_in(&mut self, line: &str) {
        writeln!(self.prompt, "{line}").expect("it listens");
    }

    /// Sends a signal, as a person would.
    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill is there").success());
    }

    /// Waits for a line that has this value at this place.
    fn wait(&self, place: &str, expected: &str) -> Value {
        loop {
            let line = self.told.recv_timeout(LINE_WITHIN);
            let line = line.unwrap_or_else(|_| panic!("{place} never was {expected}"));
            let value: Value = serde_json::from_str(&line).expect("JSON lines");
            if value.pointer(place).is_some_and(|found| found == expected) {
                return value;
            }
        }
    }

    fn wait_for_start(&self, version: &str, boot: &str) {
        let started = self.wait("/notice/seen", "started");
        assert_eq!(started["notice"]["version"], version, "{started}");
        assert_eq!(started["notice"]["boot"], boot, "{started}");
    }

    fn ended(&mut self) -> ExitStatus {
        self.child.wait().expect("it was started")
    }
}

#[test]
fn it_updates_from_a_stick_and_outlives_everything() {
    let folder = ready();
    let mut bench = Bench::start(&folder, "--artifact 1.mainstay --flash th-0001.flash");
    bench.wait_for_start("1.0.1", "confirmed");
    bench.type_in("bundle 2.bundle");
    bench.wait("/bundle", "the device takes it");
    bench.wait("/notice/event", "installed");
    bench.wait_for_start("1.0.2", "trial");
    bench.wait("/notice/event", "confirmed");
    bench.type_in("power cut");
    bench.wait_for_start("1.0.2", "confirmed");
    bench.signal("-USR1");
    bench.wait("/notice/seen", "down");
    bench.wait_for_start("1.0.2", "confirmed");
    bench.signal("-KILL");
    assert!(!bench.ended().success());

    // What is in the flash file is what the device was when it lost its power.
    let mut bench = Bench::start(&folder, "--flash th-0001.flash");
    bench.wait_for_start("1.0.2", "confirmed");
    bench.type_in("flash full");
    bench.type_in("bundle 3.bundle");
    let failed = bench.wait("/notice/event", "failed");
    assert_eq!(failed["notice"]["failure"], "storage-full");
    bench.type_in("status");
    let standing = bench.wait("/device", "th-0001");
    assert_eq!(standing["on"], true);
    assert_eq!(standing["boot"], "confirmed");
    bench.signal("-TERM");
    assert!(bench.ended().success());
}

#[test]
fn an_image_that_fails_its_test_goes_back_and_a_clock_may_be_wrong() {
    let folder = ready();
    let mut bench = Bench::start(&folder, "--artifact 1.mainstay");
    bench.wait_for_start("1.0.1", "confirmed");
    for clock in ["clock +3650d", "clock -3650d", "clock right"] {
        bench.type_in(clock);
        bench.wait_for_start("1.0.1", "confirmed");
    }
    bench.type_in("bundle 2.bundle");
    bench.wait_for_start("1.0.2", "trial");
    bench.type_in("self-test fail");
    let reverted = bench.wait("/notice/event", "reverted");
    assert_eq!(reverted["notice"]["cause"], "self-test");
    bench.type_in("power off");
    bench.type_in("status");
    assert_eq!(bench.wait("/device", "th-0001")["on"], false);
    bench.type_in("power on");
    bench.wait_for_start("1.0.1", "confirmed");
    bench.type_in("quit");
    assert!(bench.ended().success());
}

#[test]
fn what_can_t_be_simulated_is_told() {
    let folder = ready();
    folder.write("short.flash", [0xff; 100]);
    for (more, code, id) in [
        ("", 2, "device.no-release"),
        ("--artifact 1.mainstay --hardware Z", 2, "device.hardware"),
        ("--flash short.flash", 2, "device.flash-file"),
        (
            "--artifact 1.mainstay --image-bytes-max 4294967295",
            2,
            "layout.too-large",
        ),
    ] {
        refused(&folder, &format!("{SIMULATE} {more}"), code, id);
    }
    folder.good(
        "artifact pack app.bin unsigned.mainstay --plan plan.toml --class device-v1 \
         --version 1.0.9 --sequence 9",
    );
    let unsigned = format!("{SIMULATE} --artifact unsigned.mainstay");
    refused(&folder, &unsigned, 1, "trust.unsigned");
}
