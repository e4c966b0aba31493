//! A server that is measured, and what came of it. Read [`Contender`].

use std::net::SocketAddr;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use crate::child::Child;
use crate::cost;
use crate::figures::{Figures, middle};
use crate::pace::{Asked, Pace, ask};
use crate::questions::Questions;
use crate::scale::Scale;

/// Connections at full speed: enough that the server never waits for one.
const CONNECTIONS: usize = 64;
/// Connections at half load: each asks some hundred times a second, so that a timer of a millisecond can pace it.
const PACED_CONNECTIONS: usize = 512;

/// Each device may take so long to be asked once.
const EACH_ONCE_LASTS: Duration = Duration::from_secs(1800);

/// A server that is measured, asked in one way.
pub struct Contender {
    /// What figures call it.
    pub name: String,
    address: SocketAddr,
    pid: u32,
    /// A database that works for it, by the process that all of it descends from.
    database: Option<u32>,
    questions: Rc<Questions>,
    /// What a look took in each part of the devices, in microseconds.
    looks_us: Vec<f64>,
    rounds: Vec<Round>,
    paced: Vec<PacedRound>,
}

/// What one round gave.
struct Round {
    per_second: f64,
    /// Time on a processor for each answer, in microseconds.
    cpu_us: f64,
    /// The same in the database.
    database_cpu_us: f64,
}

impl Round {
    /// What the server took of its processor, in percent.
    fn busy(&self) -> f64 {
        self.per_second * self.cpu_us / 1e4
    }
}

/// What one round at half load gave.
struct PacedRound {
    per_second: f64,
    /// What half of the answers kept to, in milliseconds.
    median_ms: f64,
    /// What all but the hundredth part of them kept to.
    p99_ms: f64,
    /// What the server took of its processor, in percent.
    busy: f64,
    /// What whoever asked took of theirs: near 100, waits are theirs and not the server's.
    asker_busy: f64,
    /// See [`cost::stolen`].
    stolen: Duration,
}

impl Contender {
    /// A server of this bench's own.
    pub fn new(name: &str, child: &Child, questions: Questions) -> Self {
        Self::at(name, child.address, child.pid(), questions)
    }

    /// Any server.
    pub fn at(name: &str, address: SocketAddr, pid: u32, questions: Questions) -> Self {
        Self {
            name: name.to_owned(),
            address,
            pid,
            database: None,
            questions: Rc::new(questions),
            looks_us: Vec::new(),
            rounds: Vec::new(),
            paced: Vec::new(),
        }
    }

    /// The same, with a database in other processes.
    #[must_use]
    pub fn with_database(self, pid: u32) -> Self {
        let database = Some(pid);
        Self { database, ..self }
    }

    /// Asks each device of one of so many `parts` once: those that weren't asked before are looked at, and remembered from then on.
    ///
    /// # Errors
    /// If an answer isn't right.
    pub fn run_looks(&mut self, part: usize, parts: usize) -> anyhow::Result<()> {
        let some = Rc::new(self.questions.part(part, parts));
        let looks = |contender: &Self| contender.ask_each_once(&some);
        let (_, round) = self.measure_with(Duration::ZERO, looks)?;
        self.looks_us.push(round.cpu_us);
        Ok(())
    }

    fn ask_each_once(&self, questions: &Rc<Questions>) -> anyhow::Result<Asked> {
        let (pace, lasts) = (Pace::EachOnce, EACH_ONCE_LASTS);
        ask(self.address, questions, CONNECTIONS, pace, lasts)
    }

    /// Prints what a look takes.
    pub fn print_looks(&self, figures: &mut Figures) {
        let name = format!("{}_cpu_per_look", self.name);
        figures.put(name, middle(self.looks_us.clone()), "us");
    }

    /// The cost of a look over another one's, each part's two by themselves.
    pub fn look_cost_over(&self, other: &Self) -> f64 {
        let pairs = self.looks_us.iter().zip(&other.looks_us);
        middle(pairs.map(|(own, other)| own / other).collect())
    }

