//! Thousands of scripted devices: each is some state and an instant on an agenda, and not a task or a socket. A few hundred workers take whoever is due and ask for
//! them, over connections that all of them share.
//!
//! Each device asks any replica, and another one when its connection breaks or it is told to come back later. The latter it does within a second, as our own core
//! does, and not only when the answer says: no test of patience, but of servers. Read [`Crowd`].

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use mainstay_server::{Clock as _, SystemClock};
use mainstay_simulator::Dice;
use mainstay_simulator::agenda::Agenda;
use mainstay_trust::Digest;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use crate::budgets::since;
use crate::plan_text::REPLICAS;
use crate::script::{Script, Want};
use crate::seen::{DeviceNumber, FAULTY, Late, Record, ReleaseNumber, ReplicaNumber};
use crate::wire::Wire;

/// Who is due is looked up so often.
const TICK: Duration = Duration::from_millis(5);
/// What is late by less than this isn't noted.
const LATE_MIN: Duration = Duration::from_millis(20);
/// Who got no good answer asks another replica after this, and as long again at most.
const RETRY_MS: u64 = 300;
/// Devices that ask at once, beside those that download.
const ASK_AT_ONCE: usize = 96;

/// What can be installed.
#[derive(Debug)]
pub struct Goods {
    /// The manifest of each release.
    pub manifests: Vec<Digest>,
    /// The image of each, with its digest.
    pub images: Vec<(Digest, Vec<u8>)>,
}

impl Goods {
    pub(crate) fn of_image(&self, digest: &Digest) -> Option<ReleaseNumber> {
        self.images.iter().position(|(image, _)| image == digest)
    }
}

/// One device.
#[derive(Debug)]
pub(crate) struct Mind {
    pub token: String,
    pub script: Script,
    pub dice: Dice,
    pub replica: ReplicaNumber,
    /// The number of the last report that was ever sent.
    pub sent: u32,
    pub fetches_since: Option<Timestamp>,
    pub was_heard: bool,
}

/// All scripted devices. The first of them has the number `first`: those before it are real cores.
#[derive(Debug)]
pub struct Crowd {
    pub(crate) first: DeviceNumber,
    minds: Vec<Mutex<Mind>>,
    agenda: Lock<Agenda>,
    pub(crate) wire: Wire,
    pub(crate) bases: Vec<String>,
    pub(crate) goods: Goods,
    pub(crate) record: Arc<Record>,
    pub(crate) heard: AtomicUsize,
    /// On so many devices the faulty release works, of those that try it.
    works_on: usize,
    tried: AtomicUsize,
    /// Devices that are worked for at once.
    at_once: usize,
}

/// How a crowd is made.
pub struct Town {
    /// The number of its first device.
    pub first: DeviceNumber,
    /// The devices' tokens.
    pub tokens: Vec<String>,
    /// Where the replicas are.
    pub bases: Vec<String>,
    /// What can be installed.
    pub goods: Goods,
    /// Where everything is noted.
    pub record: Arc<Record>,
    /// What all chance follows from.
    pub seed: u64,
    /// The devices ask for the first time within so long from `start`.
    pub spread: Duration,
    /// When they begin.
    pub start: Timestamp,
    /// Downloads that the plan allows at once.
    pub downloads: usize,
    /// On so many devices the faulty release works, before its fault shows.
    pub works_on: usize,
}

impl Crowd {
    /// The devices of a town; nobody acts yet.
    ///
    /// # Errors
    /// If the HTTP client can't be made.
    pub fn new(town: Town) -> anyhow::Result<Self> {
        let (mut agenda, mut minds) = (Agenda::default(), Vec::new());
        let spread_ms = u64::try_from(town.spread.as_millis()).unwrap_or(u64::MAX);
        for (index, token) in town.tokens.into_iter().enumerate() {
            let mut dice = Dice::new(town.seed, (town.first + index) as u64 + 1);
            let asks = town.start + Duration::from_millis(dice.below(spread_ms.max(1)));
            agenda.put(asks, index);
            minds.push(Mutex::new(Mind {
                token,
                script: Script::new(asks),
                replica: any_replica(&mut dice),
                dice,
                sent: 0,
                fetches_since: None,
                was_heard: false,
            }));
        }
        Ok(Self {
            first: town.first,
            minds,
            agenda: Lock::new(agenda),
            wire: Wire::new()?,
            bases: town.bases,
            goods: town.goods,
            record: town.record,
            heard: AtomicUsize::new(0),
            works_on: town.works_on,
            tried: AtomicUsize::new(0),
            at_once: town.downloads * 2 + ASK_AT_ONCE,
        })
    }

