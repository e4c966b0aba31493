//! What a word makes of an order, and what a poll does.

use super::super::{
    FETCHES_MAX, Next, OrderRefusal, Told, Word, asks_for_version, close, heed, review, waits_until,
};
use super::{FORWARD, after, offered, orders, place};
use crate::halt::{self, HaltReason};
use crate::offer::{Kind, Offer};
use crate::order::Ending;
use crate::order::log::ENTRIES_MAX;
use crate::progress::FailureCause;
use crate::rollout::{Phase, Rollout};
use crate::testing::{NEW, OLD, at, opened, view};
use crate::wait::Wait;
use crate::withheld::Withheld;

const NOTHING_FETCHED: &str = "nothing-fetched";

/// Where each of [`orders`] stands after a word, or the refusal.
fn after_word(word: Word) -> [&'static str; 7] {
    orders().map(|order| match heed(order, word, at(9)) {
        Ok((order, _)) => place(&order),
        Err(refusal) => refusal.id(),
    })
}

#[test]
fn words_move_orders_by_the_table() {
    let stays = [
        "offered",
        "retrieved",
        "fetching",
        "cancelling",
        "cancelling",
        "installed",
        "ddi.order-closed",
    ];
    for word in [
        Word::Progress,
        Word::Rejected,
        Word::NotUnderstood,
        Word::FetchResumed { from: 4 },
        Word::Runs { release: OLD },
    ] {
        assert_eq!(after_word(word), stays, "{word:?}");
    }
    let changed = |changes: &[(usize, &'static str)]| {
        let mut places = stays;
        changes.iter().for_each(|(n, place)| places[*n] = place);
        places
    };
    for word in [Word::Retrieved, Word::Downloading] {
        let expected = changed(&[(0, "retrieved")]);
        assert_eq!(after_word(word), expected, "{word:?}");
    }
    let fetching = changed(&[(0, "fetching"), (1, "fetching")]);
    for word in [Word::FetchBegan, Word::FetchEntered, Word::HasWhole] {
        assert_eq!(after_word(word), fetching, "{word:?}");
    }
    let installed = changed(&[
        (0, NOTHING_FETCHED),
        (1, NOTHING_FETCHED),
        (2, "installed"),
        (3, NOTHING_FETCHED),
        (4, "installed"),
    ]);
    assert_eq!(after_word(Word::Installed), installed);
    let ended = |how| [how, how, how, how, how, how, "ddi.order-closed"];
    let mut failed = ended("failed");
    [0, 1, 3].iter().for_each(|n| failed[*n] = NOTHING_FETCHED);
    assert_eq!(after_word(Word::FailedAgain), failed);
    [2, 4].iter().for_each(|n| failed[*n] = "broke-off");
    assert_eq!(after_word(Word::Failed), failed);
    assert_eq!(after_word(Word::Runs { release: NEW }), ended("verified"));
    let mut cancelled = ended("cancelled");
    cancelled[5] = "installed";
    assert_eq!(after_word(Word::Cancelled), cancelled);
    let mut accepted = ["ddi.not-cancelling"; 7];
    accepted[3..5].fill("cancelled");
    accepted[6] = "ddi.order-closed";
    assert_eq!(after_word(Word::CancelAccepted), accepted);
    accepted[3..5].copy_from_slice(&["offered", "fetching"]);
    assert_eq!(after_word(Word::CancelRefused), accepted);
}

#[test]
fn the_rollout_is_told_what_happened_and_once() {
    let told = |word| orders().map(|order| heed(order, word, at(9)).map_or(Vec::new(), |(_, t)| t));
    let began = told(Word::FetchBegan).map(|told| told == [Told::Began]);
    assert_eq!(began, [true, true, false, true, false, false, false]);
    assert!(told(Word::Downloading).iter().all(Vec::is_empty));
    let refusal = super::super::CLOSED_WITHOUT_DOWNLOAD;
    assert_eq!(told(Word::Installed)[0], [Told::Refused { refusal }]);
    let refusal = super::super::FAILED_WITHOUT_DOWNLOAD;
    for untouched in [0, 1, 3] {
        assert_eq!(told(Word::Failed)[untouched], [Told::Refused { refusal }]);
    }
    assert_eq!(told(Word::Installed)[2], [Told::Installed]);
    assert_eq!(told(Word::Installed)[5], [], "it is no news");
    let refusal = super::super::BROKE_OFF;
    for fetched in [2, 4, 5] {
        assert_eq!(told(Word::FailedAgain)[fetched], [Told::Failed]);
    }
    assert_eq!(told(Word::Failed)[2], [Told::Refused { refusal }]);
    assert_eq!(told(Word::Failed)[5], [Told::Failed], "it had installed it");
    let refusal = super::super::CANCELLED;
    assert_eq!(told(Word::Cancelled)[2], [Told::Refused { refusal }]);
    assert_eq!(told(Word::Cancelled)[4], [Told::Stopped]);
    assert_eq!(told(Word::CancelAccepted)[4], [Told::Stopped]);
    assert_eq!(told(Word::Runs { release: NEW })[5], [Told::Confirmed]);
    assert_eq!(told(Word::Runs { release: OLD })[5], []);
    assert!(asks_for_version(&[Told::Began, Told::Installed]));
    assert!(
        asks_for_version(&[Told::Stopped]),
        "it may have installed it before"
    );
    assert!(asks_for_version(&[Told::Failed]), "it may be wrong");
    assert!(!asks_for_version(&[Told::Began]));
}

/// A connection that breaks is no failed installation; only who had all of it can fail to install it.
#[test]
fn who_fails_with_a_part_of_it_has_not_failed_to_install() {
    use Word::{Failed, FetchBegan, FetchEntered, FetchedWhole, HasWhole};
    for (words, expected) in [
        (&[FetchBegan][..], "broke-off"),
        (&[FetchBegan, FetchedWhole], "failed"),
        (&[FetchBegan, FetchBegan, FetchedWhole], "failed"),
        // What lay there before may be of another release.
        (&[FetchEntered, FetchedWhole], "broke-off"),
        (&[FetchEntered, FetchBegan, FetchedWhole], "failed"),
        (&[HasWhole], "failed"),
        (&[FetchedWhole], NOTHING_FETCHED),
    ] {
        let order = after(offered(), words);
        let (order, _) = heed(order, Failed, at(9)).expect("it is open");
        assert_eq!(place(&order), expected, "{words:?}");
    }
}

/// Who says just now that it goes on has as long for it as any other.
#[test]
fn who_refuses_to_leave_begins_to_be_waited_for_then() {
    let [_, _, _, _, cancelling, ..] = orders();
    let (order, _) = heed(cancelling, Word::CancelRefused, at(40)).expect("it was asked");
    let until = waits_until(&order, &opened(1)).expect("it fetches");
    // The horizon, and three polls.
    assert_eq!(until, at(40 + 30 + 30));
}

#[test]
fn what_a_client_only_says_is_no_download() {
    let says = after(offered(), &[Word::Downloading, Word::Progress]);
    let (closed, _) = heed(says, Word::Installed, at(9)).expect("it is heeded");
    assert_eq!(place(&closed), NOTHING_FETCHED);
}

#[test]
fn a_full_log_takes_ends_and_nothing_else() {
    let mut order = orders()[2].clone();
    order.seen.log = ENTRIES_MAX;
    for word in [Word::Progress, Word::Rejected, Word::Downloading] {
        let refused = heed(order.clone(), word, at(9));
        assert_eq!(refused, Err(OrderRefusal::LogFull), "{word:?}");
    }
    let (served, _) = heed(order.clone(), Word::FetchBegan, at(9)).expect("nobody spoke");
    assert_eq!(served.seen.log, ENTRIES_MAX);
    let (installed, _) = heed(order, Word::Installed, at(9)).expect("it is an end");
    assert_eq!(installed.seen.log, ENTRIES_MAX + 1);
    let (again, _) = heed(installed.clone(), Word::Installed, at(9)).expect("a retry");
    assert_eq!(again, installed);
}

/// What a poll does with each of [`orders`] that is open.
fn after_review(decided: &Result<Offer, Wait>) -> [&'static str; 6] {
    let rollout = opened(1);
    [0, 1, 2, 3, 4, 5].map(|n| name(&review(&orders()[n], &rollout, decided)))
}

fn name(next: &Next) -> &'static str {
    match next {
        Next::Show => "show",
        Next::HoldBack => "hold back",
        Next::Cancel { .. } => "cancel",
        Next::Close { how } => how.id(),
    }
}

