//! A campaign: every set, every planned fault, on as many threads as there are cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::ending::Ending;
use crate::faults::Faults;
use crate::plan::{self, Amount};
use crate::report;
use crate::run::{Failure, Start};
use crate::set::Set;

/// Runs between two lines of progress.
const PROGRESS_EVERY: usize = 20_000;

/// What a campaign came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// Runs with one cut each: every kind at every operation.
    pub cut_points: u64,
    /// All runs.
    pub runs: u64,
    /// Power-ups in all of them.
    pub boots: u64,
    /// Runs with a silent fault.
    pub silent: u64,
    /// Runs in which cuts used up the boots of a healthy release, so that it was given up.
    pub given_up: u64,
    /// Runs that a silent fault kept from their end.
    pub stuck: u64,
    /// How many invariants were broken.
    pub failures: usize,
}

/// One run that is to be done.
struct Job {
    set: usize,
    faults: Faults,
}

/// How a campaign goes about it.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Threads; each does one run at a time.
    pub threads: usize,
    /// After so many broken runs it stops: more of them teach nothing new.
    pub failures_max: usize,
    /// The first run, to go on with a campaign that was stopped; the runs before it are left out.
    pub from: usize,
}

/// Runs a campaign over these sets, and prints what it finds.
///
/// # Errors
/// If a scenario fails without any fault.
pub fn run(sets: &[Set], amount: Amount, seed: u64, manner: Manner) -> anyhow::Result<Tally> {
    let starts: Vec<Start<'_>> = sets.iter().map(Start::new).collect::<anyhow::Result<_>>()?;
    let mut jobs = Vec::new();
    for (set, start) in starts.iter().enumerate() {
        let write_bytes = start.set.geometry.write_bytes;
        let single = plan::single(&start.operations, write_bytes, amount);
        let sampled = plan::sampled(start, amount, seed ^ set as u64);
        let planned = single.into_iter().chain(sampled);
        jobs.extend(planned.map(|faults| Job { set, faults }));
    }
    println!("{} sets, {} runs", sets.len(), jobs.len());
    let hall = Hall::new(&starts, &jobs, manner);
    std::thread::scope(|scope| {
        for _ in 0..manner.threads.max(1) {
            scope.spawn(|| hall.work());
        }
    });
    Ok(hall.tally())
}

/// Where the threads meet.
struct Hall<'h> {
    starts: &'h [Start<'h>],
    jobs: &'h [Job],
    next: AtomicUsize,
    boots: AtomicU64,
    given_up: AtomicU64,
    stuck: AtomicU64,
    is_over: AtomicBool,
    manner: Manner,
    failures: Mutex<Vec<(usize, Failure)>>,
}

impl<'h> Hall<'h> {
    fn new(starts: &'h [Start<'h>], jobs: &'h [Job], manner: Manner) -> Self {
        Self {
            manner,
            starts,
            jobs,
            next: AtomicUsize::new(manner.from),
            boots: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
            stuck: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            failures: Mutex::new(Vec::new()),
        }
    }

    fn work(&self) {
        while !self.is_over.load(Ordering::Relaxed) {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = self.jobs.get(index) else {
                return;
            };
            if index.is_multiple_of(PROGRESS_EVERY) && index > 0 {
                println!("{index} of {} runs", self.jobs.len());
            }
            self.try_one(job);
        }
    }

    fn try_one(&self, job: &Job) {
        let start = &self.starts[job.set];
        match start.run(&job.faults, false) {
            Ok(outcome) => {
                self.boots.fetch_add(outcome.boots, Ordering::Relaxed);
                let count = match outcome.ending {
                    Ending::AsPlanned => return,
                    Ending::GivenUp => &self.given_up,
                    Ending::Stuck => &self.stuck,
                };
                count.fetch_add(1, Ordering::Relaxed);
            }
            Err(failure) => self.note(job, failure),
        }
    }

    /// Prints a failure, once for each invariant of a set.
    fn note(&self, job: &Job, failure: Failure) {
        let mut failures = self.failures.lock().expect("no thread panics with it");
        let is_known = failures.iter().any(|(set, known)| {
            *set == job.set && known.broken.invariant == failure.broken.invariant
        });
        if !is_known {
            let start = &self.starts[job.set];
            // The same once more, this time with its story.
            let told = start.run(&job.faults, true);
            println!(
                "{}",
                report::failure(start, &job.faults, told.err().as_ref().unwrap_or(&failure))
            );
        }
        failures.push((job.set, failure));
        if failures.len() >= self.manner.failures_max {
            self.is_over.store(true, Ordering::Relaxed);
        }
    }

    fn tally(self) -> Tally {
        let done = self.next.into_inner().min(self.jobs.len());
        let from = self.manner.from.min(done);
        let count = |is: fn(&Faults) -> bool| {
            let jobs = self.jobs[from..done].iter();
            jobs.filter(|job| is(&job.faults)).count() as u64
        };
        Tally {
            cut_points: count(|faults| faults.silent.is_none() && faults.cuts.len() == 1),
            runs: (done - from) as u64,
            boots: self.boots.into_inner(),
            silent: count(|faults| faults.silent.is_some()),
            given_up: self.given_up.into_inner(),
            stuck: self.stuck.into_inner(),
            failures: self
                .failures
                .into_inner()
                .map_or(0, |failures| failures.len()),
        }
    }
}
