//! The plan of a campaign: waves that follow each other within seconds, a window that is always open, and budgets that bind. Read [`Pace`].

use std::time::Duration;

use crate::budgets::Limits;

/// How many servers there are.
pub const REPLICAS: usize = 3;
/// The size of each release's image, in bytes.
pub const IMAGE_BYTES: usize = 24 * 1024;
/// Of the time for the first rollout, its downloads alone take so many percent over the line: it, and not the servers, is to be the narrow place.
const LINE_PERCENT: u64 = 80;
/// Of that time, places for downloads would take so many percent.
const PLACES_PERCENT: u64 = 50;
/// A place for a download is held for some two seconds: from the promise until the device has restarted.
const PLACE_LASTS_S: u64 = 2;
/// Fewer places than this would make the canary wait.
const PLACES_MIN: u64 = 8;
/// So many devices ask in a second, all together, while they wait for a place: each of them is looked at.
const ASK_PER_SECOND: u64 = 900;
/// Who waits for a place asks so many times in a poll ([`mainstay_rollout::turn::RETRIES_PER_POLL`]).
const ASKS_PER_POLL: u64 = 6;
/// The shortest and the longest poll, in seconds.
const POLL_S: (u64, u64) = (2, 120);

/// How fast a fleet of some size is updated in some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// What the plan allows.
    pub limits: Limits,
    /// How often devices ask.
    pub poll: Duration,
}

impl Pace {
    /// For so many devices in about so many seconds.
    #[must_use]
    pub fn of(devices: u32, seconds: u64) -> Self {
        let (devices, seconds) = (u64::from(devices), seconds.max(1));
        let bytes = devices * IMAGE_BYTES as u64;
        // In whole kilobytes, as the plan says it.
        let kilobytes = (bytes * 100 / LINE_PERCENT / seconds)
            .div_ceil(1000)
            .max(50);
        let places = (devices * PLACE_LASTS_S * 100 / PLACES_PERCENT / seconds).max(PLACES_MIN);
        let poll_s = (devices * ASKS_PER_POLL / ASK_PER_SECOND).clamp(POLL_S.0, POLL_S.1);
        Self {
            limits: Limits {
                bytes_per_second: kilobytes * 1000,
                downloads: usize::try_from(places).unwrap_or(usize::MAX),
                replicas: REPLICAS,
            },
            poll: Duration::from_secs(poll_s),
        }
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> String {
        let Limits {
            bytes_per_second,
            downloads,
            ..
        } = self.limits;
        let (kilobytes, poll_s) = (bytes_per_second / 1000, self.poll.as_secs());
        PLAN.replace("DOWNLOADS", &downloads.to_string())
            .replace("KILOBYTES", &kilobytes.to_string())
            .replace("POLL", &poll_s.to_string())
    }
}

const PLAN: &str = r#"
[plan]
name        = "Several servers"
market      = ["us"]
security    = "security@northwind.example"
environment = "production"

[[class]]
id         = "thermo-v2"
vendor     = "northwind.example"
hardware   = ["B", "C"]
bootloader = ">=1.4.0"
install    = "dual-bank"
revert     = { boots = 10, confirm_within = "8s" }
support    = { sold_until = 2027-06-30, security_until = 2032-06-30, then = "thermo-v3" }

[role.engineer]
people   = ["ana@northwind.example"]
deputies = ["li@northwind.example"]
[role.release-manager]
people   = ["sam@northwind.example"]
deputies = ["noor@northwind.example"]
[role.operations]
people   = ["kim@northwind.example"]
deputies = ["joe@northwind.example"]

[track.maintenance]
every = "month on the second Tuesday"
waves = ["canary", "10 %", "100 %"]
soak  = "500ms"

[rollout]
canary        = { devices = 12, at_least_per_hardware = 2 }
window        = { local = "00:00-24:00", days = "daily", dst_gap = "skip" }
limit         = { downloads = DOWNLOADS, bytes_per_second = "KILOBYTES kB" }
jitter        = "100ms"
poll          = "POLLs"
give_up_after = "60m"

[health.install]
expect  = 1.0
halt    = 50.0
alpha   = 5
power   = 90
horizon = "4s"

[health.tripwire]
bricks                  = 1
failures_in_one_stratum = 4

[trust]
algorithms        = ["esp256"]
build_threshold   = 1
release_threshold = 1
status_lifetime   = "1h"
root_lifetime     = "365d"
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_a_plan_and_its_budgets_bind() {
        for (devices, seconds, bytes_per_second, downloads, poll_s) in [
            (400, 40, 308_000, 40, 2),
            (20_000, 600, 1_024_000, 133, 120),
            (1, 1_000_000, 50_000, 8, 2),
        ] {
            let pace = Pace::of(devices, seconds);
            assert_eq!(pace.limits.bytes_per_second, bytes_per_second, "{devices}");
            assert_eq!(pace.limits.downloads, downloads, "{devices}");
            assert_eq!(pace.poll.as_secs(), poll_s, "{devices}");
            let plan = mainstay_plan::parse(&pace.plan()).expect("a plan");
            assert_eq!(plan.rollout.limits.bytes_per_second, bytes_per_second);
            assert_eq!(plan.rollout.limits.downloads as usize, downloads);
        }
    }
}
