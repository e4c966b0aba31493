//! Boots each committed firmware image on an emulated micro:bit and listens to its serial port.
//!
//! The demonstrations rest on three claims: 1.0.0 and 1.1.0 work, and 1.2.0 works at first and
//! fails after some minutes. This test proves them with the very bytes in `fixtures/good/firmware`.
//! QEMU runs on virtual time here and skips over sleep, so six minutes of the device take less than
//! a second. Without QEMU the test fails; it never skips.
//!
//! Read [`Device`] first.

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Long enough to see a fault after four minutes persist, and to call the others good for more than
/// five.
const WATCHED_S: u32 = 360;

/// For one whole run. It takes less than a second on an idle machine, and a loaded one may be many
/// times slower.
const DEADLINE: Duration = Duration::from_secs(120);

/// Lines read ahead. QEMU waits when it is full, so a device that talks without end cannot fill the
/// memory.
const LINES_AHEAD: usize = 64;

const INSTALL_QEMU: &str = "qemu-system-arm is not installed, and this test needs it to run the firmware. On Debian \
     or Ubuntu: `sudo apt-get install qemu-system-arm`; on Fedora: `sudo dnf install qemu-system-arm-core`; on \
     macOS: `brew install qemu`.";

#[test]
fn version_1_0_0_stays_ok() {
    let run = watch("1.0.0");
    assert_eq!(run.self_tests, every_minute(|_| "ok"));
    assert!(
        run.averages.is_empty(),
        "1.0.0 reports no average yet: {:?}",
        run.averages
    );
}

#[test]
fn version_1_1_0_stays_ok_and_reports_averages() {
    let run = watch("1.1.0");
    assert_eq!(run.self_tests, every_minute(|_| "ok"));
    assert_eq!(
        run.averages.len(),
        6,
        "one average for each minute: {:?}",
        run.averages
    );
}

#[test]
fn version_1_2_0_starts_ok_and_fails_after_four_minutes() {
    let run = watch("1.2.0");
    let expected = |uptime_s| {
        if uptime_s < 240 {
            "ok"
        } else {
            "sample pool exhausted"
        }
    };
    assert_eq!(run.self_tests, every_minute(expected));
}

/// What a device said from its start to [`WATCHED_S`].
#[derive(Default)]
struct Run {
    /// Uptime and verdict: "ok", or the reason of the failure.
    self_tests: Vec<(u32, String)>,
    averages: Vec<String>,
}

fn every_minute(verdict: impl Fn(u32) -> &'static str) -> Vec<(u32, String)> {
    (0..=WATCHED_S)
        .step_by(60)
        .map(|uptime_s| (uptime_s, verdict(uptime_s).to_owned()))
        .collect()
}

/// Boots a version, checks its greeting, and collects its reports.
fn watch(version: &str) -> Run {
    let mut device = Device::boot(&image(version));
    assert_eq!(device.next_line(), format!("mainstay-demo {version}"));

    let mut run = Run::default();
    while run
        .self_tests
        .last()
        .is_none_or(|(uptime_s, _)| *uptime_s < WATCHED_S)
    {
        let line = device.next_line();
        if let Some(self_test) = parse_self_test(&line) {
            run.self_tests.push(self_test);
        } else if line.starts_with("sample average=") {
            run.averages.push(line);
        } else {
            panic!("the device said something unknown: {line:?}");
        }
    }
    run
}

fn image(version: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/good/firmware");
    fixtures.join(format!("mainstay-demo-{version}.bin"))
}

/// `self-test ok uptime=60s` or `self-test FAILED uptime=240s: sample pool exhausted`.
fn parse_self_test(line: &str) -> Option<(u32, String)> {
    let (verdict, rest) = line.strip_prefix("self-test ")?.split_once(" uptime=")?;
    let (uptime, reason) = rest
        .split_once("s: ")
        .or_else(|| Some((rest.strip_suffix('s')?, "")))?;
    let uptime_s = uptime.parse().ok()?;
    match (verdict, reason) {
        ("ok", "") => Some((uptime_s, "ok".to_owned())),
        ("FAILED", reason) if !reason.is_empty() => Some((uptime_s, reason.to_owned())),
        _ => None,
    }
}

/// An emulated micro:bit. Dropping it stops QEMU, also when a check panics.
struct Device {
    qemu: Child,
    events: Receiver<Event>,
}

enum Event {
    Line(String),
    Ended,
    DeadlinePassed,
}

impl Device {
    /// Virtual time: `shift=6` makes an instruction take 64 ns, close to the real chip's 16 MHz,
    /// and `sleep=off` lets the clock jump to the next timer event while the processor sleeps.
    fn boot(image: &Path) -> Self {
        assert!(
            image.is_file(),
            "{} is missing; the fixtures' README says how to build it",
            image.display()
        );
        let spawned = Command::new("qemu-system-arm")
            .args([
                "-M", "microbit", "-display", "none", "-monitor", "none", "-serial", "stdio",
            ])
            .args(["-icount", "shift=6,sleep=off", "-kernel"])
            .arg(image)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut qemu = match spawned {
            Ok(qemu) => qemu,
            Err(error) if error.kind() == ErrorKind::NotFound => panic!("{INSTALL_QEMU}"),
            Err(error) => panic!("qemu-system-arm did not start: {error}"),
        };
        let serial = qemu.stdout.take().expect("stdout was piped above");
        Self {
            qemu,
            events: listen(serial),
        }
    }

    fn next_line(&mut self) -> String {
        match self
            .events
            .recv()
            .expect("the deadline's thread keeps the channel open until it has spoken")
        {
            Event::Line(line) => line,
            Event::Ended => panic!("QEMU ended early: {}", self.last_words()),
            Event::DeadlinePassed => panic!("the device did not finish within {DEADLINE:?}"),
        }
    }

    /// QEMU has closed its serial port, so its messages end too and the read cannot hang.
    fn last_words(&mut self) -> String {
        self.stop();
        let mut words = String::new();
        if let Some(mut stderr) = self.qemu.stderr.take() {
            stderr.read_to_string(&mut words).unwrap_or_default();
        }
        words
    }

    /// Errors mean that QEMU is gone already, which is what is wanted.
    fn stop(&mut self) {
        self.qemu.kill().ok();
        self.qemu.wait().ok();
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Two threads feed one channel, so that waiting for a line and waiting for the deadline are the
/// same wait.
fn listen(serial: impl Read + Send + 'static) -> Receiver<Event> {
    let (events, receiver) = sync_channel(LINES_AHEAD);
    let deadline = events.clone();
    thread::spawn(move || forward_lines(serial, &events));
    thread::spawn(move || {
        thread::sleep(DEADLINE);
        deadline.send(Event::DeadlinePassed).ok();
    });
    receiver
}

/// Ends when QEMU ends, or when the test has stopped listening.
fn forward_lines(serial: impl Read, events: &SyncSender<Event>) {
    for line in BufReader::new(serial).lines().map_while(Result::ok) {
        if events.send(Event::Line(line)).is_err() {
            return;
        }
    }
    events.send(Event::Ended).ok();
}
