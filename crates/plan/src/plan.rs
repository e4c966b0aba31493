//! A plan as a whole. Read [`Plan`] first.

use serde::{Deserialize, Serialize};

use crate::class::{Class, Environment};
use crate::client::ClientRules;
use crate::cohort::Cohort;
use crate::compliance::Compliance;
use crate::delivery::Delivery;
use crate::gate::{GateRule, Waiver};
use crate::health::{HardTest, Health};
use crate::names::{ClassId, PlanDigest};
use crate::roles::Roles;
use crate::rollout_rules::RolloutRules;
use crate::service_levels::{Goals, RiskTier, ServiceLevels};
use crate::track::Tracks;
use crate::trust_rules::TrustRules;

/// A well-formed maintenance plan. Whether it is also a wise one is what [`crate::check`] says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What the plan is called.
    pub name: String,
    /// Countries the devices are sold in, two small letters each (ISO 3166-1).
    pub market: Vec<String>,
    /// Where to report a vulnerability.
    pub security_contact: String,
    /// The maker's domain name: the same for all classes.
    pub vendor: String,
    /// Which devices it is for.
    pub environment: Environment,
    /// Device classes; never empty, ids differ.
    pub classes: Vec<Class>,
    /// Who holds which duty.
    pub roles: Roles,
    /// How releases reach the fleet.
    pub tracks: Tracks,
    /// How a rollout behaves.
    pub rollout: RolloutRules,
    /// What counts as healthy.
    pub health: Health,
    /// What devices insist on.
    pub trust: TrustRules,
    /// What is asked of gates, by name.
    #[serde(default)]
    pub gates: Vec<GateRule>,
    /// Gates that tracks go without.
    #[serde(default)]
    pub waivers: Vec<Waiver>,
    /// What it says that it keeps.
    #[serde(default)]
    pub compliance: Compliance,
    /// Devices that are meant again and again, by name.
    #[serde(default)]
    pub cohorts: Vec<Cohort>,
    /// Whom its goals are about.
    #[serde(default)]
    pub service_levels: ServiceLevels,
    /// How fast weaknesses are mended, by the name of their kind.
    #[serde(default)]
    pub risk_tiers: Vec<RiskTier>,
    /// Where payloads come from, beside the server.
    #[serde(default)]
    pub delivery: Delivery,
    /// The revision: SHA-256 of the file's bytes.
    pub digest: PlanDigest,
}

impl Plan {
    /// The test on hard failures on the track that has most waves: no other track gives it a smaller share of alpha.
    #[must_use]
    pub fn hard_test(&self) -> HardTest {
        let health = &self.health;
        health.install.test(&health.soft, self.tracks.waves_max())
    }

    /// The class with that id.
    pub fn class(&self, id: &ClassId) -> Option<&Class> {
        self.classes.iter().find(|class| class.id == *id)
    }

    /// The class of that name, as devices and releases write it.
    pub fn class_named(&self, name: &str) -> Option<&Class> {
        self.classes.iter().find(|class| class.id.as_str() == name)
    }

    /// What is said of the update clients of that class; of a class that isn't here, nothing.
    #[must_use]
    pub fn client_rules(&self, class: &str) -> ClientRules {
        let class = self.class_named(class);
        class.map(|class| class.clients.clone()).unwrap_or_default()
    }

    /// What is asked of the gate of that name, if the plan says anything.
    pub fn gate(&self, name: &str) -> Option<&GateRule> {
        self.gates.iter().find(|gate| gate.name.as_str() == name)
    }

    /// Whether it promises anything that a fleet can be measured by.
    pub fn promises_figures(&self) -> bool {
        let mut tracks = self.tracks.each();
        tracks.any(|track| track.fleet_within.is_some() || track.goals != Goals::default())
    }

    /// The cohort of that name.
    pub fn cohort(&self, name: &str) -> Option<&Cohort> {
        self.cohorts
            .iter()
            .find(|cohort| cohort.name.as_str() == name)
    }
}
