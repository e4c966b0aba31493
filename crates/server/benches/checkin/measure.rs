//! The measurement: every contender once a round, in turning order, so that whatever else the machine does weighs on all
//! alike. Read [`run`].

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::asker::address;
use crate::child::{Child, move_to_asker_processor};
use crate::figures::{figure, middle};
use crate::pace::{Asked, Pace, ask};
use crate::questions::{self, Questions};
use crate::{cost, ours};

/// Connections at full speed: enough that the server never waits for one.
const CONNECTIONS: usize = 64;
/// Connections at half load: each asks some hundred times a second, so that a timer of a millisecond can pace it.
const PACED_CONNECTIONS: usize = 512;

/// Rounds that count; one before them warms up.
const ROUNDS: usize = 5;

/// How long a contender is asked in a round, and at half load.
const LASTS: Duration = Duration::from_secs(3);
/// See [`LASTS`].
const PACED_LASTS: Duration = Duration::from_secs(10);

/// Finished orders that there are: after so many a poll should take what it takes after so few.
const HISTORIES: [u32; 2] = [10, 200_000];

/// Each device may take so long to be asked once.
const EACH_ONCE_LASTS: Duration = Duration::from_secs(900);

/// A server that is measured.
struct Contender<'a> {
    name: &'a str,
    address: SocketAddr,
    pid: u32,
    questions: Rc<Questions>,
    rounds: Vec<Round>,
}

/// What one round gave.
struct Round {
    per_second: f64,
    /// Time on a processor for each answer, in microseconds.
    cpu_us: f64,
}

/// Measures ours beside the bare server, and prints figures.
///
/// # Errors
/// If a server can't be started, or answers what an idle device doesn't get.
pub fn run() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let bare = Child::start(&["bare"])?;
    let ours = |name: &str, finished: u32| {
        let folder = folder.path().join(name).display().to_string();
        Child::start(&["ours", &folder, &finished.to_string()])
    };
    let (short, long) = (ours("short", HISTORIES[0])?, ours("long", HISTORIES[1])?);
    let mut contenders = [
        Contender::new("axum", &bare, questions::to_bare()),
        Contender::new("native", &short, questions::native(ours::NATIVE)?),
        Contender::new("ddi", &short, questions::ddi(ours::WITH_CLIENTS)),
        Contender::new(
            "ddi_after_200000",
            &long,
            questions::ddi(ours::WITH_CLIENTS),
        ),
    ];
    move_to_asker_processor()?;
    for contender in &contenders[1..] {
        contender.print_looks()?;
    }
    for round in 0..=ROUNDS {
        for turn in 0..contenders.len() {
            let at = (round + turn) % contenders.len();
            let measured = contenders[at].measure(Pace::AsFastAsAnswered, CONNECTIONS, LASTS)?;
            if round > 0 {
                contenders[at].rounds.push(measured.1);
            }
        }
    }
    let (bare, others) = contenders.split_first_mut().expect("the bare one is there");
    bare.print()?;
    for other in &mut *others {
        other.print()?;
        other.print_against(bare);
        other.print_half_load()?;
    }
    let [_, ddi, long] = others else {
        unreachable!("they are listed above");
    };
    let pairs = ddi.rounds.iter().zip(&long.rounds);
    let ratios = pairs.map(|(short, long)| long.cpu_us / short.cpu_us);
    figure("poll_cost_with_history", middle(ratios.collect()), "ratio");
    Ok(())
}

/// Measures a server that is there already, and prints figures.
///
/// # Errors
/// As [`run`].
pub fn peer(name: &str, at: &str, path: &str, pid: &str, headers: &[&str]) -> anyhow::Result<()> {
    let mut peer = Contender {
        name,
        address: address(at)?,
        pid: pid.parse()?,
        questions: Rc::new(questions::to_peer(path, headers)),
        rounds: Vec::new(),
    };
    move_to_asker_processor()?;
    for round in 0..=ROUNDS {
        let measured = peer.measure(Pace::AsFastAsAnswered, CONNECTIONS, LASTS)?;
        if round > 0 {
            peer.rounds.push(measured.1);
        }
    }
    peer.print()
}

impl<'a> Contender<'a> {
    fn new(name: &'a str, child: &Child, questions: Questions) -> Self {
        Self {
            name,
            address: child.address,
            pid: child.pid(),
            questions: Rc::new(questions),
            rounds: Vec::new(),
        }
    }

    fn measure(
        &self,
        pace: Pace,
        connections: usize,
        lasts: Duration,
    ) -> anyhow::Result<(Asked, Round)> {
        let before = self.processor_time()?;
        let asked = ask(self.address, &self.questions, connections, pace, lasts)?;
        let taken = self.processor_time()?.saturating_sub(before);
        let round = Round {
            per_second: asked.per_second(),
            cpu_us: taken.as_secs_f64() * 1e6 / asked.waits_us.len() as f64,
        };
        Ok((asked, round))
    }

    /// What it takes to ask each device for the first time: all of them are looked at, and remembered from then on.
    fn print_looks(&self) -> anyhow::Result<()> {
        let (_, round) = self.measure(Pace::EachOnce, CONNECTIONS, EACH_ONCE_LASTS)?;
        figure(&format!("{}_cpu_per_look", self.name), round.cpu_us, "us");
        Ok(())
    }

    fn processor_time(&self) -> anyhow::Result<Duration> {
        cost::family(self.pid)?
            .into_iter()
            .map(cost::processor_time)
            .sum()
    }

    fn middle(&self, of: impl Fn(&Round) -> f64) -> f64 {
        middle(self.rounds.iter().map(of).collect())
    }

    fn print(&self) -> anyhow::Result<()> {
        let name = self.name;
        figure(
            &format!("{name}_polls_per_second"),
            self.middle(|round| round.per_second),
            "1/s",
        );
        figure(
            &format!("{name}_cpu_per_poll"),
            self.middle(|round| round.cpu_us),
            "us",
        );
        figure(
            &format!("{name}_resident"),
            cost::resident_mib(self.pid)?,
            "MiB",
        );
        Ok(())
    }

    /// How near it comes to the ceiling: the ceiling's cost over its own, each round's two by themselves.
    fn print_against(&self, bare: &Self) {
        let pairs = bare.rounds.iter().zip(&self.rounds);
        let ratios = pairs.map(|(bare, own)| bare.cpu_us / own.cpu_us);
        figure(
            &format!("{}_vs_{}", self.name, bare.name),
            middle(ratios.collect()),
            "ratio",
        );
    }

    fn print_half_load(&self) -> anyhow::Result<()> {
        let rate = self.middle(|round| round.per_second) / 2.0;
        let (asked, _) = self.measure(Pace::PerSecond(rate), PACED_CONNECTIONS, PACED_LASTS)?;
        let name = self.name;
        figure(&format!("{name}_half_load"), asked.per_second(), "1/s");
        figure(
            &format!("{name}_half_load_median"),
            asked.percentile_us(50) / 1000.0,
            "ms",
        );
        figure(
            &format!("{name}_half_load_p99"),
            asked.percentile_us(99) / 1000.0,
            "ms",
        );
        Ok(())
    }
}