#[test]
fn a_poll_shows_what_still_stands() {
    let (show, back, cancel, out) = ("show", "hold back", "cancel", "withdrawn");
    let cause = FailureCause::InstallFailed;
    for (decided, expected) in [
        (Ok(FORWARD), [show, show, show, cancel, cancel, back]),
        (
            Err(Wait::Jitter { until: at(20) }),
            [back, back, show, cancel, cancel, back],
        ),
        (
            Err(Wait::Complete),
            [out, out, show, cancel, cancel, "unverified"],
        ),
        (
            Err(Wait::GaveUp { at: at(5) }),
            [out, out, show, cancel, cancel, back],
        ),
        (
            Err(Wait::NotEnrolled),
            [out, cancel, cancel, cancel, cancel, back],
        ),
        (Err(Wait::AlreadyRuns), ["verified"; 6]),
        (Err(Wait::Failed { cause }), ["failed"; 6]),
    ] {
        assert_eq!(after_review(&decided), expected, "{decided:?}");
    }
    let other = Offer {
        release: OLD,
        kind: Kind::Forward,
    };
    assert_eq!(after_review(&Ok(other)), ["superseded"; 6]);
}

fn held() -> Withheld {
    Withheld::Held {
        since: at(3),
        who: "kim@northwind.example".to_owned(),
        why: "smoke".to_owned(),
    }
}

