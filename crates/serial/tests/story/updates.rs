//! Updates over the line, whatever the power does.

use mainstay_device::Cut;
use mainstay_protocol::{BootReason, SelfTest};
use mainstay_smp::Operation;

use crate::client::{ask, part, state, upload, write_state};
use crate::world::{BUFFER_BYTES, DEADLINE_MS, Flashes, START_S, TestService, World, image, off};

const NOW: u64 = START_S * 1000;

fn slot(version: &str, flags: &[&str]) -> (String, Vec<String>) {
    let flags = flags.iter().map(|flag| (*flag).to_owned());
    (version.to_owned(), flags.collect())
}

fn bundle(world: &World, sequence: u8) -> Vec<u8> {
    let image = image(sequence);
    world.bundle(&world.envelope("B", sequence.into(), &image), &image)
}

/// Uploads release 2 into a device from the factory, and restarts it.
fn tried_out(world: &World) -> TestService {
    let mut service = world.boot(world.factory(), NOW);
    let file = bundle(world, 2);
    let (answered, _) = upload(&mut service, &file, NOW);
    assert_eq!(answered.offset, Some(file.len() as u32), "{answered:?}");
    world.boot(off(service), NOW)
}

#[test]
fn what_a_client_asks_first_is_answered() {
    let world = World::new();
    let mut service = world.boot(world.factory(), NOW);
    let echo = ask(&mut service, (Operation::Write, 0, 0), b"\xa1adbhi", NOW);
    assert_eq!(echo.echoed.as_deref(), Some("hi"));
    let parameters = ask(&mut service, (Operation::Read, 0, 6), b"\xa0", NOW);
    assert_eq!(parameters.buffer_bytes, Some(BUFFER_BYTES));
    assert!(!service.restarts());
    ask(&mut service, (Operation::Write, 0, 5), b"\xa0", NOW);
    assert!(service.restarts());
}

#[test]
fn a_bundle_is_uploaded_tried_out_and_confirmed() {
    let world = World::new();
    let mut service = world.boot(world.factory(), NOW);
    let one = ["bootable", "confirmed", "active"];
    assert_eq!(state(&mut service), [slot("1.0.0", &one)]);
    let file = bundle(&world, 2);
    let (_, sent) = upload(&mut service, &file, NOW);
    assert!(
        sent < file.len() + 2 * usize::from(BUFFER_BYTES),
        "{sent} bytes sent"
    );
    let two = slot("2.0.0", &["bootable", "pending"]);
    assert_eq!(state(&mut service), [slot("1.0.0", &one), two]);
    let mut service = world.boot(off(service), NOW);
    assert_eq!(service.device().boot_reason(), BootReason::Trial);
    let tried = [
        slot("2.0.0", &["bootable", "active"]),
        slot("1.0.0", &["bootable", "confirmed"]),
    ];
    assert_eq!(state(&mut service), tried);
    service
        .tick(SelfTest::Passed, NOW)
        .expect("the power stays");
    let kept = [slot("2.0.0", &one), slot("1.0.0", &[])];
    assert_eq!(write_state(&mut service, None, true, NOW).images, kept);
    let mut service = world.boot(off(service), NOW);
    assert_eq!(service.device().boot_reason(), BootReason::Confirmed);
    assert_eq!(state(&mut service), kept);
}

#[test]
fn an_image_that_nobody_confirms_is_given_up() {
    let world = World::new();
    let mut service = tried_out(&world);
    service
        .tick(SelfTest::Passed, NOW + DEADLINE_MS - 1)
        .expect("the power stays");
    assert!(!service.restarts(), "before its deadline");
    service
        .tick(SelfTest::Passed, NOW + DEADLINE_MS * 2)
        .expect("the power stays");
    assert!(service.restarts());
    let mut service = world.boot(off(service), NOW);
    assert_eq!(service.device().boot_reason(), BootReason::Reverted);
    assert_eq!(state(&mut service)[0].0, "1.0.0");
}

