//! Soft signals from the devices' check-ins to the rollout's end: what is read, when, and what comes of it.

use mainstay_api::{IncidentView, RolloutView, Why};
use mainstay_protocol::{CHECK_IN_PATH, Event, Health, Measures};
use mainstay_rollout::RolloutId;
use reqwest::{Method, StatusCode};

use crate::database;
use crate::gadget::{Gadget, register};
use crate::house::{self, Artifact, House, PLAN, packed};

/// A fleet with a partner for each device of a canary of twelve.
const DEVICES: usize = 48;

/// Battery drain in thousandths a day.
pub const ORDINARY: u16 = 20;

/// How a device that runs the new release comes back.
#[derive(Clone, Copy, PartialEq)]
enum Comes {
    /// It checks in.
    Plainly,
    /// It has something to report, and checks in only then.
    Reporting,
    /// Its first check-in falls on a database that can't be written.
    AtTheSecondTry,
}

/// A rollout to a canary of twelve, whose devices ask every hour.
pub struct Story {
    comes: Comes,
    pub house: House,
    pub gadgets: Vec<Gadget>,
    new: Artifact,
    rollout: i64,
}

fn plan(signal: &str) -> String {
    PLAN.replace("devices = 2,", "devices = 12,") + signal
}

pub fn measuring(drain: u16) -> Health {
    Health {
        battery_drain_permille_per_day: drain,
        measures: Some(Measures {
            error_log: false,
            battery: true,
        }),
        ..Health::default()
    }
}

impl Comes {
    /// What comes before a device's check-in.
    async fn first(self, house: &House, gadget: &mut Gadget, new: &Artifact) {
        match self {
            Self::Plainly => {}
            Self::Reporting => {
                let manifest = new.manifest;
                let report = gadget.report(Event::Confirmed { manifest });
                gadget.send(house, &[report]).await;
            }
            Self::AtTheSecondTry => {
                let body = gadget.check_in_message(&[]);
                database::change(house, FULL).await;
                house.post(CHECK_IN_PATH, &gadget.token, body).await;
                database::change(house, "DROP TRIGGER full").await;
            }
        }
    }
}

impl Story {
    pub async fn begun(signal: &str) -> Self {
        let house = House::under(&plan(signal)).await;
        let (old, new) = (
            packed(house::CLASS, "1.0.0", 1, &[]),
            house.built("1.1.0", 2, &[]),
        );
        let ids: Vec<_> = (0..DEVICES).map(|n| format!("th-{n:02}")).collect();
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        let mut gadgets = register(&house, &ids, &old).await;
        for gadget in &mut gadgets {
            gadget.check_in(&house, &[]).await;
        }
        let rollout = house.roll_out(&new).await;
        house.advance().await;
        Self {
            comes: Comes::Plainly,
            house,
            gadgets,
            new,
            rollout,
        }
    }

    /// Hour after hour those devices ask that `asks` names, by number, hour and whether they run the new release; each says how it is.
    pub async fn pass(
        &mut self,
        hours: std::ops::Range<u32>,
        asks: impl Fn(usize, u32, bool) -> Option<Health>,
    ) {
        for hour in hours {
            self.house.later(60);
            for (n, gadget) in self.gadgets.iter_mut().enumerate() {
                let Some(health) = asks(n, hour, gadget.runs.1 == self.new.sequence) else {
                    continue;
                };
                gadget.health = health;
                if gadget.runs.1 == self.new.sequence {
                    self.comes.first(&self.house, gadget, &self.new).await;
                }
                if gadget.check_in(&self.house, &[]).await.install.is_some() {
                    gadget.update_to(&self.house, &self.new).await;
                }
            }
            self.house.advance().await;
        }
    }

    /// Why it was halted, with the canary updated and nobody else.
    async fn halted(&self) -> String {
        let view = self.view().await;
        let found = (view.phase.as_str(), self.updated());
        assert_eq!(found, ("halted", 12), "{view:?}");
        view.halted_because.expect("a reason")
    }

