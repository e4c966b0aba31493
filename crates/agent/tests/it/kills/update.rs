//! One update whose power is cut: what must hold after each cut, and at its end. Read [`run`].

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mainstay_agent::clock::Clock;
use mainstay_agent::status::{self, Running};
use tokio::runtime::Runtime;

use super::device::{Device, Found, HOOK, Kind};
use super::phase::{Phase, Timeline};
use super::plan::{Cut, Plan};
use super::release::{NEW, Release};
use crate::bench::{Bench, Process, STUCK, check_in, register, updated};
use crate::house::House;
use crate::relay::{Relay, relay};

/// What all that isn't the image may take: check-ins, papers, the offer, reports and headers. Some 60 KiB.
const TALK_BYTES: u64 = 192 * 1024;

/// Large enough that what one cut may cost (a checkpoint of 1 MiB and a piece of 256 KiB) is less than 5 percent.
const IMAGE_BYTES: usize = 32 * 1024 * 1024;

/// An update under way.
pub struct Update {
    pub agent: Option<Process>,
    pub device: Device,
    relay: Relay,
    releases: [Release; 2],
    house: House,
    /// Since the last power-up.
    clock: Clock,
    /// At the last cut: what had been fetched, and how much of the image the device kept.
    resumed_from: Option<(u64, u64)>,
    /// The most memory that the agent was seen to have had, with its code.
    pub peak_bytes: u64,
    /// The most of it that was seen to be its own: heap and stacks.
    pub peak_own_bytes: u64,
}

/// When which phase of an update begins here and now, if nothing disturbs it.
pub fn undisturbed(kind: Kind, on_disk: bool) -> Timeline {
    let runtime = Runtime::new().unwrap();
    let mut update = Update::ready(&runtime, kind, on_disk);
    update.switch_on();
    update.finish()
}

/// What a cut left.
struct Left {
    found: Found,
    /// Whether the new release had been said to be kept.
    was_kept: bool,
}

/// Takes a new device through an update with these cuts, on a disk of its own or in a plain folder; `bootable`
/// counts the cuts after which something whole would have been started. Returns all bytes that the server sent, in
/// relation to the image.
///
/// # Panics
/// If a claim is broken; the message says which.
pub fn run(plan: &Plan, usual: &Timeline, on_disk: bool, bootable: &AtomicU32) -> f64 {
    let runtime = Runtime::new().unwrap();
    let mut update = Update::ready(&runtime, plan.kind, on_disk);
    update.switch_on();
    for cut in &plan.cuts {
        update.wait_for(cut, usual);
        let left = update.cut();
        bootable.fetch_add(1, Ordering::Relaxed);
        update.come_back(&left);
    }
    update.finish();
    let fetched_ratio = update.fetched() as f64 / update.image_bytes() as f64;
    update.last_cut();
    update.agent = None;
    let counted = runtime.block_on(updated(&update.house));
    assert_eq!(counted, 1, "the server counts the device as updated");
    fetched_ratio
}

impl Update {
    fn ready(runtime: &Runtime, kind: Kind, on_disk: bool) -> Self {
        let begin = async { Self::begin(House::new().await, kind, on_disk, IMAGE_BYTES).await };
        runtime.block_on(begin)
    }

    /// A device that runs the old release and has nothing to do, and a server that has just begun to offer the
    /// new one.
    pub async fn begin(house: House, kind: Kind, on_disk: bool, bytes: usize) -> Self {
        let releases = Release::pair(&house, bytes);
        let tokens = register(&house).await;
        for token in &tokens {
            check_in(&house, token, &releases[0].artifact).await;
        }
        let relay = relay(&house.base);
        let bench = Bench::new(&relay.base, &tokens[0], &house.root, HOOK);
        let mut device = Device::new(kind, bench, on_disk).unwrap();
        device.provision(&releases[0]);
        let agent = device.start();
        device.bench.wait_until("the first contact", |status| {
            status.boot == "confirmed" && status.last_contact.is_some()
        });
        device.cut(agent);
        house.roll_out(&releases[1].artifact).await;
        house.advance().await;
        house.later(1);
        relay.returned.store(0, Ordering::Relaxed);
        Self {
            agent: None,
            device,
            relay,
            releases,
            house,
            clock: Clock::begin(),
            resumed_from: None,
            peak_bytes: 0,
            peak_own_bytes: 0,
        }
    }

