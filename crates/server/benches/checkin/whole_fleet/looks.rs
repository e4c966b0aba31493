//! Somebody who looks at pages and lists all the while. Read [`Looks`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::ensure;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, StatusCode};

use crate::figures::Figures;
use crate::fleet;

/// Between two looks of each kind.
const EVERY: Duration = Duration::from_millis(500);

/// Of so many looks of each kind is told when they were.
const LONGEST_TOLD: usize = 8;

/// A query that means none of the fleet: the server looks at as many devices for it as it ever does for one page.
const QUERY: &str = "hardware%20%3D%20%22D%22";

/// Somebody who looks, in a thread of their own: waiting for whoever drives the devices isn't the server's doing.
pub struct Looks {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<anyhow::Result<Seen>>,
}

/// How long each look took.
#[derive(Debug, Default)]
pub struct Seen {
    /// How many weren't answered: the server had too much to do, and said when to come again.
    sent_away: usize,
    home: Vec<Look>,
    list: Vec<Look>,
    device: Vec<Look>,
    query: Vec<Look>,
}

/// One look.
#[derive(Debug, Clone, Copy)]
struct Look {
    /// In milliseconds.
    took: f64,
    /// So many minutes after the first one it began.
    at: f64,
}

impl Looks {
    /// Begins to look at the server at this address, with this person's token.
    ///
    /// # Errors
    /// If no thread can be had.
    pub fn begin(address: SocketAddr, token: String, devices: u32) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let look = move || -> anyhow::Result<Seen> {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(keep_looking(address, &token, devices, &stopped))
        };
        let thread = thread::Builder::new()
            .name("looks".to_owned())
            .spawn(look)?;
        Ok(Self { stop, thread })
    }

    /// Looks no more.
    ///
    /// # Errors
    /// If a look wasn't answered.
    pub fn end(self) -> anyhow::Result<Seen> {
        self.stop.store(true, Ordering::Relaxed);
        let seen = self.thread.join();
        seen.map_err(|_| anyhow::anyhow!("whoever looks has panicked"))?
    }
}

async fn keep_looking(
    address: SocketAddr,
    token: &str,
    devices: u32,
    stopped: &AtomicBool,
) -> anyhow::Result<Seen> {
    let http = Client::builder().no_proxy().build()?;
    let first = Instant::now();
    // Nothing if it was sent away: the next round asks again.
    let look = async |path: String| {
        let begun = Instant::now();
        let asked = http
            .get(format!("http://{address}{path}"))
            .bearer_auth(token);
        let answer = asked.send().await?;
        let status = answer.status();
        let is_told_when = answer.headers().contains_key(RETRY_AFTER);
        answer.bytes().await?;
        if status == StatusCode::SERVICE_UNAVAILABLE && is_told_when {
            return Ok(None);
        }
        ensure!(status.is_success(), "{path}: {status}");
        anyhow::Ok(Some(Look {
            took: begun.elapsed().as_secs_f64() * 1000.0,
            at: begun.duration_since(first).as_secs_f64() / 60.0,
        }))
    };
    let mut seen = Seen::default();
    // The last page, and a device in the middle of the fleet.
    let (page, device) = (devices.div_ceil(100), fleet::name(devices / 2));
    loop {
        for (looks, path) in [
            (&mut seen.home, "/".to_owned()),
            (&mut seen.list, format!("/devices?page={page}")),
            (&mut seen.device, format!("/devices/{device}")),
            (&mut seen.query, format!("/api/v1/devices?query={QUERY}")),
        ] {
            match look(path).await? {
                Some(one) => looks.push(one),
                None => seen.sent_away += 1,
            }
        }
        if stopped.load(Ordering::Relaxed) {
            return Ok(seen);
        }
        tokio::time::sleep(EVERY).await;
    }
}

impl Seen {
    /// Prints which share of all looks was sent away, and how long the others took: the middle one of each kind, what all but the hundredth part kept to, and the
    /// worst; and when the longest ones were.
    pub fn print(self, figures: &mut Figures) {
        let kinds = [
            ("fleet_home_page", self.home),
            ("fleet_device_list", self.list),
            ("fleet_device_page", self.device),
            ("fleet_query", self.query),
        ];
        let answered: usize = kinds.iter().map(|(_, looks)| looks.len()).sum();
        let share = self.sent_away as f64 / (answered + self.sent_away).max(1) as f64;
        figures.put("fleet_looks_sent_away", share * 100.0, "%");
        for (name, mut looks) in kinds {
            // All were sent away: a goal without a figure is missed.
            if looks.is_empty() {
                continue;
            }
            looks.sort_by(|one, other| one.took.total_cmp(&other.took));
            for (share, called) in [(50, "median"), (99, "p99"), (100, "worst")] {
                let at = (looks.len() * share / 100).min(looks.len() - 1);
                figures.put(format!("{name}_{called}"), looks[at].took, "ms");
            }
            print_longest(name, &looks);
        }
    }
}

/// When the longest of these were, which stand in the order of how long they took: so that one can see what the server did just then.
fn print_longest(name: &str, looks: &[Look]) {
    let longest = looks.iter().rev().take(LONGEST_TOLD);
    let told: Vec<_> = longest
        .map(|Look { took, at }| format!("{took:.0} ms at minute {at:.1}"))
        .collect();
    println!("longest of {name}: {}", told.join(", "));
}
