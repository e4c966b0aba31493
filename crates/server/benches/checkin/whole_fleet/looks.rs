//! Somebody who looks at pages and lists all the while. Read [`Looks`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::ensure;
use reqwest::Client;

use crate::figures::Figures;
use crate::fleet;

/// Between two looks of each kind.
const EVERY: Duration = Duration::from_millis(500);

/// A query that means none of the fleet: the server looks at as many devices for it as it ever does for one page.
const QUERY: &str = "hardware%20%3D%20%22D%22";

/// Somebody who looks, in a thread of their own: waiting for whoever drives the devices isn't the server's doing.
pub struct Looks {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<anyhow::Result<Seen>>,
}

/// How long each look took, in milliseconds.
#[derive(Debug, Default)]
pub struct Seen {
    home: Vec<f64>,
    list: Vec<f64>,
    device: Vec<f64>,
    query: Vec<f64>,
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
    let look = async |path: String| {
        let begun = Instant::now();
        let asked = http
            .get(format!("http://{address}{path}"))
            .bearer_auth(token);
        let answer = asked.send().await?;
        let status = answer.status();
        answer.bytes().await?;
        ensure!(status.is_success(), "{path}: {status}");
        anyhow::Ok(begun.elapsed().as_secs_f64() * 1000.0)
    };
    let mut seen = Seen::default();
    // The last page, and a device in the middle of the fleet.
    let (page, device) = (devices.div_ceil(100), fleet::name(devices / 2));
    loop {
        seen.home.push(look("/".to_owned()).await?);
        seen.list.push(look(format!("/devices?page={page}")).await?);
        seen.device.push(look(format!("/devices/{device}")).await?);
        seen.query
            .push(look(format!("/api/v1/devices?query={QUERY}")).await?);
        if stopped.load(Ordering::Relaxed) {
            return Ok(seen);
        }
        tokio::time::sleep(EVERY).await;
    }
}

impl Seen {
    /// Prints how long looks took: the middle one of each kind, and the worst.
    pub fn print(self, figures: &mut Figures) {
        for (name, waits) in [
            ("fleet_home_page", self.home),
            ("fleet_device_list", self.list),
            ("fleet_device_page", self.device),
            ("fleet_query", self.query),
        ] {
            let worst = waits.iter().copied().fold(0.0, f64::max);
            figures.put(
                format!("{name}_median"),
                crate::figures::middle(waits),
                "ms",
            );
            figures.put(format!("{name}_worst"), worst, "ms");
        }
    }
}
