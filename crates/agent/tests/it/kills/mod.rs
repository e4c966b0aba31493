//! The agent's power is cut at random points of an update, and what it promises holds each time.
//!
//! | claim | how it is looked at |
//! |---|---|
//! | there is always something to start | what would be started of the disk after the cut is, byte for byte, one of the two releases |
//! | the status says what runs | after the cut, and at the end |
//! | what was said to be kept is kept | the status just before the cut, against what runs after it, and the tries that the boot loader has left |
//! | a download goes on from its checkpoint | bytes fetched after the cut, against the record on the disk |
//! | a cut costs little | all bytes fetched, where there was one cut alone |
//! | the update always ends, and is kept | the device, once more cut; the server's count |
//!
//! A short form runs in every test run; `cargo xtask agent-kills` is the long one. How the power is cut stands in
//! `disk.rs`, what is looked at in `update.rs`.

pub mod device;
mod disk;
mod phase;
mod plan;
mod raw_disk;
pub mod release;
pub mod update;

use std::any::Any;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;

use device::Kind;
use disk::Disk;
pub use disk::{must, must_once_free};
use plan::Plan;

/// Said by `cargo xtask agent-kills`: how many points, drawn from which seed, and which one update alone, if one.
const POINTS: &str = "MAINSTAY_AGENT_KILLS";
const SEED: &str = "MAINSTAY_AGENT_KILLS_SEED";
const ONLY: &str = "MAINSTAY_AGENT_KILLS_ONLY";
const POINTS_SHORT: u32 = 12;
const SEED_SHORT: u64 = 4;
/// Updates at a time: most of each is waiting for its trial to pass.
const AT_A_TIME: usize = 3;
/// What an update may fetch in all, if it was cut once.
const FETCHED_RATIO_MAX: f64 = 1.05;

/// What is known so far.
#[derive(Default)]
struct Tally {
    points: u32,
    fetched_ratio_max: f64,
    broken: Vec<String>,
}

#[test]
fn whenever_its_power_is_cut_it_goes_on() {
    let campaign = number(POINTS);
    let seed = number(SEED).unwrap_or(SEED_SHORT);
    let on_disk = has_disks(campaign.is_some());
    let usual = Kind::ALL.map(|kind| update::undisturbed(kind, on_disk));
    let bootable = AtomicU32::new(0);
    let plans = match number(ONLY) {
        Some(only) => vec![plan::plan(only as u32, seed)],
        None => plan::plans(campaign.map_or(POINTS_SHORT, |points| points as u32), seed),
    };
    let (plans, tally) = (Mutex::new(plans.into_iter()), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(plan) = next(&plans) {
                    let usual = &usual[plan.kind as usize];
                    let tried = catch_unwind(AssertUnwindSafe(|| {
                        update::run(&plan, usual, on_disk, &bootable)
                    }));
                    tally.lock().unwrap().add(&plan, seed, tried);
                }
            });
        }
    });
    tally.into_inner().unwrap().say(bootable.into_inner());
}

fn next(plans: &Mutex<std::vec::IntoIter<Plan>>) -> Option<Plan> {
    plans.lock().unwrap().next()
}

/// Whether this machine mounts files. A campaign without would show next to nothing, and isn't begun.
fn has_disks(is_campaign: bool) -> bool {
    let folder = tempfile::tempdir().unwrap();
    match Disk::new(&folder.path().join("disk")) {
        Ok(_) => true,
        Err(why) if is_campaign => {
            panic!("agent-kills needs a machine that mounts files (root, loop devices): {why}")
        }
        Err(why) => {
            say_loudly(&why);
            false
        }
    }
}

/// To the terminal itself: what a passing test prints is swallowed.
fn say_loudly(why: &str) {
    let text = format!(
        "\n*** WARNING ***\n*** the agent is only killed here, its power is NOT cut, and a sync that is missing is not missed:\n*** {why}\n"
    );
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is {text:?}, and must be a number")),
    )
}

impl Tally {
    fn add(&mut self, plan: &Plan, seed: u64, tried: Result<f64, Box<dyn Any + Send>>) {
        self.points += plan.cuts.len() as u32;
        let fetched = match tried {
            Ok(fetched) => fetched,
            Err(panic) => return self.broken(plan, seed, &said(&*panic)),
        };
        println!("{plan:?}: fetched {fetched:.3}");
        if plan.cuts.len() == 1 {
            self.fetched_ratio_max = self.fetched_ratio_max.max(fetched);
            if fetched > FETCHED_RATIO_MAX {
                self.broken(plan, seed, &format!("it fetched {fetched:.3} of the image"));
            }
        }
    }

    fn broken(&mut self, plan: &Plan, seed: u64, what: &str) {
        let number = plan.number;
        let again = format!("again: cargo xtask agent-kills --seed {seed} --only {number}");
        self.broken.push(format!("{plan:?}: {what}\n  {again}"));
    }

    /// Prints the figures.
    fn say(&self, bootable: u32) {
        println!("figure agent_kill_points {} points", self.points);
        println!("figure agent_kills_bootable {bootable} points");
        println!(
            "figure agent_bytes_fetched_ratio_max {:.3} ratio",
            self.fetched_ratio_max
        );
        assert!(
            self.broken.is_empty(),
            "{} claims are broken:\n{}",
            self.broken.len(),
            self.broken.join("\n")
        );
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked")
        .to_owned()
}