#[test]
fn an_image_whose_self_test_fails_isnt_kept_whatever_the_client_says() {
    let world = World::new();
    let mut service = tried_out(&world);
    let early = write_state(&mut service, None, true, NOW);
    assert_eq!(
        early.reason.as_deref(),
        Some("serial.not-yet"),
        "no self-test yet"
    );
    service
        .tick(SelfTest::Failed, NOW + 5_000)
        .expect("the power stays");
    assert!(service.restarts());
    let service = world.boot(off(service), NOW);
    assert_eq!(service.device().boot_reason(), BootReason::Reverted);
}

#[test]
fn an_upload_that_was_cut_goes_on_where_it_stopped() {
    let world = World::new();
    let file = bundle(&world, 2);
    let mut service = world.boot(world.factory(), NOW);
    let mut offset = 0;
    while (offset as usize) < file.len() - 1500 {
        offset = part(&mut service, &file, offset, NOW)
            .offset
            .expect("a good part");
    }
    let mut service = world.boot(off(service), NOW);
    let (answered, sent) = upload(&mut service, &file, NOW);
    assert_eq!(answered.offset, Some(file.len() as u32));
    assert!(
        sent < 3500,
        "{sent} bytes of {} were sent again",
        file.len()
    );
}

#[test]
fn another_bundle_may_take_the_place_of_one_that_was_begun() {
    let world = World::new();
    let mut service = world.boot(world.factory(), NOW);
    let abandoned = bundle(&world, 2);
    let mut offset = 0;
    while (offset as usize) < abandoned.len() - 1500 {
        offset = part(&mut service, &abandoned, offset, NOW)
            .offset
            .expect("a good part");
    }
    let file = bundle(&world, 3);
    let (answered, _) = upload(&mut service, &file, NOW);
    assert_eq!(answered.offset, Some(file.len() as u32), "{answered:?}");
    assert_eq!(
        state(&mut service)[1],
        slot("3.0.0", &["bootable", "pending"])
    );
}

/// Uploads until it is done, switching the device on again whenever the power goes away.
fn until_done(world: &World, mut flashes: Flashes, file: &[u8]) -> TestService {
    for _ in 0..4 {
        let mut service = world.boot(flashes, NOW);
        if service.device().boot_reason() == BootReason::Trial {
            return service;
        }
        upload(&mut service, file, NOW);
        flashes = off(service);
    }
    panic!("it is never done");
}

/// Cuts the power at every operation of an upload, in the slots' flash or in that of the documents.
fn cut_everywhere(plan: impl Fn(&mut Flashes, u64), operations: impl Fn(&Flashes) -> u64) {
    let world = World::new();
    let file = bundle(&world, 2);
    let factory = world.factory();
    let whole = off(until_done(&world, factory.clone(), &file));
    let cuts = operations(&whole) - operations(&factory);
    assert!(cuts > 5, "there is something to cut");
    for at in 0..cuts {
        let mut flashes = factory.clone();
        plan(&mut flashes, at);
        let mut service = until_done(&world, flashes, &file);
        service
            .tick(SelfTest::Passed, NOW)
            .expect("the power stays");
        write_state(&mut service, None, true, NOW);
        assert_eq!(state(&mut service)[0].0, "2.0.0", "cut at {at}");
    }
}

#[test]
fn no_power_cut_within_the_documents_stops_an_update() {
    for cut in [Cut::Before, Cut::Torn { permille: 500 }, Cut::After] {
        cut_everywhere(
            |flashes, at| flashes.staging.cut_at(at, cut),
            |flashes| flashes.staging.operations(),
        );
    }
}

#[test]
fn no_power_cut_within_the_slots_stops_an_update() {
    // `device` cuts each of these in every way; here it is the way back to the line that counts.
    let cut = Cut::Torn { permille: 500 };
    cut_everywhere(
        |flashes, at| flashes.region.cut_at(at, cut),
        |flashes| flashes.region.operations(),
    );
}
