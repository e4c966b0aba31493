//! Codes of a second factor: used once, counted wherever they are typed, and what a session is after them.
//!
//! The codes are those of RFC 6238, appendix B, cut to six digits.

use jiff::{SignedDuration, Timestamp};
use mainstay_access::{Account, CodeRefusal, Means, Role, Session, SessionStanding};
use mainstay_store::Store;
use mainstay_store::sessions::CODE_MISSING_MAX;

use super::accounts::{account, factor, hash, invitation, is_signed_in, made};

/// Of step 37,037,036 and the one after it, both good at [`now`].
const CODES: [&str; 2] = ["081804", "050471"];
/// Of no step near [`now`].
const WRONG: &str = "287082";

fn now() -> Timestamp {
    Timestamp::from_second(1_111_111_111).expect("a constant")
}

fn later(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

fn kim() -> Account {
    Account {
        second_factor: Some(factor(5)),
        ..account("kim", Role::Operations)
    }
}

async fn signed_in(store: &dyn Store, n: usize, at: Timestamp) {
    let session = Session::begin(hash(n), kim().email, Means::Password, at);
    let added = store.add_session(&session, &kim().password).await;
    added.expect("an open account");
}

async fn shown(store: &dyn Store, n: usize, code: &str, at: Timestamp) -> Result<(), CodeRefusal> {
    let shown = store.show_code(&hash(n), code, &hash(n + 1_000), at).await;
    shown.expect("it asks for a code")
}

async fn standing(store: &dyn Store, n: usize) -> Option<SessionStanding> {
    let found = store.session(&hash(n), now()).await.expect("readable");
    found.map(|(session, account)| session.standing(&account, now()))
}

pub async fn a_code_is_used_once_and_in_its_session(store: &dyn Store) {
    made(store, 1, &kim()).await;
    signed_in(store, 10, now()).await;
    signed_in(store, 11, now()).await;
    let newer_first = [
        (10, "05047", Err(CodeRefusal::Malformed)),
        (10, CODES[1], Ok(())),
        (11, CODES[1], Err(CodeRefusal::Used)),
        (11, CODES[0], Err(CodeRefusal::Used)),
    ];
    for (n, code, expected) in newer_first {
        assert_eq!(shown(store, n, code, now()).await, expected, "{n} {code}");
    }
    assert_eq!(
        standing(store, 11).await,
        Some(SessionStanding::CodeMissing)
    );
    let found = store.account(&kim().email).await.expect("readable");
    assert_eq!(
        found.and_then(|kim| kim.second_factor),
        Some(factor(37_037_037))
    );
    let stranger = store.show_code(&hash(12), CODES[1], &hash(13), now()).await;
    assert_eq!(stranger.expect_err("no session").id(), "store.not-found");
}

/// Whoever planted a session's secret in the owner's browser has none once the owner has typed their code into it.
pub async fn a_session_has_another_secret_once_it_is_whole(store: &dyn Store) {
    made(store, 1, &kim()).await;
    signed_in(store, 10, now()).await;
    assert_eq!(
        standing(store, 10).await,
        Some(SessionStanding::CodeMissing)
    );
    assert_eq!(shown(store, 10, CODES[0], now()).await, Ok(()));
    assert_eq!(standing(store, 10).await, None);
    assert_eq!(standing(store, 1_010).await, Some(SessionStanding::Whole));
    assert_eq!(shown(store, 1_010, CODES[1], now()).await, Ok(()));
    assert_eq!(standing(store, 1_010).await, None);
    assert_eq!(standing(store, 2_010).await, Some(SessionStanding::Whole));
}

pub async fn a_session_ends_with_its_fifth_wrong_code(store: &dyn Store) {
    made(store, 1, &kim()).await;
    signed_in(store, 10, now()).await;
    for n in 1..=5 {
        assert!(is_signed_in(store, 10, now()).await, "before code {n}");
        assert_eq!(
            shown(store, 10, "x", now()).await,
            Err(CodeRefusal::Malformed)
        );
        assert_eq!(
            shown(store, 10, WRONG, now()).await,
            Err(CodeRefusal::Wrong)
        );
    }
    assert!(!is_signed_in(store, 10, now()).await);
    let right = store.show_code(&hash(10), CODES[1], &hash(11), now()).await;
    assert_eq!(right.expect_err("it has ended").id(), "store.not-found");
}

/// From wherever the password is shown again for it: the twenty-first wrong code in a row waits, and the owner's waits with it,
/// since this is somebody who has the password. Nothing that one person gives the account ends that.
pub async fn an_account_waits_after_twenty_wrong_codes(store: &dyn Store) {
    made(store, 1, &kim()).await;
    for round in 0..4 {
        signed_in(store, 10 + round, now()).await;
        for _ in 0..5 {
            assert_eq!(
                shown(store, 10 + round, WRONG, now()).await,
                Err(CodeRefusal::Wrong)
            );
        }
    }
    signed_in(store, 20, now()).await;
    let until = later(1);
    for _ in 0..9 {
        let early = shown(store, 20, CODES[1], now()).await;
        assert_eq!(early, Err(CodeRefusal::TooEarly { until }));
    }
    assert_eq!(
        shown(store, 20, WRONG, until).await,
        Err(CodeRefusal::Wrong)
    );
    let until = later(3);
    let early = shown(store, 20, CODES[1], later(2)).await;
    assert_eq!(early, Err(CodeRefusal::TooEarly { until }));

    let ole = account("ole", Role::Operations);
    made(store, 2, &ole).await;
    let session = Session::begin(hash(30), ole.email.clone(), Means::Password, now());
    let added = store.add_session(&session, &ole.password).await;
    added.expect("an open account");
    let kims = invitation(3, &kim(), now());
    let link = mainstay_access::SetupLink::invitation(hash(3), kim().email, kims.role, &ole, now());
    let link = link.expect("operations may");
    let added = store.add_setup_link(&link, Some(&hash(30))).await;
    added.expect("his own session");
    let anew = account("kim", Role::Operations);
    let used = store.use_setup_link(&hash(3), &anew, now()).await;
    used.expect("the same duty");
    signed_in(store, 21, now()).await;
    let early = shown(store, 21, CODES[1], later(2)).await;
    assert_eq!(early, Err(CodeRefusal::TooEarly { until }));
}

pub async fn a_right_code_forgets_the_wrong_ones(store: &dyn Store) {
    made(store, 1, &kim()).await;
    for (round, code) in (0..).zip(CODES) {
        for session in 0..4 {
            let n = 10 + 10 * round + session;
            signed_in(store, n, now()).await;
            for _ in 0..4 {
                assert_eq!(shown(store, n, WRONG, now()).await, Err(CodeRefusal::Wrong));
            }
            if session == 3 {
                assert_eq!(shown(store, n, code, now()).await, Ok(()), "{round}");
            }
        }
    }
}

/// Who has only the password signs in again and again: that ends sessions of their own kind alone.
pub async fn sessions_without_a_code_push_out_no_whole_one(store: &dyn Store) {
    made(store, 1, &kim()).await;
    signed_in(store, 10, now()).await;
    assert_eq!(shown(store, 10, CODES[0], now()).await, Ok(()));
    let count = 30;
    for n in 0..count {
        let at = now() + SignedDuration::from_secs(n as i64);
        signed_in(store, 100 + n, at).await;
    }
    assert_eq!(standing(store, 1_010).await, Some(SessionStanding::Whole));
    let stays = count - CODE_MISSING_MAX as usize;
    for n in 0..count {
        let is_there = is_signed_in(store, 100 + n, later(1)).await;
        assert_eq!(is_there, n >= stays, "{n}");
    }
}
