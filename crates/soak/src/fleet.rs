//! The devices of a life: the real core each, with a clock and a network of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use jiff::{SignedDuration, Timestamp};
use mainstay_api::{NewDevice, NewDevices};
use mainstay_fleet::{DeviceId, Site};
use mainstay_simulator::model::Provisioned;
use mainstay_simulator::{Behaviours, Circumstances, Dice, Hardship, Link, SimulatedDevice, model};

use crate::world::{Resident, World};

/// How long a restart takes.
const RESTART_MS: u64 = 20_000;
/// No network at all.
const CUT_OFF: u32 = 1000;

/// The devices, and how images behave on them.
pub struct Fleet {
    devices: Vec<SimulatedDevice>,
    behaviours: Arc<Behaviours>,
}

/// As the residents are registered.
pub fn registration(world: &World) -> NewDevices {
    let new = |resident: &Resident| NewDevice {
        gateway: None,
        id: resident.home.id.clone(),
        class: resident.kind.class().to_owned(),
        hardware: resident.home.hardware.clone(),
        zone: resident.home.zone.to_owned(),
        bootloader: model::BOOTLOADER.to_string(),
        controller: None,
        token: None,
        attributes: BTreeMap::new(),
        site: resident
            .site
            .and_then(|number| Site::new(format!("site-{number}")).ok()),
    };
    NewDevices {
        devices: world.residents.iter().map(new).collect(),
    }
}

impl Fleet {
    /// The residents' devices, as they left the factory, each with its token; `models` are those of [`Kind::ALL`].
    pub fn new(
        world: &World,
        tokens: Vec<String>,
        models: &[Provisioned],
        behaviours: Behaviours,
    ) -> Self {
        let device = |((resident, token), number): ((&Resident, String), u64)| {
            let first_on = world.start + resident.clock_off;
            let dice = Dice::new(world.seed, number);
            let model = &models[resident.kind as usize];
            let (home, config) = (resident.home.clone(), model.config.clone());
            SimulatedDevice::new(home, token, dice, config, model.region.clone(), first_on)
        };
        let residents = world.residents.iter().zip(tokens).zip(1..);
        Self {
            devices: residents.map(device).collect(),
            behaviours: Arc::new(behaviours),
        }
    }

    /// One device, to look at.
    pub fn device(&self, number: usize) -> &SimulatedDevice {
        &self.devices[number]
    }

    /// The device of this name.
    pub fn named(&self, id: &DeviceId) -> Option<&SimulatedDevice> {
        self.devices.iter().find(|device| device.home.id == *id)
    }

    /// Whether the self-test of the device of this name fails at `now`.
    pub fn is_unwell(&self, id: &DeviceId, world: &World, now: Timestamp) -> bool {
        let resident = world.residents.iter().find(|one| one.home.id == *id);
        let (Some(device), Some(resident)) = (self.named(id), resident) else {
            return false;
        };
        let is_well = device.is_well(&self.behaviours, now + resident.clock_off);
        is_well == Some(false)
    }

    /// Lets a device do what it wants at `now`; returns when it wants to act next.
    pub async fn act(
        &mut self,
        number: usize,
        world: &World,
        server: Router,
        now: Timestamp,
    ) -> Timestamp {
        let resident = &world.residents[number];
        let around = self.around(world, resident, server, now);
        let off = resident.clock_off;
        let next = self.devices[number].act(now + off, &around).await;
        // What a device takes for the end of time is long after the end of any life.
        next.checked_sub(off).unwrap_or(now + FOREVER)
    }

    fn around(
        &self,
        world: &World,
        resident: &Resident,
        server: Router,
        now: Timestamp,
    ) -> Circumstances {
        let calm = now >= world.calm_from;
        let hardship = if calm {
            Hardship::default()
        } else {
            world.hardship
        };
        let request_lost = match world.is_cut_off(resident, now) {
            true => CUT_OFF,
            false => hardship.request_lost,
        };
        Circumstances {
            link: Link::straight(server),
            behaviours: self.behaviours.clone(),
            hardship: Hardship {
                request_lost,
                ..hardship
            },
            restart_ms: RESTART_MS,
            offline_from: Timestamp::MAX,
        }
    }
}

const FOREVER: SignedDuration = SignedDuration::from_hours(1000 * 24);
