//! A fleet that comes at once, to a server that remembers nobody: how long it takes until everybody was served, and what everybody else waits for
//! meanwhile. Read [`run`].
//!
//! Each device has a connection of its own, already open: its check-in is all that is measured. One that is sent away comes back when it was told to, with a
//! second shortened to ten milliseconds, so that the storm is harder than a real one. The ceiling is what the same server does in the same run for as many
//! devices that come one after the other.

use std::net::SocketAddr;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::task::LocalSet;
use tokio::time::sleep;

use crate::asker::Asker;
use crate::child::{Child, take_processors};
use crate::figures::{Figures, Goal, at_least, at_most};
use crate::pace::{Pace, ask};
use crate::questions::{Questions, native};
use crate::{cost, machine, ours};

/// Devices that come at once, on as many connections; and as many that come one after the other before. A server has 10,000 connections at most, and 2,500
/// from one address, where its process may have as many descriptors.
const DEVICES: u32 = 2400;

/// Of those that come one after the other, so many are under way: as many as keep a server busy, and none waits for long.
const AT_ONCE: usize = 16;

/// Nobody waits longer, however it goes.
const LONGEST: Duration = Duration::from_secs(600);

/// Of the time that `Retry-After` tells, a device here waits this part.
const SHORTENED: u32 = 100;

/// Right answers of a server with too much to do.
const SERVED_OR_SENT_AWAY: &[&str] = &["HTTP/1.1 200", "HTTP/1.1 503"];

/// What a whole run should come to: nobody waits for long, and the server does as much as where nobody has to wait.
const GOALS: [Goal; 3] = [
    at_most("storm_longest_answer", 5000.0),
    at_most("storm_longest_health", 500.0),
    at_least("storm_vs_ceiling", 0.5),
];

/// How it went for one device, in milliseconds.
struct Lived {
    longest_ms: f64,
    served_after: Duration,
    sent_away: u32,
}

/// Measures it, and prints figures.
///
/// # Errors
/// If the server can't be started, or answers what no device may be answered.
pub fn run() -> anyhow::Result<()> {
    machine::print()?;
    take_processors()?;
    let folder = tempfile::tempdir()?;
    let place = folder.path().join("storm").display().to_string();
    let devices = (DEVICES * 4).to_string();
    let server = Child::start(&["ours", &place, ours::SQLITE, &devices, "0"], true)?;
    let mut figures = Figures::default();
    let ceiling = one_after_the_other(server.address, 0..DEVICES)?;
    figures.put("storm_ceiling", ceiling, "1/s");
    let came = native(DEVICES..DEVICES * 2)?;
    let (lived, health) = storm(server.address, came)?;
    print(&lived, &health, ceiling, &mut figures);
    let resident = cost::resident_mib(server.pid())?;
    figures.put("storm_resident", resident, "MiB");
    machine::print_load()?;
    figures.print_goals(&GOALS);
    Ok(())
}

/// How many look-ups a second the server does where nobody has to wait.
fn one_after_the_other(address: SocketAddr, devices: Range<u32>) -> anyhow::Result<f64> {
    let questions = Rc::new(native(devices)?);
    let asked = ask(address, &questions, AT_ONCE, Pace::EachOnce, LONGEST)?;
    Ok(asked.per_second())
}

/// All of them at once; and how long the server's health was waited for meanwhile, in milliseconds.
fn storm(address: SocketAddr, came: Questions) -> anyhow::Result<(Vec<Lived>, Vec<f64>)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut askers = Vec::new();
        for _ in &came.requests {
            askers.push(Asker::connect(address).await?);
        }
        let watcher = Asker::connect(address).await?;
        let is_over = Arc::<AtomicBool>::default();
        let began = Instant::now();
        let devices: Vec<_> = askers
            .into_iter()
            .zip(came.requests)
            .map(|(asker, request)| tokio::task::spawn_local(comes(asker, request, began)))
            .collect();
        let watching = tokio::task::spawn_local(watch(watcher, is_over.clone()));
        let mut lived = Vec::new();
        for device in devices {
            lived.push(device.await??);
        }
        is_over.store(true, Ordering::Relaxed);
        Ok((lived, watching.await??))
    })
}

async fn comes(mut asker: Asker, request: Vec<u8>, began: Instant) -> anyhow::Result<Lived> {
    let mut lived = Lived {
        longest_ms: 0.0,
        served_after: Duration::ZERO,
        sent_away: 0,
    };
    loop {
        let asked = Instant::now();
        let answer = asker.ask_whole(&request, SERVED_OR_SENT_AWAY).await?;
        let took_ms = asked.elapsed().as_secs_f64() * 1000.0;
        lived.longest_ms = lived.longest_ms.max(took_ms);
        let Some(after_s) = retry_after_s(answer)? else {
            lived.served_after = began.elapsed();
            return Ok(lived);
        };
        lived.sent_away += 1;
        anyhow::ensure!(began.elapsed() < LONGEST, "a device isn't served");
        sleep(Duration::from_secs(after_s) / SHORTENED).await;
    }
}

/// When to come back; none of somebody who was served.
fn retry_after_s(answer: &[u8]) -> anyhow::Result<Option<u64>> {
    if !answer.starts_with(b"HTTP/1.1 503") {
        return Ok(None);
    }
    let head = String::from_utf8_lossy(answer).to_ascii_lowercase();
    let after = head.split_once("retry-after:").context("no Retry-After")?.1;
    let seconds = after.lines().next().unwrap_or_default().trim().parse();
    Ok(Some(seconds.context("Retry-After in seconds")?))
}

async fn watch(mut asker: Asker, is_over: Arc<AtomicBool>) -> anyhow::Result<Vec<f64>> {
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut took_ms = Vec::new();
    while !is_over.load(Ordering::Relaxed) || took_ms.is_empty() {
        let asked = Instant::now();
        asker.ask(request, &["HTTP/1.1 200"]).await?;
        took_ms.push(asked.elapsed().as_secs_f64() * 1000.0);
        sleep(Duration::from_millis(10)).await;
    }
    Ok(took_ms)
}

fn print(lived: &[Lived], health_ms: &[f64], ceiling: f64, figures: &mut Figures) {
    let most = |numbers: &mut dyn Iterator<Item = f64>| numbers.fold(0.0, f64::max);
    let took_s = most(&mut lived.iter().map(|one| one.served_after.as_secs_f64()));
    let devices = lived.len() as f64;
    let sent_away: f64 = lived.iter().map(|one| f64::from(one.sent_away)).sum();
    figures.put("storm_devices", devices, "devices");
    figures.put("storm_lasted", took_s, "s");
    figures.put("storm_sent_away", sent_away / devices, "times a device");
    let longest = most(&mut lived.iter().map(|one| one.longest_ms));
    figures.put("storm_longest_answer", longest, "ms");
    let health = most(&mut health_ms.iter().copied());
    figures.put("storm_longest_health", health, "ms");
    let served = devices / took_s / ceiling;
    figures.put("storm_vs_ceiling", served, "ratio");
}
