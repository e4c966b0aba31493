//! What a seed draws: the fleet, the plan, the release, the people, and all that goes wrong.
//!
//! Drawn at once and before anything happens, so that a story can be read from here. Read [`World`].

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::DeviceId;
use mainstay_simulator::{Behaviour, Dice, Hardship, Home};

use crate::gateways::Gateways;
use crate::kind::Kind;
use crate::pauses;
use crate::plan_text::PlanChoice;

/// The streams of a seed's [`Dice`] that aren't a device's; devices use theirs from 1.
const STREAM: u64 = u64::MAX - 7;

/// Where devices stand: zones with and without summer time, and one on the other side of the date line.
pub const ZONES: [&str; 8] = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Indiana/Indianapolis",
    "America/Los_Angeles",
    "Pacific/Honolulu",
    "Pacific/Guam",
];

/// Nights on which something is special: clocks jump forward, clocks go back, Thanksgiving, the turn of the year.
const SPECIAL_DAYS: [&str; 4] = [
    "2027-03-13T02:00:00Z",
    "2027-11-06T02:00:00Z",
    "2027-11-24T02:00:00Z",
    "2027-12-30T02:00:00Z",
];

/// The first day of ordinary stories; they begin within a year of it.
const ORDINARY_FROM: &str = "2027-01-04T06:00:00Z";

/// For so long things go wrong; then the world is calm, and everything must come to its end.
const TROUBLE: SignedDuration = SignedDuration::from_hours(2 * 24);

/// All that a seed decides.
#[derive(Debug, Clone)]
pub struct World {
    /// The seed.
    pub seed: u64,
    /// The first instant.
    pub start: Timestamp,
    /// From then on nothing goes wrong any more, but for devices that are gone for good.
    pub calm_from: Timestamp,
    /// What the plan says.
    pub plan: PlanChoice,
    /// The devices.
    pub residents: Vec<Resident>,
    /// How many servers share the store.
    pub servers: usize,
    /// How often a server looks after its rollouts.
    pub turn_every: SignedDuration,
    /// How the first new release behaves.
    pub candidate: Behaviour,
    /// How many new releases people roll out; those after the first one work.
    pub launches: usize,
    /// What devices have to put up with until it is calm.
    pub hardship: Hardship,
    /// Stretches without a network.
    pub outages: Vec<Outage>,
    /// When a server is killed: which, and when.
    pub kills: Vec<(Timestamp, usize)>,
    /// How the servers' clock is off: from when, by how much.
    pub clock_steps: Vec<(Timestamp, SignedDuration)>,
    /// What people do beside launching: when, and what.
    pub moves: Vec<(Timestamp, Move)>,
    /// In so many thousandths a person who is asked lets a rollout go on.
    pub go_on: u32,
    /// When everybody should have the newest release; the story tells then how far it has come.
    pub deadline: Option<Timestamp>,
}

/// In so many thousandths of drawn lives a person lets a rollout go on that asks.
const GO_ON: u32 = 600;

/// A device and where it stands.
#[derive(Debug, Clone)]
pub struct Resident {
    /// What it is.
    pub kind: Kind,
    /// As the simulator knows it.
    pub home: Home,
    /// The site that it is declared to stand at, by number.
    pub site: Option<u64>,
    /// How far its own clock is off.
    pub clock_off: SignedDuration,
    /// Registered, but never switched on.
    pub in_its_box: bool,
    /// Out of reach from then on, for good.
    pub gone_from: Option<Timestamp>,
}

/// A stretch without a network.
#[derive(Debug, Clone, Copy)]
pub struct Outage {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// Only at this site; everywhere if none.
    pub site: Option<u64>,
}

/// What people may do to a rollout, whatever it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// One person halts it.
    Halt,
    /// One person puts its release on hold.
    Hold,
    /// Two people end the hold.
    Release,
    /// One person pauses it.
    Pause,
    /// Operations lets it go on.
    Resume,
}

impl World {
    /// The world of `seed`.
    pub fn drawn(seed: u64) -> Self {
        let mut dice = Dice::new(seed, STREAM);
        let start = start(&mut dice);
        let calm_from = start + TROUBLE;
        let span = Span {
            start,
            dice: &mut dice,
        };
        draw(seed, span, calm_from)
    }

    /// Whether a device is never heard of, or not any more once the world is calm.
    pub fn is_gone(&self, id: &DeviceId) -> bool {
        let resident = self.residents.iter().find(|one| one.home.id == *id);
        resident.is_none_or(|one| one.in_its_box || one.gone_from.is_some())
    }

