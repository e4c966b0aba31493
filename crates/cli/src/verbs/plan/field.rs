//! What is known of the devices in the field while a plan is checked. Read [`Field`].

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use mainstay_api::device::DEVICE_LIST_BYTES_MAX;
use mainstay_fleet::Device;
use mainstay_plan::{ClassId, FleetFacts, InForce, PLAN_BYTES_MAX, RootFacts};
use mainstay_release::root_facts;
use mainstay_rollout::fleet_facts;
use mainstay_server::{Clock as _, SystemClock};

use crate::failure::Failure;
use crate::files;
use crate::verbs::root::RootFile;

/// As long as a server's answer may be.
const FLEET_BYTES_MAX: u64 = DEVICE_LIST_BYTES_MAX as u64;

/// What somebody says of the devices in the field.
#[derive(Debug, Args)]
pub struct Field {
    /// How many devices of a class are in the field, as CLASS=COUNT; repeat it for each class.
    #[arg(long = "devices", value_name = "CLASS=COUNT")]
    devices: Vec<String>,
    /// The devices themselves, as `mainstay device list --json` prints them: they are counted, and each cohort
    /// must have one.
    #[arg(long, value_name = "FILE")]
    fleet: Option<PathBuf>,
    /// The plan that is in force, to compare with.
    #[arg(long, value_name = "FILE")]
    in_force: Option<PathBuf>,
    /// The root that devices hold, or the next one, signed or not: who signs, how many and in what.
    #[arg(long, value_name = "ROOT")]
    root: Option<PathBuf>,
}

/// What is known then.
pub struct Known {
    /// For the rules of a plan.
    pub facts: FleetFacts,
    devices: Vec<Device>,
    now: Timestamp,
}

impl Known {
    /// The devices, if they were named, and the moment at which they are looked at.
    pub fn fleet(&self) -> Option<(&[Device], Timestamp)> {
        (!self.devices.is_empty()).then_some((self.devices.as_slice(), self.now))
    }
}

impl Field {
    /// Reads it; a count that is given goes before one that was counted.
    pub fn known(&self) -> Result<Known, Failure> {
        let devices = self.fleet.as_deref().map(read).transpose()?;
        let devices = devices.unwrap_or_default();
        let now = SystemClock.now();
        let today = TimeZone::UTC.to_datetime(now).date();
        let mut facts = fleet_facts(&devices, today);
        for pair in &self.devices {
            let (class, count) = class_and_count(pair)?;
            facts.devices_by_class.insert(class, count);
        }
        facts.in_force = self.in_force.as_deref().map(in_force).transpose()?;
        facts.root = self.root.as_deref().map(root).transpose()?;
        Ok(Known {
            facts,
            devices,
            now,
        })
    }
}

fn read(path: &Path) -> Result<Vec<Device>, Failure> {
    let text = files::read_text(path, "fleet", FLEET_BYTES_MAX)?;
    serde_json::from_str(&text).map_err(|error| {
        let what = format!("{} isn't a list of devices: {error}", path.display());
        let cure = "give what `mainstay device list --json` printed";
        Failure::usage("fleet.malformed", what, cure)
    })
}

fn in_force(path: &Path) -> Result<InForce, Failure> {
    let text = files::read_text(path, "plan", PLAN_BYTES_MAX as u64)?;
    let plan = mainstay_plan::parse(&text).map_err(|findings| {
        let count = findings.len();
        let what = format!(
            "{} can't be read as a plan: {count} finding(s)",
            path.display()
        );
        let cure = format!(
            "give the plan in force; `mainstay plan check {}` says why",
            path.display()
        );
        Failure::usage("plan.unread", what, cure)
    })?;
    Ok(InForce::of(&plan))
}

fn root(path: &Path) -> Result<RootFacts, Failure> {
    let file = RootFile::read(path)?;
    Ok(root_facts(&file.draft()?))
}

fn class_and_count(pair: &str) -> Result<(ClassId, u32), Failure> {
    let parsed = pair.split_once('=').and_then(|(class, count)| {
        let class = ClassId::new(class).ok()?;
        Some((class, count.parse().ok()?))
    });
    parsed.ok_or_else(|| {
        let what = format!("`--devices {pair}` isn't CLASS=COUNT");
        let cure = "write it like `--devices thermo-v2=500`";
        Failure::usage("plan.devices", what, cure)
    })
}