    fn image_bytes(&self) -> u64 {
        self.releases[1].artifact.image.len() as u64
    }

    fn fetched(&self) -> u64 {
        self.relay.returned.load(Ordering::Relaxed)
    }

    /// Switches the device on.
    pub fn switch_on(&mut self) {
        self.agent = Some(self.device.start());
        self.clock = Clock::begin();
    }

    /// Lets it go on until `is_enough`; restarts the device when the agent asks for it.
    fn go_on(&mut self, mut is_enough: impl FnMut(Option<Phase>, u64) -> bool) {
        let begun = Clock::begin();
        loop {
            let phase = Phase::of(&self.device, &self.relay, self.image_bytes());
            if let Some(agent) = &self.agent {
                self.peak_bytes = self.peak_bytes.max(agent.memory("VmHWM"));
                self.peak_own_bytes = self.peak_own_bytes.max(agent.memory("RssAnon"));
            }
            if is_enough(phase, self.clock.elapsed_ms()) {
                return;
            }
            if phase == Some(Phase::Restart) && self.device.kind != Kind::Directory {
                self.agent = None;
                let since = self.clock;
                self.switch_on();
                self.clock = since;
            }
            let waited = Duration::from_millis(begun.elapsed_ms());
            assert!(
                waited < STUCK,
                "it ends: {phase:?}\n{}",
                self.device.bench.log()
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn wait_for(&mut self, cut: &Cut, usual: &Timeline) {
        let delay_ms = cut.delay_ms(usual);
        let Some(awaited) = cut.awaits() else {
            return self.go_on(|phase, at_ms| at_ms >= delay_ms || phase == Some(Phase::Done));
        };
        self.go_on(|phase, _| phase >= Some(awaited));
        let until_ms = self.clock.elapsed_ms() + delay_ms;
        // A device that asks for its restart meanwhile may get it: it's the power that goes away then.
        while self.clock.elapsed_ms() < until_ms {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Cuts the power, and looks at what is left on the disk.
    fn cut(&mut self) -> Left {
        let told = status::read(&self.device.bench.path("run")).unwrap();
        let told = told.and_then(|status| status.running);
        let agent = self.agent.take().expect("it is switched on");
        self.device.cut(agent);
        let found = self.device.find(&self.releases);
        self.resumed_from = Some((self.fetched(), found.kept_bytes));
        Left {
            found,
            was_kept: told.is_some_and(|it| it.confirmed && it.version == NEW),
        }
    }

    /// Switches it on again, and looks at what runs.
    fn come_back(&mut self, left: &Left) {
        self.switch_on();
        let runs = self.says_what_runs();
        if left.was_kept {
            assert!(
                left.found.is_settled,
                "the boot loader still counts the starts of what is kept"
            );
            let stays = left.found.version == NEW && runs.confirmed && runs.version == NEW;
            assert!(
                stays,
                "{NEW} was said to be kept; {} would start, and {runs:?}",
                left.found.version
            );
        }
    }

    /// What `mainstay-agent status` says that runs, once it is what runs.
    fn says_what_runs(&self) -> Running {
        let begun = Clock::begin();
        loop {
            let said = self.device.status().and_then(|status| status.running);
            let runs = self.device.runs(&self.releases);
            if let Some((said, (release, slot))) = said.clone().zip(runs) {
                let is_it = said.release == release.artifact.manifest.to_string();
                if is_it && said.version == release.version && said.slot == slot {
                    return said;
                }
            }
            let waited = Duration::from_millis(begun.elapsed_ms());
            assert!(
                waited < STUCK,
                "the status says what runs: {said:?}\n{}",
                self.device.bench.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Takes it to its end; returns when which phase began.
    pub fn finish(&mut self) -> Timeline {
        let mut timeline = Timeline::default();
        self.go_on(|phase, at_ms| {
            if let Some(phase) = phase {
                timeline.note(phase, at_ms);
            }
            phase == Some(Phase::Done)
        });
        if let Some((before, kept_bytes)) = self.resumed_from {
            let (after, left) = (self.fetched() - before, self.image_bytes() - kept_bytes);
            assert!(
                after <= left + TALK_BYTES,
                "{kept_bytes} bytes were there; it fetched {after}, not {left}"
            );
        }
        timeline
    }

    /// The server was told: what is kept now outlives any cut.
    fn last_cut(&mut self) {
        let left = self.cut();
        assert!(left.was_kept, "it was done");
        self.come_back(&left);
    }
}