/// A cancelled client removes what it has fetched, and one that has installed and finds no order when it restarts never says so.
#[test]
fn what_may_pass_hides_what_nobody_has_begun_and_stops_nothing() {
    let (show, back, cancel) = ("show", "hold back", "cancel");
    let refused = |id: &str| Withheld::Refused {
        refusal: id.to_owned(),
    };
    for because in [
        Withheld::NotHere,
        Withheld::RevocationsMissing,
        Withheld::RevocationsStale { since: at(3) },
        Withheld::ScheduleOver { since: at(3) },
        Withheld::ScheduleRefused {
            refusal: "trust.retired-key".to_owned(),
        },
        refused("trust.root-expired"),
        refused("trust.expired"),
    ] {
        let decided = Err(Wait::Withheld { because });
        let expected = [back, back, show, cancel, cancel, back];
        assert_eq!(after_review(&decided), expected, "{decided:?}");
    }
    for because in [
        held(),
        refused("trust.revoked-release"),
        refused("trust.below-minimum"),
        refused("trust.threshold-not-met"),
    ] {
        let decided = Err(Wait::Withheld { because });
        let expected = ["withdrawn", cancel, cancel, cancel, cancel, back];
        assert_eq!(after_review(&decided), expected, "{decided:?}");
    }
}

/// Whatever comes and goes meanwhile, a client that has installed the release gets no second order to install it.
#[test]
fn what_is_installed_waits_for_its_word_through_holds_and_halts() {
    let rollout = opened(1);
    let [.., installed, _] = orders();
    for wait in [
        Wait::Withheld { because: held() },
        Wait::Withheld {
            because: Withheld::NotHere,
        },
        Wait::Halted { reason: halted().1 },
        Wait::NotEnrolled,
        Wait::GaveUp { at: at(3) },
    ] {
        let next = review(&installed, &rollout, &Err(wait.clone()));
        assert_eq!(next, Next::HoldBack, "{wait:?}");
    }
    let word = Word::Runs { release: NEW };
    let (verified, told) = heed(installed, word, at(9)).expect("it is open");
    assert_eq!(verified.ending(), Some(Ending::Verified));
    assert_eq!(told, [Told::Confirmed], "now it can be told to go back");
}

