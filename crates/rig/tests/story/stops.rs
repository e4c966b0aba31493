//! The machine is stopped at random moments of an update, and always comes back.
//!
//! A short form runs in every test run; `cargo xtask microbit --stops 50` is the long one.

use std::thread;
use std::time::{Duration, Instant};

use mainstay_rig::{Machine, Release};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::bench::Bench;

/// How many stops, if not the short form's.
const STOPS: &str = "MAINSTAY_STOPS";
const STOPS_SHORT: u32 = 5;
/// Every other stop comes while the device starts, and brings an image into place.
const START_MS: u64 = 500;

/// A device under way from one release to the next.
struct Under {
    flash: Vec<u8>,
    /// What it was last seen to have confirmed.
    confirmed: u64,
    next: Release,
    /// The bundle of `next`.
    file: String,
    updates: u32,
}

#[test]
fn whenever_it_is_stopped_it_comes_back() {
    let stops = std::env::var(STOPS)
        .ok()
        .and_then(|number| number.parse().ok());
    let stops = stops.unwrap_or(STOPS_SHORT);
    let mut bench = Bench::new();
    let mut chance = ChaCha8Rng::seed_from_u64(4);
    let one = bench.release(1);
    let next = bench.release(2);
    let mut under = Under {
        flash: bench.factory(Some(&one)),
        confirmed: 1,
        file: bench.bundle(&next),
        next,
        updates: 0,
    };
    let whole_ms = undisturbed(&mut bench, &mut under);
    for stop in 0..stops {
        let within_ms = if stop % 2 == 0 { whole_ms } else { START_MS };
        stop_somewhere(&mut bench, &mut under, chance.next_u64() % within_ms);
    }
    // Whatever state that left it in, it gets where it should.
    undisturbed(&mut bench, &mut under);
    println!("figure microbit_stops {stops} stops");
    println!("figure microbit_stops_updates {} updates", under.updates);
}

/// Takes the update to its end. Returns how long the longest part took, between two starts, in milliseconds.
fn undisturbed(bench: &mut Bench, under: &mut Under) -> u64 {
    let (before, mut longest) = (under.updates, Duration::ZERO);
    for _ in 0..4 {
        let began = now();
        let machine = bench.start(&under.flash);
        go_on(bench, under);
        under.flash = bench.restart(machine).flash;
        longest = longest.max(began.elapsed());
        if under.updates > before {
            return longest.as_millis() as u64;
        }
    }
    panic!("it stays at {}", under.confirmed);
}

/// Switches on, goes on with the update, and stops after so many milliseconds, wherever that is.
fn stop_somewhere(bench: &mut Bench, under: &mut Under, after_ms: u64) {
    let mut machine = Machine::start(&under.flash).expect("QEMU starts");
    let port = machine.port().expect("it has a line");
    under.flash = thread::scope(|scope| {
        let stopping = scope.spawn(move || stop_after(machine, after_ms));
        bench.ask("connect", port.to_str().expect("a plain path"));
        work(bench, under);
        stopping.join().expect("the machine can be stopped")
    });
    bench.ask("disconnect", "");
}

fn stop_after(machine: Machine, after_ms: u64) -> Vec<u8> {
    thread::sleep(Duration::from_millis(after_ms));
    machine.stop().expect("it runs").flash
}

/// Takes the update as far as it gets before the line goes dead.
fn work(bench: &mut Bench, under: &mut Under) {
    go_on(bench, under);
    bench.ask("reset", "");
}

/// The next thing to do for the update, by what the device says; nothing if the line is dead.
fn go_on(bench: &mut Bench, under: &mut Under) {
    let Some(slots) = bench.state_if_alive() else {
        return;
    };
    check(&slots, under);
    let next = format!("{}.0.0", under.confirmed + 1);
    match slots
        .iter()
        .find(|slot| slot.starts_with(&next))
        .map(String::as_str)
    {
        Some(slot) if slot.ends_with("++-") => advance(bench, under),
        Some(slot) if slot.ends_with("+--") => {
            bench.ask("confirm", "");
        }
        Some(slot) if slot.ends_with("--+") => {}
        _ => {
            bench.ask("upload", &under.file);
        }
    }
}

/// The next release is confirmed: on to the one after it.
fn advance(bench: &mut Bench, under: &mut Under) {
    under.confirmed += 1;
    under.updates += 1;
    under.next = bench.release(under.confirmed + 1);
    under.file = bench.bundle(&under.next);
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long an update takes here and now says where stops can come"
)]
fn now() -> Instant {
    Instant::now()
}

/// What must hold whenever it has come back: it runs the confirmed release or the next one, and what it confirmed is there.
fn check(slots: &[String], under: &Under) {
    let [old, new] = [under.confirmed, under.confirmed + 1].map(|number| format!("{number}.0.0 "));
    let active = slots
        .iter()
        .find(|slot| slot[slot.len() - 3..].starts_with('+'));
    let active = active.unwrap_or_else(|| panic!("nothing runs: {slots:?}"));
    assert!(
        active.starts_with(&old) || active.starts_with(&new),
        "{slots:?}, from {old}"
    );
    let kept = slots
        .iter()
        .filter(|slot| slot[slot.len() - 2..].starts_with('+'));
    let kept: Vec<&String> = kept.collect();
    assert_eq!(kept.len(), 1, "one image is confirmed: {slots:?}");
    assert!(
        kept[0].starts_with(&old) || kept[0].starts_with(&new),
        "{slots:?}"
    );
}
