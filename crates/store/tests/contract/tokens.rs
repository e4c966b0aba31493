//! Devices' tokens, once they are registered.

use mainstay_access::Duty;
use mainstay_store::{Devices, NewToken, Store, StoredReport, TimelineKind};

use super::fixture::{at, id, person, register, token};

/// The old one opens nothing from then on, and whoever had it has used up no numbers.
pub async fn another_token_takes_the_place_of_the_one_that_is_there(store: &dyn Store) {
    register(store, 2).await;
    let report = |seq| StoredReport {
        seq,
        at: at(1),
        event: "{}".to_owned(),
        text: format!("said {seq}"),
    };
    let says = async |seq| {
        let recorded = store
            .record(&id(0), None, at(1), &[report(seq)], &|_, progress, _| {
                progress
            })
            .await;
        recorded.expect("a known device")
    };
    assert_eq!(says(u32::MAX).await, u32::MAX);
    assert_eq!(says(5).await, u32::MAX, "taken for an old one");
    let another = |hash| NewToken {
        hash,
        at: at(4),
        by: person("kim", Duty::Operations).email,
        why: "its gateway was stolen".to_owned(),
    };
    let given = store.replace_token(&id(0), &another([9; 32])).await;
    given.expect("it is registered");
    for (hash, expected) in [
        (token(0), None),
        ([9; 32], Some(id(0))),
        (token(1), Some(id(1))),
    ] {
        let found = Devices::by_token_hash(store, &hash)
            .await
            .expect("readable");
        assert_eq!(found.map(|found| found.id), expected);
    }
    let told = &store.timeline(&id(0), 1).await.expect("readable")[0];
    assert_eq!((told.kind, told.at), (TimelineKind::Restated, at(4)));
    let by = person("kim", Duty::Operations).email;
    let text = format!("was given another token by {by}: its gateway was stolen");
    assert_eq!(told.text, text);
    assert_eq!(says(5).await, 5, "it counts anew");
    assert_eq!(says(5).await, 5);
    let taken = store.replace_token(&id(0), &another(token(1))).await;
    assert_eq!(taken.expect_err("th-1 has it").id(), "store.already-exists");
    let nobody = store.replace_token(&id(9), &another([8; 32])).await;
    assert_eq!(nobody.expect_err("no device").id(), "store.not-found");
    let found = Devices::by_token_hash(store, &[9; 32])
        .await
        .expect("readable");
    assert_eq!(found.map(|found| found.id), Some(id(0)));
}
