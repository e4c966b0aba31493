//! Many lives, a few at a time: the first broken promise of each, and what only shows over all of them.
//!
//! Read [`run`] first.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use tokio::runtime::Builder;

use crate::canary_places::{CanaryPlaces, deviation};
use crate::life::{Life, live};
use crate::processor;
use crate::watch::Broken;

/// A draw that is random lies so far from the middle in one of two million campaigns.
const DEVIATION_MAX: f64 = 5.0;

/// Which seeds, and how.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The seeds.
    pub seeds: Range<u64>,
    /// Lives at once.
    pub threads: u32,
    /// Whether to end with the first broken promise.
    pub until_broken: bool,
}

/// What a campaign found.
#[derive(Debug, Default)]
pub struct Found {
    /// Lives that were lived.
    pub lives: u64,
    /// Events in them.
    pub events: u64,
    /// Broken promises, by seed.
    pub broken: BTreeMap<u64, Broken>,
    /// How far the canaries lie from the middle of the order of registration, in standard deviations.
    pub canary_deviation: f64,
    canaries: Vec<CanaryPlaces>,
}

impl Found {
    /// Whether no promise was broken.
    pub fn is_clean(&self) -> bool {
        self.broken.is_empty() && self.canary_deviation.abs() <= DEVIATION_MAX
    }

    fn add(&mut self, life: Life) {
        self.lives += 1;
        self.events += life.events;
        self.canaries.extend(life.canaries);
        if let Some(broken) = life.broken {
            self.broken.insert(life.seed, broken);
        }
    }
}

/// Lives through the seeds; `heard` hears of each life when it ends, in no order.
///
/// # Errors
/// If a life can't be lived at all.
pub fn run(campaign: &Campaign, heard: impl Fn(&Life) + Sync) -> anyhow::Result<Found> {
    let (next, found) = (
        AtomicU64::new(campaign.seeds.start),
        Mutex::new(Found::default()),
    );
    let worker = &|number: u32| -> anyhow::Result<()> {
        processor::keep_to_one(number as usize);
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if !campaign.seeds.contains(&seed) {
                return Ok(());
            }
            let life = lived(seed)?;
            heard(&life);
            let mut found = found
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            found.add(life);
            if campaign.until_broken && !found.broken.is_empty() {
                return Ok(());
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..campaign.threads)
            .map(|number| scope.spawn(move || worker(number)))
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().expect("a life that panics is caught"))
    })?;
    let mut found = found
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    found.canary_deviation = deviation(&found.canaries);
    Ok(found)
}

/// One life on this thread. A panic is a broken promise like any other.
fn lived(seed: u64) -> anyhow::Result<Life> {
    let runtime = Builder::new_current_thread().enable_time().build();
    let runtime = runtime.context("no runtime")?;
    let life = catch_unwind(AssertUnwindSafe(|| runtime.block_on(live(seed))));
    match life {
        Ok(life) => life.with_context(|| format!("seed {seed}")),
        Err(panic) => Ok(panicked(seed, &*panic)),
    }
}

fn panicked(seed: u64, panic: &(dyn std::any::Any + Send)) -> Life {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
    Life {
        seed,
        story: crate::story::Story::default(),
        broken: Some(Broken::new("panicked", said.unwrap_or("without a word"))),
        canaries: Vec::new(),
        launches: Vec::new(),
        events: 0,
    }
}