    pub async fn view(&self) -> RolloutView {
        let path = format!("/api/v1/rollouts/{}", self.rollout);
        self.house.get(&path, &self.house.tokens.engineer).await
    }

    async fn why(&self) -> String {
        let path = format!("/api/v1/rollouts/{}/why", self.rollout);
        let why: Why = self.house.get(&path, &self.house.tokens.engineer).await;
        why.sentence
    }

    pub async fn readings(&self) -> usize {
        let store = self.house.app.store();
        let view = store.fleet_view(RolloutId(self.rollout)).await.unwrap();
        view.readings.map_or(0, |readings| readings.len())
    }

    fn updated(&self) -> usize {
        let new = |gadget: &&Gadget| gadget.runs.1 == self.new.sequence;
        self.gadgets.iter().filter(new).count()
    }
}

/// Counting a missed poll fails.
const FULL: &str = "CREATE TRIGGER full BEFORE INSERT ON missed_polls
    BEGIN SELECT RAISE(ABORT, 'full'); END";

pub const BATTERY: &str = "\n[health.battery]\nworse_by_at_most = \"10 %\"\nhorizon = \"4h\"\n";
const CONNECTIVITY: &str =
    "\n[health.connectivity]\nworse_by_at_most = \"25 %\"\nhorizon = \"12h\"\n";

#[tokio::test]
async fn a_release_that_drains_the_battery_is_halted() {
    let mut story = Story::begun(BATTERY).await;
    // Devices differ, and so does each from hour to hour.
    let drain = |n: usize, hour: u32, new: bool| {
        let around = ORDINARY + u16::try_from((n * 7 + hour as usize * 3) % 5).unwrap();
        Some(measuring(if new { around * 3 / 2 } else { around }))
    };
    story.pass(0..4, drain).await;
    assert_eq!(story.readings().await, 0, "it isn't time yet");
    assert_eq!(
        (story.updated(), story.view().await.phase.as_str()),
        (12, "rolling")
    );
    story.pass(4..6, drain).await;
    let why = story.halted().await;
    assert!(why.contains("battery drain in the canary is "), "{why}");
    assert!(
        why.contains("over 12 pairs (10 % is allowed); worst in thousandths a day: th-"),
        "{why}"
    );
    assert!(story.why().await.contains(&why));
    let operations = &story.house.tokens.operations;
    let incident: IncidentView = story.house.get("/api/v1/incidents/INC-1", operations).await;
    assert!(incident.title.contains("battery drain"), "{incident:?}");
}

#[tokio::test]
async fn a_release_that_drains_no_more_goes_on() {
    let mut story = Story::begun(BATTERY).await;
    let drain = |n: usize, hour: u32, _: bool| {
        let around = ORDINARY + u16::try_from((n * 7 + hour as usize * 3) % 3).unwrap();
        Some(measuring(around))
    };
    story.pass(0..4, drain).await;
    let why = story.why().await;
    assert!(why.contains("compared with devices held back"), "{why}");
    story.pass(4..5, drain).await;
    assert_eq!(story.readings().await, 24, "each of a pair, once");
    story.pass(5..7, drain).await;
    assert!(story.updated() > 12, "{:?}", story.view().await);
}

#[tokio::test]
async fn what_no_device_measures_is_asked_about() {
    let mut story = Story::begun(BATTERY).await;
    story.pass(0..10, |_, _, _| Some(Health::default())).await;
    let view = story.view().await;
    assert_eq!(
        (view.phase.as_str(), story.updated()),
        ("awaits-human", 12),
        "{view:?}"
    );
    let why = story.why().await;
    assert!(
        why.contains("of battery drain no pair could be read"),
        "{why}"
    );
}