    /// Asks as fast as it is answered; whether the round counts.
    ///
    /// # Errors
    /// If an answer isn't right.
    pub fn run_round(&mut self, lasts: Duration, counts: bool) -> anyhow::Result<()> {
        let (_, round) = self.measure(Pace::AsFastAsAnswered, CONNECTIONS, lasts)?;
        if counts {
            self.rounds.push(round);
        }
        Ok(())
    }

    /// Asks each device once, all of which it remembers, and prints what that takes with all that follows from it: whom it heard, it writes
    /// some seconds later, however often it heard each of them until then. What it takes anyway isn't counted.
    ///
    /// # Errors
    /// If an answer isn't right.
    pub fn print_with_writing(&self, rests: Duration, figures: &mut Figures) -> anyhow::Result<()> {
        let polls = |contender: &Self| contender.ask_each_once(&contender.questions);
        let (asked, round) = self.measure_with(rests, polls)?;
        let idle = self.measure_with(asked.took + rests, |_| Ok(asked))?.1;
        let name = &self.name;
        let own = round.cpu_us - idle.cpu_us;
        figures.put(format!("{name}_cpu_per_poll_and_writing"), own, "us");
        if self.database.is_some() {
            let database = round.database_cpu_us - idle.database_cpu_us;
            figures.put(
                format!("{name}_database_cpu_per_poll_and_writing"),
                database,
                "us",
            );
        }
        Ok(())
    }

    fn measure(
        &self,
        pace: Pace,
        connections: usize,
        lasts: Duration,
    ) -> anyhow::Result<(Asked, Round)> {
        self.measure_with(Duration::ZERO, |contender| {
            ask(
                contender.address,
                &contender.questions,
                connections,
                pace,
                lasts,
            )
        })
    }

    /// What is asked, and what that takes until it `rests` for so long.
    fn measure_with(
        &self,
        rests: Duration,
        asking: impl FnOnce(&Self) -> anyhow::Result<Asked>,
    ) -> anyhow::Result<(Asked, Round)> {
        let before = self.taken()?;
        let asked = asking(self)?;
        thread::sleep(rests);
        let after = self.taken()?;
        let answers = asked.waits_us.len() as f64;
        let cost = |before: Duration, after: Duration| {
            after.saturating_sub(before).as_secs_f64() * 1e6 / answers
        };
        let round = Round {
            per_second: asked.per_second(),
            cpu_us: cost(before.0, after.0),
            database_cpu_us: cost(before.1, after.1),
        };
        Ok((asked, round))
    }

    /// Processor time of the server and of its database.
    fn taken(&self) -> anyhow::Result<(Duration, Duration)> {
        let database = self.database.map(cost::of_family).transpose()?;
        Ok((cost::of_family(self.pid)?, database.unwrap_or_default()))
    }

    fn middle(&self, of: impl Fn(&Round) -> f64) -> f64 {
        middle(self.rounds.iter().map(of).collect())
    }

    /// Prints what it takes.
    ///
    /// # Errors
    /// If its process is gone.
    pub fn print(&self, figures: &mut Figures) -> anyhow::Result<()> {
        let name = &self.name;
        let per_second = self.middle(|round| round.per_second);
        let cpu_us = self.middle(|round| round.cpu_us);
        figures.put(format!("{name}_polls_per_second"), per_second, "1/s");
        figures.put(format!("{name}_cpu_per_poll"), cpu_us, "us");
        // Well below the whole of one, the server had time to spare: whoever asks was the slower one, or others took the processor.
        let busy = self.middle(Round::busy);
        figures.put(format!("{name}_busy"), busy, "%");
        if self.database.is_some() {
            let cost = self.middle(|round| round.database_cpu_us);
            figures.put(format!("{name}_database_cpu_per_poll"), cost, "us");
        }
        let resident = cost::resident_mib(self.pid)?;
        figures.put(format!("{name}_resident"), resident, "MiB");
        Ok(())
    }

