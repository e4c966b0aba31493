//! A world that somebody wrote down instead of a seed's: one of the files in `scenarios/`. Read [`Scenario`].

use anyhow::{Context as _, anyhow, ensure};
use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::DeviceId;
use mainstay_simulator::{Behaviour, Hardship, Home};
use serde::Deserialize;

use crate::kind::Kind;
use crate::plan_text::PlanChoice;
use crate::world::{Outage, Resident, World, ZONES};

/// The most devices of one scenario: its transcript is there to be read.
const DEVICES_MAX: usize = 99;

/// What a scenario's file says; whatever it leaves out is unremarkable.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// What happens, in a sentence.
    pub title: String,
    /// When devices are switched on; three hours later the release is rolled out.
    start: Timestamp,
    /// For so many days things go wrong. It goes on until everything has come to its end.
    days: u32,
    /// New releases, one after the other; those after the first work.
    #[serde(default = "one")]
    launches: usize,
    /// What a person says who is asked.
    #[serde(default)]
    answer: Answer,
    #[serde(default)]
    plan: PlanChoice,
    device: Vec<Group>,
    /// What is wrong with the first new release.
    fault: Option<Fault>,
    /// How much more of its battery a device uses under it, in thousandths of the capacity a day, and passes its self-test.
    drain: Option<u16>,
    /// After so many seconds of running it is lost on every device that kept it, which goes on with what it ran before.
    slips_back_after_s: Option<u64>,
    #[serde(default)]
    outage: Vec<Span>,
    /// When every device should have the newest release: the story tells then how many have.
    deadline: Option<Timestamp>,
}

fn one() -> usize {
    1
}

/// What people say to a rollout that asks them.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    GoOn,
    #[default]
    Stop,
}

/// Devices that are alike.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Group {
    count: usize,
    /// `thermostat`, or `gateway` where the plan has gateways come first.
    #[serde(default)]
    kind: Kind,
    /// One of [`ZONES`].
    zone: String,
    #[serde(default = "revision_b")]
    hardware: String,
    site: Option<u64>,
}

fn revision_b() -> String {
    "B".to_owned()
}

/// A release whose self-test fails for good after so many seconds of running.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Fault {
    after_s: u64,
    /// On these revisions only; on all if there are none.
    #[serde(default)]
    hardware: Vec<String>,
}

/// A stretch without a network, at one site or everywhere.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Span {
    from: Timestamp,
    until: Timestamp,
    site: Option<u64>,
}

impl Scenario {
    /// Reads a scenario's file.
    ///
    /// # Errors
    /// If it isn't one, with what is wrong and where.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let scenario: Self = toml::from_str(text)?;
        let devices: usize = scenario.device.iter().map(|group| group.count).sum();
        ensure!(
            (1..=DEVICES_MAX).contains(&devices),
            "a scenario has 1 to {DEVICES_MAX} devices, and this one has {devices}"
        );
        ensure!((1..=2).contains(&scenario.launches), "launches: 1 or 2");
        let has_gateways = scenario.device.iter().any(|one| one.kind == Kind::Gateway);
        ensure!(
            has_gateways == (scenario.plan.gateways_first > 0),
            "gateways-first: in a plan for gateways, and in no other"
        );
        let calm_from = scenario.calm_from();
        ensure!(
            scenario.deadline.is_none_or(|at| at <= calm_from),
            "deadline: no later than {calm_from}, as the story may be over then"
        );
        let wrong = [
            scenario.fault.is_some(),
            scenario.drain.is_some(),
            scenario.slips_back_after_s.is_some(),
        ];
        ensure!(
            wrong.into_iter().filter(|is| *is).count() <= 1,
            "fault, drain or slips-back-after-s: a release has one"
        );
        Ok(scenario)
    }

    /// The world in which it happens.
    ///
    /// # Errors
    /// If a device stands in a zone that no drawn device does.
    pub fn world(self) -> anyhow::Result<World> {
        let calm_from = self.calm_from();
        Ok(World {
            seed: 0,
            start: self.start,
            calm_from,
            plan: self.plan,
            residents: residents(&self.device)?,
            servers: 1,
            turn_every: SignedDuration::from_mins(10),
            candidate: candidate(self.fault, self.drain, self.slips_back_after_s),
            launches: self.launches,
            hardship: Hardship::NONE,
            outages: self.outage.into_iter().map(Span::outage).collect(),
            kills: Vec::new(),
            clock_steps: Vec::new(),
            moves: Vec::new(),
            go_on: match self.answer {
                Answer::GoOn => 1000,
                Answer::Stop => 0,
            },
            deadline: self.deadline,
        })
    }

    /// Until then things go wrong, and the story isn't over.
    fn calm_from(&self) -> Timestamp {
        self.start + SignedDuration::from_hours(i64::from(self.days) * 24)
    }
}