/// A client that restarts after each installation without a word of it would install the same day and night.
#[test]
fn what_is_fetched_again_and_again_is_shown_no_more() {
    let [_, _, mut fetching, ..] = orders();
    let decided = [
        Ok(FORWARD),
        Err(Wait::Complete),
        Err(Wait::Jitter { until: at(20) }),
    ];
    for (fetches, expected) in [(FETCHES_MAX - 1, Next::Show), (FETCHES_MAX, Next::HoldBack)] {
        fetching.seen.fetches = fetches;
        for decided in &decided {
            let next = review(&fetching, &opened(1), decided);
            assert_eq!(next, expected, "{fetches} {decided:?}");
        }
    }
}

/// A way back that the device has overtaken by another rollout isn't gone to its end.
#[test]
fn who_has_gone_further_is_stopped_on_its_way_back() {
    let back = Offer {
        release: OLD,
        kind: Kind::Return,
    };
    for (n, expected) in [
        (0, "withdrawn"),
        (1, "cancel"),
        (2, "cancel"),
        (5, "unverified"),
    ] {
        let mut order = orders()[n].clone();
        order.offer = back;
        let next = review(&order, &opened(1), &Err(Wait::Complete));
        assert_eq!(name(&next), expected);
    }
}

fn halted() -> (Rollout, HaltReason) {
    let (rollout, kim) = (opened(1), "kim@northwind.example");
    let halted = halt::by_person(&rollout, &view(1), kim, "smoke", at(3));
    let halted = halted.expect("it is under way").rollout;
    match halted.phase.clone() {
        Phase::Halted { reason, .. } => (halted, reason),
        phase => panic!("{phase:?}"),
    }
}

#[test]
fn after_a_halt_a_client_leaves_what_it_does_before_it_goes_back() {
    let (halted, reason) = halted();
    let back = Offer {
        release: OLD,
        kind: Kind::Return,
    };
    let [offered, _, fetching, early, cancelling, installed, _] = orders();
    let next = |order| review(&order, &halted, &Ok(back));
    assert_eq!(name(&next(offered)), "withdrawn");
    assert_eq!(name(&next(installed)), "withdrawn");
    assert_eq!(name(&next(cancelling.clone())), "cancel");
    let Next::Cancel { why } = next(fetching) else {
        panic!("it fetches what was halted");
    };
    assert!(matches!(why, Wait::Halted { .. }), "{why:?}");
    // Who refuses to leave isn't asked again, and is shown nothing of it either.
    let keeps_on = after(cancelling, &[Word::CancelRefused]);
    assert_eq!(place(&keeps_on), "fetching");
    assert_eq!(name(&next(keeps_on)), "hold back");
    // Where it has fetched nothing there is nothing that it could go on with.
    let untouched = after(early, &[Word::CancelRefused]);
    for untouched in [untouched.clone(), after(untouched, &[Word::Retrieved])] {
        let stopped = Err(Wait::Halted {
            reason: reason.clone(),
        });
        assert_eq!(name(&review(&untouched, &halted, &stopped)), "withdrawn");
    }
    let mut way_back = super::offered();
    way_back.offer = back;
    assert_eq!(name(&review(&way_back, &halted, &Ok(back))), "show");
    let arrived = review(&way_back, &halted, &Err(Wait::Returned));
    assert_eq!(name(&arrived), "verified");
}

#[test]
fn an_end_is_the_last_one() {
    let closed = orders()[6].clone();
    assert_eq!(close(closed.clone(), Ending::GivenUp, at(30)), closed);
    assert_eq!(
        super::cancel(closed.clone(), Wait::Complete, at(30)),
        closed
    );
    let given_up = close(orders()[3].clone(), Ending::GivenUp, at(30));
    assert_eq!(place(&given_up), "given-up");
    assert!(!given_up.is_open());
}
