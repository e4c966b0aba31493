//! Whatever a client sends, in whatever order, and whenever the power goes away: the device runs what it accepted, and
//! the image that it keeps is whole.

use mainstay_device::{Cut, OnFlash, SimulatedNor};
use mainstay_protocol::SelfTest;
use mainstay_trust::RustCrypto;
use proptest::prelude::*;

use crate::client::{part, write_state};
use crate::refusals::digest;
use crate::world::{START_S, TestService, World, image, off};

const NOW: u64 = START_S * 1000;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Event {
    /// So many parts of one of the bundles, from where the device wants them.
    Parts(usize, usize),
    /// A part from anywhere.
    Stray(usize, u16),
    /// A frame of any bytes.
    Frame(Vec<u8>),
    Confirm,
    Restart,
    /// The power goes away at this operation from now on: in the slots, or where documents wait.
    Cut(u8, u16, bool),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..3usize, 1..40usize).prop_map(|(file, parts)| Event::Parts(file, parts)),
        1 => (0..3usize, any::<u16>()).prop_map(|(file, at)| Event::Stray(file, at)),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Event::Frame),
        2 => Just(Event::Confirm),
        2 => Just(Event::Restart),
        1 => (0..60u8, 0..1000u16, any::<bool>()).prop_map(|(at, torn, slots)| Event::Cut(at, torn, slots)),
    ]
}

/// A device under way, and what may be sent to it.
struct Storm {
    world: World,
    files: Vec<Vec<u8>>,
    service: TestService,
    offsets: [u32; 3],
}

impl Storm {
    fn new() -> Self {
        let world = World::new();
        let mut files: Vec<Vec<u8>> = [2, 3].map(|sequence| bundle(&world, sequence)).to_vec();
        let mut broken = files[0].clone();
        let last = broken.len() - 1;
        broken[last] ^= 1;
        files.push(broken);
        let service = world.boot(world.factory(), NOW);
        Self {
            world,
            files,
            service,
            offsets: [0; 3],
        }
    }

    fn happen(self, event: &Event) -> Self {
        match *event {
            Event::Parts(file, parts) => self.parts(file, parts),
            Event::Stray(file, at) => self.stray(file, at),
            Event::Frame(ref frame) => self.frame(frame),
            Event::Confirm => self.confirm(),
            Event::Restart => self.restart(),
            Event::Cut(at, torn, slots) => self.cut(at, torn, slots),
        }
    }

    fn parts(mut self, file: usize, parts: usize) -> Self {
        for _ in 0..parts {
            let answered = part(
                &mut self.service,
                &self.files[file],
                self.offsets[file],
                NOW,
            );
            let next = answered.offset.unwrap_or_default();
            let whole = self.files[file].len() as u32;
            self.offsets[file] = if next == whole { 0 } else { next };
        }
        self
    }

    fn stray(mut self, file: usize, at: u16) -> Self {
        let at = u32::from(at) % self.files[file].len() as u32;
        part(&mut self.service, &self.files[file], at, NOW);
        self
    }

    fn frame(mut self, frame: &[u8]) -> Self {
        let answered = self.service.answer(frame, NOW, &mut [0; 512]);
        assert!(
            answered.is_none_or(|length| length >= 8),
            "no answer is less than a header"
        );
        self
    }

    fn confirm(mut self) -> Self {
        // An error here is a cut that was planned: the next restart goes on from it.
        let _ = self.service.tick(SelfTest::Passed, NOW);
        write_state(&mut self.service, None, true, NOW);
        self
    }

    fn restart(self) -> Self {
        let service = self.world.boot(off(self.service), NOW);
        let storm = Self { service, ..self };
        storm.check();
        storm
    }

    fn cut(self, at: u8, torn: u16, slots: bool) -> Self {
        let permille = torn.into();
        let mut flashes = off(self.service);
        flashes.region.restore_power();
        flashes.staging.restore_power();
        let flash = if slots {
            &mut flashes.region
        } else {
            &mut flashes.staging
        };
        flash.cut_at(at.into(), Cut::Torn { permille });
        let service = self.world.boot_planned(flashes, NOW);
        Self { service, ..self }
    }

    /// What runs is what the device says, and one of the three; what it keeps is whole.
    fn check(&self) {
        let device = self.service.device();
        let running = device.running_image().expect("something runs").0;
        let known = [1, 2, 3].map(digest);
        assert!(known.contains(&running), "an image that nobody signed runs");
        let record = device.record();
        let confirmed = record.confirmed.expect("an image is kept");
        assert!(!record.last_resort, "what is kept was lost");
        let storage: &OnFlash<SimulatedNor> = device.storage();
        let slots = [device.running_slot(), Some(confirmed)];
        for slot in slots.into_iter().flatten() {
            assert!(
                storage.is_intact(slot, &RustCrypto).expect("flash works"),
                "{slot:?}"
            );
        }
    }
}

fn bundle(world: &World, sequence: u8) -> Vec<u8> {
    let image = image(sequence);
    world.bundle(&world.envelope("B", sequence.into(), &image), &image)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_storm_leaves_a_device_without_what_it_keeps(
        events in prop::collection::vec(event(), 1..40),
    ) {
        let mut storm = Storm::new();
        for event in &events {
            storm = storm.happen(event);
        }
        storm.restart();
    }
}