impl Fault {
    fn behaviour(self) -> Behaviour {
        Behaviour::FailsAfter {
            after_s: self.after_s,
            hardware: self.hardware,
        }
    }
}

/// How the first new release behaves.
fn candidate(fault: Option<Fault>, drain: Option<u16>, slips_back: Option<u64>) -> Behaviour {
    let fails = fault.map(Fault::behaviour);
    let drains = drain.map(|extra_permille_per_day| Behaviour::Drains {
        extra_permille_per_day,
    });
    let slips_back = slips_back.map(|after_s| Behaviour::SlipsBack { after_s });
    let wrong = fails.or(drains).or(slips_back);
    wrong.unwrap_or(Behaviour::Healthy)
}

impl Span {
    fn outage(self) -> Outage {
        Outage {
            from: self.from,
            until: self.until,
            site: self.site,
        }
    }
}

fn residents(groups: &[Group]) -> anyhow::Result<Vec<Resident>> {
    let each = groups
        .iter()
        .flat_map(|group| std::iter::repeat_n(group, group.count));
    each.zip(1..)
        .map(|(group, number)| resident(group, number))
        .collect()
}

fn resident(group: &Group, number: u64) -> anyhow::Result<Resident> {
    let zone = ZONES.iter().find(|zone| **zone == group.zone);
    let zone = zone.ok_or_else(|| anyhow!("zone {}: use one of {ZONES:?}", group.zone))?;
    Ok(Resident {
        kind: group.kind,
        home: Home {
            id: DeviceId::new(format!("{}-{number:02}", group.kind.prefix()))
                .context("a device's name")?,
            hardware: group.hardware.clone(),
            zone,
            offline: false,
            first_seen_s: number * 60,
        },
        site: group.site,
        clock_off: SignedDuration::ZERO,
        in_its_box: false,
        gone_from: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "title = \"Nothing\"\nstart = \"2027-06-07T12:00:00Z\"\ndays = 2\n";

    fn refusal(more: &str) -> String {
        let scenario = Scenario::parse(&format!("{SMALL}{more}"));
        let world = scenario.and_then(Scenario::world);
        world.expect_err("refused").to_string()
    }

    #[test]
    fn what_is_left_out_is_unremarkable() {
        let device = "[[device]]\ncount = 3\nzone = \"Pacific/Guam\"\n";
        let scenario = Scenario::parse(&format!("{SMALL}{device}")).expect("a scenario");
        let world = scenario.world().expect("a world");
        assert_eq!(world.residents.len(), 3);
        assert_eq!(world.candidate, Behaviour::Healthy);
        assert_eq!(
            world.calm_from,
            world.start + SignedDuration::from_hours(48)
        );
        assert!(mainstay_plan::parse(&world.plan.text()).is_ok());
    }

    #[test]
    fn mistakes_are_told() {
        for (more, said) in [
            ("", "missing field `device`"),
            ("device = []", "1 to 99 devices"),
            (
                "[[device]]\ncount = 100\nzone = \"Pacific/Guam\"",
                "1 to 99 devices",
            ),
            (
                "[[device]]\ncount = 1\nzone = \"Mars/Olympus\"",
                "Mars/Olympus",
            ),
            ("devices = 3", "unknown field `devices`"),
            (
                "plan = { gateways-first = 50 }\n[[device]]\ncount = 1\nzone = \"Pacific/Guam\"",
                "gateways-first",
            ),
            (
                "launches = 3\n[[device]]\ncount = 1\nzone = \"Pacific/Guam\"",
                "launches",
            ),
            (
                "drain = 9\nfault = { after-s = 60 }\n[[device]]\ncount = 1\nzone = \"Pacific/Guam\"",
                "fault, drain",
            ),
            (
                "deadline = \"2027-06-09T12:00:01Z\"\n[[device]]\ncount = 1\nzone = \"Pacific/Guam\"",
                "deadline: no later than 2027-06-09T12:00:00Z",
            ),
            (
                "drain = 9\nslips-back-after-s = 60\n[[device]]\ncount = 1\nzone = \"Pacific/Guam\"",
                "fault, drain",
            ),
        ] {
            let told = refusal(more);
            assert!(told.contains(said), "{more}: {told}");
        }
    }
}
