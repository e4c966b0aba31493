//! The plan of a world, as the text that people would have written.

use serde::Deserialize;

/// What is chosen of a plan. Hours and minutes are local; shares are percent.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PlanChoice {
    /// Whether the window is open at every hour.
    pub always_open: bool,
    /// The hour at which it opens, and ...
    pub from_hour: u64,
    /// ... the one at which it closes, which may be of the next day.
    pub until_hour: u64,
    /// Whether it starts on Mondays to Thursdays only.
    pub weekdays_only: bool,
    /// Whether it shifts on the night that has no such hour, or is skipped.
    pub shift_in_gap: bool,
    /// Whether federal holidays are blacked out.
    pub holidays: bool,
    /// Devices in the canary.
    pub canary: u64,
    /// Percent that may fail, and that must be noticed.
    pub rates: (u64, u64),
    /// Whether a site counts once.
    pub by_site: bool,
    /// Downloads at once.
    pub downloads: u64,
    /// Over how many minutes devices are spread.
    pub jitter_min: u64,
    /// How often devices ask.
    pub poll_min: u64,
    /// After so many hours a device is unreached.
    pub give_up_hours: u64,
    /// How long a good wave must stay good.
    pub soak_min: u64,
    /// When a device is judged.
    pub horizon_min: u64,
    /// The waves, as TOML.
    pub waves: String,
    /// Bricks that halt at once.
    pub bricks: u64,
    /// Failures of one hardware revision that do.
    pub failures_in_one_stratum: u64,
    /// Whether 1.1.0 is a stepping stone on the way to 1.2.0.
    pub stone: bool,
    /// Percent of the gateways that must run 1.1.0 before a thermostat gets 1.1.0 or later; at 0 there are no gateways.
    pub gateways_first: u32,
    /// By how many percent battery drain may be worse than on devices held back, a day after a device began; at 0 nobody is
    /// held back.
    pub worse_battery: u64,
}

/// A plan for a small fleet in which nothing is remarkable.
impl Default for PlanChoice {
    fn default() -> Self {
        Self {
            always_open: false,
            from_hour: 1,
            until_hour: 4,
            weekdays_only: false,
            shift_in_gap: false,
            holidays: true,
            canary: 8,
            rates: (2, 40),
            by_site: false,
            downloads: 4,
            jitter_min: 150,
            poll_min: 60,
            give_up_hours: 72,
            soak_min: 24 * 60,
            horizon_min: 180,
            waves: r#""canary", "100 %""#.to_owned(),
            bricks: 1,
            failures_in_one_stratum: 3,
            stone: false,
            gateways_first: 0,
            worse_battery: 0,
        }
    }
}

impl PlanChoice {
    /// The window's hours, as the plan writes them.
    pub fn hours(&self) -> String {
        match self.always_open {
            true => "00:00-24:00".to_owned(),
            false => format!("{:02}:00-{:02}:00", self.from_hour, self.until_hour),
        }
    }

    /// The soft signal, if there is one.
    fn battery(&self) -> String {
        match self.worse_battery {
            0 => String::new(),
            percent => {
                format!("battery  = {{ worse_by_at_most = \"{percent} %\", horizon = \"24h\" }}\n")
            }
        }
    }

    /// The classes, as TOML: thermostats, and gateways if there are any.
    fn classes(&self) -> String {
        let mut needs = Vec::new();
        if self.stone {
            needs.push(r#"{ from = "1.2.0", at_least = "1.1.0" }"#.to_owned());
        }
        if self.gateways_first == 0 {
            return class("thermo-v2", &needs);
        }
        needs.push(format!(
            r#"{{ from = "1.1.0", class = "gateway-v1", at_least = "1.1.0", share = "{} %" }}"#,
            self.gateways_first
        ));
        [class("thermo-v2", &needs), class("gateway-v1", &[])].join(", ")
    }

    /// The plan.
    pub fn text(&self) -> String {
        let days = if self.weekdays_only {
            "Mon-Thu"
        } else {
            "daily"
        };
        let gap = if self.shift_in_gap { "shift" } else { "skip" };
        let blackout = if self.holidays {
            r#""us-federal-holidays""#
        } else {
            ""
        };
        let unit = if self.by_site { "site" } else { "device" };
        let (expect, halt) = self.rates;
        format!(
            r#"
plan  = {{ name = "A drawn plan", market = ["us"], security = "security@company.example" }}
class = [{classes}]

[role]
engineer        = {{ people = ["ana@company.example"] }}
release-manager = {{ people = ["sam@company.example"] }}
operations      = {{ people = ["kim@company.example"] }}

[track]
maintenance = {{ waves = [{waves}], soak = "{soak}m" }}

[rollout]
canary        = {{ devices = {canary} }}
window        = {{ local = "{hours}", days = "{days}", dst_gap = "{gap}" }}
blackout      = [{blackout}]
limit         = {{ downloads = {downloads}, bytes_per_second = "50 MB" }}
jitter        = "{jitter}m"
poll          = "{poll}m"
give_up_after = "{give_up}h"

[health]
install  = {{ expect = {expect}.0, halt = {halt}.0, alpha = 10, power = 90, horizon = "{horizon}m", unit = "{unit}" }}
tripwire = {{ bricks = {bricks}, failures_in_one_stratum = {stratum} }}
{battery}"#,
            classes = self.classes(),
            battery = self.battery(),
            waves = self.waves,
            soak = self.soak_min,
            canary = self.canary,
            hours = self.hours(),
            downloads = self.downloads,
            jitter = self.jitter_min,
            poll = self.poll_min,
            give_up = self.give_up_hours,
            horizon = self.horizon_min,
            bricks = self.bricks,
            stratum = self.failures_in_one_stratum,
        )
    }
}

fn class(id: &str, needs: &[String]) -> String {
    let needs = needs.join(", ");
    format!(
        r#"{{ id = "{id}", vendor = "company.example", hardware = ["B", "C"], bootloader = ">=1.4.0", install = "dual-bank", revert = {{ boots = 3, confirm_within = "10m" }}, support = {{ sold_until = 2029-12-31, security_until = 2034-12-31 }}, needs = [{needs}] }}"#
    )
}