    /// How much less it takes than another one: the other's cost over its own, each round's two by themselves. Below 1 it takes more.
    pub fn print_against(&self, other: &Self, figures: &mut Figures) {
        let name = format!("{}_vs_{}", self.name, other.name);
        figures.put(name, other.cost_over(self), "ratio");
    }

    /// The cost of a poll over another one's, each round's two by themselves.
    pub fn cost_over(&self, other: &Self) -> f64 {
        let pairs = self.rounds.iter().zip(&other.rounds);
        middle(
            pairs
                .map(|(own, other)| own.cpu_us / other.cpu_us)
                .collect(),
        )
    }

    /// Prints how much more often it answers than another one.
    pub fn print_rate_against(&self, other: &Self, figures: &mut Figures) {
        let pairs = self.rounds.iter().zip(&other.rounds);
        let ratios = pairs.map(|(own, other)| own.per_second / other.per_second);
        let name = format!("{}_answers_vs_{}", self.name, other.name);
        figures.put(name, middle(ratios.collect()), "ratio");
    }

    /// Asks half as often as it answered in its rounds, after all others had time to come to rest: on the same processor they write whom
    /// they heard in the rounds before.
    ///
    /// # Errors
    /// If an answer isn't right.
    pub fn run_paced_round(&mut self, scale: &Scale) -> anyhow::Result<()> {
        thread::sleep(scale.rests);
        let lasts = scale.paced_lasts;
        let rate = self.middle(|round| round.per_second) / 2.0;
        let (before, stolen) = (cost::of_this_process()?, cost::stolen()?);
        let (asked, round) = self.measure(Pace::PerSecond(rate), PACED_CONNECTIONS, lasts)?;
        let asking = cost::of_this_process()?.saturating_sub(before);
        self.paced.push(PacedRound {
            per_second: round.per_second,
            median_ms: asked.percentile_us(50) / 1000.0,
            p99_ms: asked.percentile_us(99) / 1000.0,
            busy: round.busy(),
            asker_busy: 100.0 * asking.as_secs_f64() / asked.took.as_secs_f64(),
            stolen: cost::stolen()?.saturating_sub(stolen),
        });
        Ok(())
    }

    /// Prints how long answers take at half of what it can do: in the middle one of its rounds, and at worst in any.
    pub fn print_half_load(&self, figures: &mut Figures) {
        let name = &self.name;
        let all = |of: fn(&PacedRound) -> f64| self.paced.iter().map(of).collect::<Vec<_>>();
        let p99_ms = all(|round| round.p99_ms);
        let worst_ms = p99_ms.iter().copied().fold(0.0, f64::max);
        let per_second = middle(all(|round| round.per_second));
        let median_ms = middle(all(|round| round.median_ms));
        figures.put(format!("{name}_half_load"), per_second, "1/s");
        figures.put(format!("{name}_half_load_median"), median_ms, "ms");
        figures.put(format!("{name}_half_load_p99"), middle(p99_ms), "ms");
        figures.put(format!("{name}_half_load_p99_worst"), worst_ms, "ms");
        let busy = middle(all(|round| round.busy));
        let asker_busy = middle(all(|round| round.asker_busy));
        figures.put(format!("{name}_half_load_busy"), busy, "%");
        figures.put(format!("{name}_half_load_asker_busy"), asker_busy, "%");
        let stolen: Duration = self.paced.iter().map(|round| round.stolen).sum();
        let stolen_ms = stolen.as_secs_f64() * 1000.0;
        figures.put(format!("{name}_half_load_stolen"), stolen_ms, "ms");
    }

    /// Asks as fast as it is answered, and counts nothing.
    ///
    /// # Errors
    /// If an answer isn't right.
    pub fn keep_asking(&self, lasts: Duration) -> anyhow::Result<()> {
        self.measure(Pace::AsFastAsAnswered, CONNECTIONS, lasts)?;
        Ok(())
    }
}
