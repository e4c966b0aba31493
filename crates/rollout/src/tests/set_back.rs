//! A rollout of a server that was set back: nobody knows what became of it, and it stands still for everybody.

use jiff::SignedDuration;

use super::offers::outcome;
use super::pauses::{pause, resume, rolling};
use crate::pause;
use crate::progress::Progress;
use crate::rollout::{Phase, Rollout};
use crate::score::horizon;
use crate::testing::{NEW, NOTHING, OLD, at, device};
use crate::{DeviceView, fetchable};

fn set_back(rollout: &Rollout, minutes: i64) -> Rollout {
    pause::anew(rollout, "restore", "set back", at(minutes)).expect("it isn't over")
}

fn began(minutes: i64) -> DeviceView {
    DeviceView {
        progress: Progress::Began { at: at(minutes) },
        running: Some(OLD.into()),
        ..device(0)
    }
}

/// Whoever paused it before: the newest reason is the one that is read, and the older pause stays on record.
#[test]
fn it_takes_the_place_of_an_older_pause() {
    let (open, _) = rolling();
    let paused = set_back(&open, 20);
    let told = paused.paused.as_ref().expect("it is paused");
    assert_eq!(
        (told.who.as_str(), told.why.as_str()),
        ("restore", "set back")
    );
    assert_eq!((paused.pauses.len(), told.at), (0, at(20)));

    let before = pause(&open, 10);
    let paused = set_back(&before, 20);
    let told = paused.paused.as_ref().expect("it still is");
    assert_eq!(told.who, "restore");
    let [older] = &paused.pauses[..] else {
        panic!("{:?}", paused.pauses);
    };
    assert_eq!((older.paused.who.as_str(), older.until), ("kim@x", at(20)));
    assert!(paused.generation > before.generation);
    // Patience stood still all along: the older pause's time is given back, and the newer one goes on.
    assert_eq!(paused.waves[0].held, SignedDuration::from_mins(10));
    assert_eq!(paused.held_since, Some(at(20)));

    let mut over = open;
    over.phase = Phase::Complete { at: at(15) };
    assert_eq!(pause::anew(&over, "restore", "set back", at(20)), None);
}

/// It may have been halted since: who has begun gets neither an offer nor a byte, but for one that has nothing else to run.
#[test]
fn who_has_begun_gets_nothing_until_somebody_lets_it_go_on() {
    let (open, _) = rolling();
    let paused = set_back(&open, 20);
    let device = began(5);
    assert_eq!(outcome(&open, &device, 19), "forward");
    assert_eq!(outcome(&paused, &device, 30), "Paused");
    assert!(fetchable(&open, &device, None).contains(&NEW));
    assert!(!fetchable(&paused, &device, None).contains(&NEW));
    let resumed = resume(&paused, 40);
    assert_eq!(outcome(&resumed, &device, 41), "forward");

    let bare = DeviceView {
        running: Some(NOTHING.into()),
        ..began(5)
    };
    assert_eq!(outcome(&paused, &bare, 30), "forward");
    assert!(fetchable(&paused, &bare, None).contains(&NEW));
}

/// A device that said it begins while a person had paused the rollout has got nothing, and gets nothing now.
#[test]
fn who_began_in_an_older_pause_is_not_let_in_by_the_newer_one() {
    let (open, _) = rolling();
    let paused = set_back(&pause(&open, 10), 20);
    let device = began(12);
    assert_eq!(outcome(&paused, &device, 30), "Paused");
    assert!(!fetchable(&paused, &device, None).contains(&NEW));
    assert_eq!(horizon(&paused, &device), None, "it isn't judged either");
    let resumed = resume(&paused, 40);
    let from_there = horizon(&resumed, &began(12)).expect("it goes on");
    assert_eq!(from_there, at(40) + open.rules.install.horizon);
}
