//! Who waits how long for whom: the agent for a busy server and for an application that comes up slowly, systemd for a
//! start that measures and unpacks.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use crate::bench::{Process, STUCK};
use crate::field::Field;
use crate::gateway::Conduct;

const DEFER: &str = "[defer]\nfile = \"@/defer\"\nhours_max = 1";
const DAY_S: u32 = 86_400;

/// A device whose agent holds an update back, as the user wants.
async fn held_back(more: &str, grace_s: u32) -> (Field, Process) {
    let field = Field::begin(&format!("{DEFER}\n{more}")).await;
    let grace = format!("grace_s = {grace_s}");
    field.bench.configure("grace_s = 1", &grace);
    field.offer(1000).await;
    fs::write(field.bench.path("defer"), "").unwrap();
    let agent = field.bench.run();
    field.bench.wait_until("the wait", |status| {
        status.wait.as_deref() == Some("deferred")
    });
    (field, agent)
}

/// The update is tried while the server wants to be left alone for a day.
async fn tried_while_busy() -> (Field, Process) {
    let (field, agent) = held_back("", 1).await;
    drop(agent);
    field.gateway.conduct(Conduct::Busy(DAY_S));
    fs::remove_file(field.bench.path("defer")).unwrap();
    let agent = field.bench.run();
    field.bench.wait_until("a no", |status| {
        let unheard = status.unheard.as_deref();
        status.boot == "trial" && unheard.is_some_and(|why| why.contains("503"))
    });
    (field, agent)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_ends_in_its_time_however_long_a_server_wants_to_be_left_alone() {
    let (field, _agent) = tried_while_busy().await;
    let status = field
        .bench
        .wait_until("the way back", |status| status.boot == "reverted");
    assert_eq!(status.outcome.as_deref(), Some("reverted: watchdog"));
    assert_eq!(field.bench.version(), "1.0.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_is_heard_as_soon_as_a_busy_server_listens() {
    let (field, _agent) = tried_while_busy().await;
    field.gateway.conduct(Conduct::Honest);
    let status = field.bench.wait_until("the end of the trial", |status| {
        let kept = status.running.as_ref().is_some_and(|it| it.confirmed);
        status.boot == "reverted" || (kept && status.unsent_reports == 0)
    });
    assert_eq!(status.boot, "trial", "{}", field.bench.log());
    assert_eq!(field.bench.version(), "1.1.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_has_its_grace_although_the_agent_has_run_for_long() {
    // It is well three seconds after it was applied.
    let check = "[[health]]\ncommand = [\"/bin/sh\", \"-c\", \"test $(date +%s) -ge $(($(stat -c %Y @/applied) + 3))\"]";
    let (field, _agent) = held_back(check, 8).await;
    // Until the agent looks again it has run for longer than that.
    fs::remove_file(field.bench.path("defer")).unwrap();
    let status = field.bench.wait_until("the end of the trial", |status| {
        let running = status.running.as_ref();
        let kept = running.is_some_and(|it| it.confirmed && it.version == "1.1.0");
        status.boot == "reverted" || kept
    });
    assert_eq!(status.boot, "trial", "{}", field.bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_hears_during_a_start_that_the_agent_lives() {
    let field = Field::begin("").await;
    let agent = field.bench.run();
    field
        .bench
        .wait_until("contact", |status| status.last_contact.is_some());
    drop(agent);
    // To be unpacked anew.
    fs::remove_dir_all(field.bench.path("app/a")).unwrap();
    let path = field.bench.path("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(STUCK)).unwrap();
    let socket = ("NOTIFY_SOCKET", path.to_str().unwrap());
    let _agent = field
        .bench
        .run_with(&[socket, ("WATCHDOG_USEC", "3000000")]);
    let mut buffer = [0; 1024];
    let heard = std::iter::from_fn(|| {
        let length = systemd.recv(&mut buffer).unwrap();
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    });
    let heard: Vec<_> = heard.take_while(|text| text != "READY=1").collect();
    let longer = format!("EXTEND_TIMEOUT_USEC={}", Duration::from_secs(3).as_micros());
    let signs = heard.iter().filter(|text| **text == longer).count();
    // Before anything, as it measures, and as it unpacks.
    assert!(signs >= 3, "{heard:?}");
    assert!(field.bench.path("app/a/version").exists());
}