    /// Whether a resident has no network at `now`.
    pub fn is_cut_off(&self, resident: &Resident, now: Timestamp) -> bool {
        let gone = resident.gone_from.is_some_and(|from| now >= from);
        gone || self.outages.iter().any(|outage| {
            (outage.from..outage.until).contains(&now)
                && outage.site.is_none_or(|site| resident.site == Some(site))
        })
    }
}

/// Chance, with the stretch of time that it is about.
pub(crate) struct Span<'a> {
    pub(crate) start: Timestamp,
    pub(crate) dice: &'a mut Dice,
}

impl Span<'_> {
    /// One of a hundred chances each.
    pub(crate) fn percent(&mut self, percent: u32) -> bool {
        self.dice.chance(percent * 10)
    }

    /// A number from `from` to `to`, both possible.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.dice.below(to - from + 1)
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.dice.below(of.len() as u64)).unwrap_or(0)]
    }

    pub(crate) fn minutes(&mut self, from: u64, to: u64) -> SignedDuration {
        SignedDuration::from_mins(i64::try_from(self.between(from, to)).unwrap_or(0))
    }

    /// An instant of the troubled days, to the minute.
    pub(crate) fn moment(&mut self) -> Timestamp {
        let minutes = TROUBLE.as_mins().unsigned_abs();
        self.start + self.minutes(0, minutes)
    }
}

fn start(dice: &mut Dice) -> Timestamp {
    let at = |text: &str| -> Timestamp { text.parse().expect("the constants are instants") };
    if dice.chance(400) {
        let day = usize::try_from(dice.below(SPECIAL_DAYS.len() as u64)).unwrap_or(0);
        return at(SPECIAL_DAYS[day]);
    }
    let hours = i64::try_from(dice.below(300 * 24)).unwrap_or(0);
    at(ORDINARY_FROM) + SignedDuration::from_hours(hours)
}

fn draw(seed: u64, mut span: Span<'_>, calm_from: Timestamp) -> World {
    let mut residents = residents(&mut span);
    let servers = if span.percent(50) { 2 } else { 1 };
    // Not by the same dice: everything else of a seed stays what it was before there were stones and gateways.
    let gateways = Gateways::drawn(seed, span.start);
    let plan = PlanChoice {
        stone: seed.is_multiple_of(3),
        gateways_first: gateways.first_percent,
        ..plan(&mut span, residents.len())
    };
    residents.extend(gateways.residents);
    World {
        seed,
        start: span.start,
        calm_from,
        servers,
        plan,
        residents,
        turn_every: span.minutes(10, 60),
        candidate: candidate(&mut span),
        launches: if span.percent(50) { 2 } else { 1 },
        hardship: hardship(&mut span),
        outages: outages(&mut span),
        kills: kills(&mut span, servers),
        clock_steps: clock_steps(&mut span),
        moves: [moves(&mut span), pauses::drawn(seed, span.start)].concat(),
        go_on: GO_ON,
        deadline: None,
    }
}

fn residents(span: &mut Span<'_>) -> Vec<Resident> {
    let (count, sites) = (span.between(8, 16), span.between(2, 6));
    (1..=count)
        .map(|number| resident(span, number, sites))
        .collect()
}

/// A thermostat; it stands at one of so many sites, or nobody said where.
pub(crate) fn resident(span: &mut Span<'_>, number: u64, sites: u64) -> Resident {
    let id = DeviceId::new(format!("th-{number:02}")).expect("letters, a dash and digits");
    let ten_years = SignedDuration::from_hours(10 * 365 * 24);
    let clock_off = match span.between(0, 9) {
        0 => ten_years,
        1 => -ten_years,
        2 => span.minutes(0, 300),
        _ => SignedDuration::ZERO,
    };
    Resident {
        kind: Kind::Thermostat,
        home: Home {
            id,
            hardware: span.pick(&["B", "C"]).to_owned(),
            zone: span.pick(&ZONES),
            offline: false,
            first_seen_s: span.between(0, 3600),
        },
        site: span.percent(80).then(|| span.between(1, sites)),
        clock_off,
        in_its_box: span.percent(4),
        gone_from: span.percent(8).then(|| span.moment()),
    }
}