    /// Lets them act until the tasks are dropped.
    pub fn start(self: &Arc<Self>) -> JoinSet<()> {
        let (due, waiting) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let mut tasks = JoinSet::new();
        tasks.spawn(self.clone().call(due));
        for _ in 0..self.at_once {
            tasks.spawn(self.clone().work(waiting.clone()));
        }
        tasks
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.minds.len()
    }

    /// How many have ever had a good answer.
    pub fn heard(&self) -> usize {
        self.heard.load(Ordering::Relaxed)
    }

    /// How many are in the midst of something, or have something to tell.
    pub async fn unsettled(&self) -> usize {
        let mut unsettled = 0;
        for mind in &self.minds {
            unsettled += usize::from(!mind.lock().await.script.is_settled());
        }
        unsettled
    }

    /// What each runs and has confirmed; none for one that is in the midst of something.
    pub async fn run(&self) -> Vec<Option<ReleaseNumber>> {
        let mut run = Vec::with_capacity(self.minds.len());
        for mind in &self.minds {
            let mind = mind.lock().await;
            let (release, is_confirmed) = mind.script.runs();
            run.push((is_confirmed && mind.script.is_settled()).then_some(release));
        }
        run
    }

    /// Calls who is due, and notes when that was late.
    async fn call(self: Arc<Self>, due: mpsc::UnboundedSender<usize>) {
        loop {
            let before = SystemClock.now();
            tokio::time::sleep(TICK).await;
            let at = SystemClock.now();
            let by = since(before, at).saturating_sub(TICK);
            if by > LATE_MIN {
                self.record.note(|seen| seen.late.push(Late { at, by }));
            }
            let called = self.agenda().due(at);
            // Nobody listens once all is over.
            called.into_iter().for_each(|who| {
                let _ = due.send(who);
            });
        }
    }

    async fn work(self: Arc<Self>, waiting: Arc<Mutex<mpsc::UnboundedReceiver<usize>>>) {
        loop {
            let next = waiting.lock().await.recv().await;
            let Some(who) = next else { return };
            let mut mind = self.minds[who].lock().await;
            let at = self.act(who, &mut mind).await;
            self.agenda().put(at, who);
        }
    }

    fn agenda(&self) -> std::sync::MutexGuard<'_, Agenda> {
        // A heap whose changes are its own has no state that a panic of ours could leave half made.
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what a device wants until it wants to sleep, or got no good answer; gives when it goes on.
    async fn act(&self, who: usize, mind: &mut Mind) -> Timestamp {
        loop {
            let now = SystemClock.now();
            let went_well = match mind.script.wants(now, &self.goods.manifests) {
                Want::Sleep(until) => return until,
                Want::Judge(release) => {
                    let works = release != FAULTY || self.still_works();
                    mind.script.judged(works, now, &self.goods.manifests);
                    true
                }
                Want::CheckIn => self.check_in(who, mind).await,
                Want::Report => self.report(who, mind).await,
                Want::Fetch { release, offset } => self.fetch(who, mind, release, offset).await,
            };
            if !went_well {
                let step = 1 + usize::from(mind.dice.chance(500));
                mind.replica = (mind.replica + step) % REPLICAS;
                let after = RETRY_MS + mind.dice.below(RETRY_MS);
                return SystemClock.now() + Duration::from_millis(after);
            }
        }
    }

    fn still_works(&self) -> bool {
        self.tried.fetch_add(1, Ordering::Relaxed) < self.works_on
    }
}

/// Any of them.
pub(crate) fn any_replica(dice: &mut Dice) -> ReplicaNumber {
    usize::try_from(dice.below(REPLICAS as u64)).unwrap_or(0)
}