async fn misses_polls(comes: Comes) {
    let mut story = Story::begun(CONNECTIVITY).await;
    story.comes = comes;
    let flapping = |_: usize, hour: u32, new: bool| {
        let asks = !new || hour < 2 || hour.is_multiple_of(3);
        asks.then(Health::default)
    };
    story.pass(0..12, flapping).await;
    assert_eq!(story.view().await.phase, "rolling");
    story.pass(12..16, flapping).await;
    let why = story.halted().await;
    assert!(
        why.contains("the count of missed polls in the canary"),
        "{why}"
    );
    // Of three polls they missed two, from the middle of the horizon on.
    assert!(
        why.contains("worst in missed polls a day: th-") && why.contains(" 16 beside th-"),
        "{why}"
    );
}

#[tokio::test]
async fn a_release_that_misses_polls_is_halted() {
    misses_polls(Comes::Plainly).await;
}

#[tokio::test]
async fn polls_are_missed_until_a_device_is_heard_of_in_any_way() {
    misses_polls(Comes::Reporting).await;
}

#[tokio::test]
async fn polls_that_could_not_be_counted_are_counted_at_the_next_try() {
    misses_polls(Comes::AtTheSecondTry).await;
}

#[tokio::test]
async fn an_outage_that_strikes_all_halts_nothing() {
    let mut story = Story::begun(CONNECTIVITY).await;
    let cut_off = |_: usize, hour: u32, _: bool| {
        let is_off = (7..10).contains(&hour);
        (!is_off).then(Health::default)
    };
    story.pass(0..16, cut_off).await;
    assert!(story.updated() > 12, "{:?}", story.view().await);
}

/// Puts the plan of a story with another poll into force.
async fn poll(house: &House, poll: &str) {
    let plan = plan(CONNECTIVITY).replace("poll         = \"1h\"", &format!("poll = \"{poll}\""));
    let request = house.request(Method::PUT, "/api/v1/plan", &house.tokens.manager);
    let put = request.body(plan).send().await.unwrap();
    assert_eq!(put.status(), StatusCode::OK);
}

/// The missed polls that were read, in thousandths a day, from the fewest on.
async fn missed(story: &Story) -> Vec<u32> {
    let store = story.house.app.store();
    let view = store.fleet_view(RolloutId(story.rollout)).await.unwrap();
    let readings = view.readings.unwrap().into_iter();
    let mut missed: Vec<_> = readings.map(|reading| reading.milli).collect();
    missed.sort_unstable();
    missed
}

fn hourly(_: usize, _: u32, _: bool) -> Option<Health> {
    Some(Health::default())
}

/// The rollout began under a poll of one hour; every device keeps to what it was told, and is read after twelve hours.
#[tokio::test]
async fn who_asks_more_rarely_as_it_was_told_misses_nothing() {
    let mut story = Story::begun(CONNECTIVITY).await;
    story.pass(0..7, hourly).await;
    poll(&story.house, "2h").await;
    // Now they learn of it.
    story.pass(7..8, hourly).await;
    let two_hourly = |_: usize, hour: u32, _: bool| (hour == 9).then(Health::default);
    story.pass(8..11, two_hourly).await;
    // That they should ask every hour again they learn only when they come, as they were told to.
    poll(&story.house, "1h").await;
    story.pass(11..13, hourly).await;
    assert_eq!(missed(&story).await, [0; 24]);
}

/// The other way round a missed poll is still one of the rollout's: what it expects of a wave was sized by those.
#[tokio::test]
async fn who_is_told_to_ask_more_often_misses_no_more_polls_than_before() {
    let mut story = Story::begun(CONNECTIVITY).await;
    story.pass(0..7, hourly).await;
    poll(&story.house, "30m").await;
    let flapping = |_: usize, hour: u32, new: bool| {
        let is_off = new && (9..11).contains(&hour);
        (!is_off).then(Health::default)
    };
    story.pass(7..13, flapping).await;
    // Two in six hours, from the middle of the horizon on.
    let expected = [[0; 12], [8000; 12]].concat();
    assert_eq!(missed(&story).await, expected);
}