fn plan(span: &mut Span<'_>, devices: usize) -> PlanChoice {
    let devices = u64::try_from(devices).unwrap_or(0);
    let from = span.pick(&[0, 1, 2, 3, 22, 23]);
    PlanChoice {
        always_open: span.percent(25),
        from_hour: from,
        until_hour: match (from + span.between(2, 5)) % 24 {
            // Midnight is written as 24:00, and drawn as one o'clock.
            0 => 1,
            hour => hour,
        },
        weekdays_only: span.percent(30),
        shift_in_gap: span.percent(50),
        holidays: span.percent(60),
        canary: span.between(4, (devices / 2).max(4)),
        rates: span.pick(&[(1, 40), (2, 40), (5, 60), (1, 20)]),
        by_site: span.percent(25),
        downloads: span.between(1, 4),
        jitter_min: span.between(1, 40),
        poll_min: span.between(30, 240),
        give_up_hours: span.between(24, 72),
        soak_min: span.between(1, 240),
        horizon_min: span.between(10, 300),
        waves: span
            .pick(&[
                r#""canary", "100 %""#,
                r#""canary", "40 %", "100 %""#,
                r#""canary", "10 %", "50 %", "100 %""#,
            ])
            .to_owned(),
        bricks: 1,
        failures_in_one_stratum: span.between(2, 5),
        stone: false,
        gateways_first: 0,
        worse_battery: 0,
    }
}

fn candidate(span: &mut Span<'_>) -> Behaviour {
    let fails = |after_s, hardware: &[&str]| Behaviour::FailsAfter {
        after_s,
        hardware: hardware.iter().map(|name| (*name).to_owned()).collect(),
    };
    match span.between(0, 10) {
        0..=4 => Behaviour::Healthy,
        5 | 6 => fails(span.between(1, 500), &[]),
        7 => fails(span.between(1, 500), &["B"]),
        8 => fails(span.between(1, 500), &["C"]),
        // Only after it has confirmed.
        9 => Behaviour::SlipsBack {
            after_s: span.between(600, 86_400),
        },
        _ => fails(span.between(3600, 86_400), &[]),
    }
}

fn hardship(span: &mut Span<'_>) -> Hardship {
    let mut permille = |most| u32::try_from(span.between(0, most)).unwrap_or(0);
    Hardship {
        request_lost: permille(200),
        answer_lost: permille(200),
        download_cut: permille(200),
        power_cut: permille(400),
        offline: 0,
    }
}

fn outages(span: &mut Span<'_>) -> Vec<Outage> {
    (0..span.between(0, 3)).map(|_| outage(span)).collect()
}

fn outage(span: &mut Span<'_>) -> Outage {
    let from = span.moment();
    Outage {
        from,
        until: from + span.minutes(10, 20 * 60),
        site: span.percent(60).then(|| span.between(1, 3)),
    }
}

fn kills(span: &mut Span<'_>, servers: usize) -> Vec<(Timestamp, usize)> {
    let which: Vec<usize> = (0..servers).collect();
    (0..span.between(0, 6))
        .map(|_| (span.moment(), span.pick(&which)))
        .collect()
}

/// Most clocks are right; some step by hours, forward or back, and are set right later.
fn clock_steps(span: &mut Span<'_>) -> Vec<(Timestamp, SignedDuration)> {
    if span.percent(70) {
        return Vec::new();
    }
    let (off, from) = (span.minutes(1, 360), span.moment());
    let off = if span.percent(50) { off } else { -off };
    vec![
        (from, off),
        (from + span.minutes(30, 600), SignedDuration::ZERO),
    ]
}

fn moves(span: &mut Span<'_>) -> Vec<(Timestamp, Move)> {
    let mut moves = Vec::new();
    if span.percent(12) {
        moves.push((span.moment(), Move::Halt));
    }
    if span.percent(20) {
        let at = span.moment();
        moves.push((at, Move::Hold));
        moves.push((at + span.minutes(10, 1200), Move::Release));
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_one_world() {
        let worlds: Vec<_> = (0..50)
            .map(|seed| format!("{:?}", World::drawn(seed)))
            .collect();
        for (seed, world) in (0..).zip(&worlds) {
            assert_eq!(*world, format!("{:?}", World::drawn(seed)));
        }
        assert_ne!(worlds[0], worlds[1]);
    }

    #[test]
    fn every_plan_that_is_drawn_can_be_read() {
        for seed in 0..500 {
            let text = World::drawn(seed).plan.text();
            let read = mainstay_plan::parse(&text);
            assert!(read.is_ok(), "seed {seed}: {:?}\n{text}", read.err());
        }
    }
}
