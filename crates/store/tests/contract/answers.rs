//! Requests with a key of their own are begun once.

use jiff::{SignedDuration, Timestamp};
use mainstay_access::{Duty, Email};
use mainstay_store::{Begun, KeptAnswer, KeyedRequest, Store};

use super::fixture::{at, person};

fn kim() -> Email {
    person("kim", Duty::Operations).email
}

async fn begin(store: &dyn Store, who: &Email, print: u8, at: Timestamp) -> Begun {
    let request = KeyedRequest {
        who,
        key: "one",
        fingerprint: [print; 32],
        at,
    };
    store.begin_answer(&request).await.expect("writable")
}

fn answer() -> KeptAnswer {
    KeptAnswer {
        status: 201,
        media_type: Some("application/json".to_owned()),
        body: Some(b"{\"id\":1}".to_vec()),
    }
}

/// Two requests with keys: one was answered, the other is at work.
pub async fn answered(store: &dyn Store) {
    let (kim, sam) = (kim(), person("sam", Duty::ReleaseManager).email);
    assert_eq!(begin(store, &kim, 1, at(0)).await, Begun::New);
    let kept = store.keep_answer(&kim, "one", &answer()).await;
    kept.expect("writable");
    assert_eq!(begin(store, &sam, 1, at(0)).await, Begun::New);
}

pub async fn a_key_is_taken_once_and_remembers_its_answer(store: &dyn Store) {
    let (kim, sam) = (kim(), person("sam", Duty::ReleaseManager).email);
    assert_eq!(begin(store, &kim, 1, at(0)).await, Begun::New);
    assert_eq!(begin(store, &kim, 1, at(1)).await, Begun::Unanswered(at(0)));
    assert_eq!(begin(store, &kim, 2, at(1)).await, Begun::Others);
    // Keys are a person's own.
    assert_eq!(begin(store, &sam, 2, at(1)).await, Begun::New);
    let kept = store.keep_answer(&kim, "one", &answer()).await;
    kept.expect("writable");
    let answered = Begun::Answered(answer());
    assert_eq!(begin(store, &kim, 1, at(2)).await, answered);
    assert_eq!(begin(store, &kim, 2, at(2)).await, Begun::Others);
    // What was answered is neither forgotten nor answered otherwise by somebody who comes late.
    store.forget_answer(&kim, "one").await.expect("writable");
    let other = KeptAnswer {
        status: 200,
        media_type: None,
        body: None,
    };
    let late = store.keep_answer(&kim, "one", &other).await;
    late.expect("writable");
    assert_eq!(begin(store, &kim, 1, at(3)).await, answered);
    let without_body = store.keep_answer(&sam, "one", &other).await;
    without_body.expect("writable");
    assert_eq!(begin(store, &sam, 2, at(3)).await, Begun::Answered(other));
}

pub async fn a_key_is_free_after_a_refusal_and_after_a_day(store: &dyn Store) {
    let kim = kim();
    assert_eq!(begin(store, &kim, 1, at(0)).await, Begun::New);
    store.forget_answer(&kim, "one").await.expect("writable");
    assert_eq!(begin(store, &kim, 2, at(0)).await, Begun::New);
    let day = SignedDuration::from_hours(24);
    assert_eq!(begin(store, &kim, 1, at(0) + day).await, Begun::Others);
    assert_eq!(begin(store, &kim, 1, at(1) + day).await, Begun::New);
}

pub async fn one_of_two_takes_a_key(here: &dyn Store, there: &dyn Store) {
    let kim = kim();
    let (one, other) = tokio::join!(begin(here, &kim, 1, at(0)), begin(there, &kim, 1, at(0)));
    let new = [&one, &other]
        .iter()
        .filter(|begun| ***begun == Begun::New)
        .count();
    assert_eq!(new, 1, "{one:?} {other:?}");
    assert!([one, other].contains(&Begun::Unanswered(at(0))));
}
