//! Which devices stand behind a gateway, and who asks in whose name.

use mainstay_access::{JoinCode, JoinTerms};
use mainstay_fleet::DeviceId;
use mainstay_store::{AsksFor, Children, Import, JoinFailure, Store, StoreError, StoredReport};

use super::accounts::hash;
use super::fixture::{at, device, id, register, registration, token};
use super::joining::code;

/// What is tried so often was no luck.
const ROUNDS: usize = 8;

fn behind(child: usize, gateway: Option<usize>) -> Import {
    Import {
        behind: vec![(id(child), gateway.map(id))],
        ..Import::default()
    }
}

/// Puts a device behind a gateway, or behind none.
pub async fn put(
    store: &dyn Store,
    child: usize,
    gateway: Option<usize>,
) -> Result<(), StoreError> {
    store.import(&behind(child, gateway), at(3)).await
}

async fn refused(store: &dyn Store, child: usize, gateway: Option<usize>) -> &'static str {
    let refused = put(store, child, gateway).await;
    refused.expect_err("it mayn't").id()
}

/// Whose token it is, and what it is told of a child; none of a stranger.
async fn asks(store: &dyn Store, who: usize, child: &DeviceId) -> Option<(DeviceId, bool)> {
    let asks = store.asks_for(&token(who), child).await.expect("readable");
    asks.map(
        |AsksFor {
             gateway,
             child_token,
         }| (gateway, child_token.is_some()),
    )
}

async fn gateway_of(store: &dyn Store, n: usize) -> Option<DeviceId> {
    store.gateway_of(&id(n)).await.expect("readable")
}

pub async fn a_gateway_asks_for_those_behind_it_alone(store: &dyn Store) {
    register(store, 5).await;
    for (child, gateway) in [(1, 0), (2, 0), (4, 3)] {
        put(store, child, Some(gateway)).await.expect("it may");
    }
    let nobody = DeviceId::new("nobody").expect("a good name");
    for (who, child, is_its) in [
        (0, id(1), true),
        (0, id(2), true),
        (0, id(4), false),
        (0, id(3), false),
        (0, id(0), false),
        (0, nobody.clone(), false),
        (3, id(4), true),
        (3, id(1), false),
        (1, id(1), false),
        (1, id(0), false),
        (1, id(2), false),
    ] {
        let found = asks(store, who, &child).await;
        assert_eq!(found, Some((id(who), is_its)), "{who} for {child}");
    }
    assert_eq!(asks(store, 9, &id(1)).await, None, "nobody has the token");
    let found = store.asks_for(&token(0), &id(2)).await.expect("readable");
    assert_eq!(found.and_then(|found| found.child_token), Some(token(2)));
}

pub async fn who_stands_behind_whom_is_told_and_kept_once(store: &dyn Store) {
    register(store, 4).await;
    assert_eq!(gateway_of(store, 1).await, None);
    for gateway in [Some(0), Some(0), Some(2), None, None] {
        put(store, 1, gateway).await.expect("it may");
        assert_eq!(gateway_of(store, 1).await, gateway.map(id));
    }
    let told = store.timeline(&id(1), 9).await.expect("readable");
    let told: Vec<_> = told.into_iter().rev().map(|entry| entry.text).collect();
    let (one, other) = (id(0), id(2));
    assert_eq!(
        told,
        [
            "was registered".to_owned(),
            format!("was put behind the gateway {one}"),
            format!("was put behind the gateway {other}, and is no more behind {one}"),
            format!("is no more behind the gateway {other}"),
        ]
    );
    for child in [3, 1] {
        put(store, child, Some(0)).await.expect("it may");
    }
    let children = async |most| {
        let found = store.children_of(&id(0), most).await;
        found.expect("readable")
    };
    let both = Children {
        first: vec![id(1), id(3)],
        all: 2,
    };
    assert_eq!(children(9).await, both);
    let first = Children {
        first: vec![id(1)],
        all: 2,
    };
    assert_eq!(children(1).await, first);
    let none = store.children_of(&id(1), 9).await.expect("readable");
    assert_eq!(none, Children::default());
}

/// A device and its gateway may come in one import, and part of one that can't be leaves nothing of the rest.
pub async fn no_chain_is_made(store: &dyn Store) {
    register(store, 4).await;
    put(store, 1, Some(0)).await.expect("it may");
    for (child, gateway, expected) in [
        (2, 2, "gateway.itself"),
        (2, 99, "gateway.unknown"),
        (2, 1, "gateway.is-behind-another"),
        (0, 2, "gateway.has-children"),
        (99, 0, "store.not-found"),
    ] {
        let found = refused(store, child, Some(gateway)).await;
        assert_eq!(found, expected, "{child} behind {gateway}");
    }
    assert_eq!(refused(store, 99, None).await, "store.not-found");
    let import = |gateway: usize| Import {
        new: vec![
            registration(device(7), token(7)),
            registration(device(8), token(8)),
        ],
        behind: vec![(id(7), Some(id(8))), (id(8), Some(id(gateway)))],
        ..Import::default()
    };
    let chain = store.import(&import(0), at(3)).await;
    assert_eq!(chain.expect_err("a chain").id(), "gateway.has-children");
    assert_eq!(store.device(&id(7)).await.expect("readable"), None);
    let good = Import {
        behind: vec![(id(7), Some(id(8)))],
        ..import(0)
    };
    store.import(&good, at(3)).await.expect("it may");
    assert_eq!(gateway_of(store, 7).await, Some(id(8)));
    assert_eq!(gateway_of(store, 1).await, Some(id(0)));
    // What ended stands in nobody's way.
    put(store, 1, None).await.expect("it may");
    put(store, 0, Some(1)).await.expect("it may");
}

/// What it reported through the gateway stays, and keeps it from being heard no longer.
pub async fn who_leaves_a_gateway_counts_its_reports_anew(store: &dyn Store) {
    register(store, 3).await;
    let says = async |seq| {
        let report = StoredReport {
            seq,
            at: at(4),
            event: "{}".to_owned(),
            text: format!("said {seq}"),
        };
        let recorded = store
            .record(&id(1), None, at(4), &[report], &|_, progress, _| progress)
            .await;
        recorded.expect("a known device")
    };
    assert_eq!(says(3).await, 3);
    put(store, 1, Some(0)).await.expect("it may");
    assert_eq!(says(2).await, 3, "coming takes nothing back");
    for gateway in [Some(2), None] {
        assert_eq!(says(9_000).await, 9_000);
        assert_eq!(says(4).await, 9_000);
        put(store, 1, gateway).await.expect("it may");
        assert_eq!(says(4).await, 4);
    }
    put(store, 1, None).await.expect("it may");
    assert_eq!(says(3).await, 4, "nothing changed");
}

pub async fn who_joins_by_a_code_stands_behind_its_gateway(store: &dyn Store) {
    register(store, 2).await;
    let made = JoinCode {
        terms: JoinTerms {
            gateway: Some(id(0).to_string()),
            ..code(1, 2).terms
        },
        ..code(1, 2)
    };
    store.add_join_code(&made).await.expect("new");
    let joins = async |n: usize| {
        store
            .join(&hash(1), &registration(device(n), token(n)))
            .await
    };
    joins(5).await.expect("it is admitted");
    assert_eq!(gateway_of(store, 5).await, Some(id(0)));
    // Meanwhile the gateway is none any more.
    put(store, 5, None).await.expect("it may");
    put(store, 0, Some(1)).await.expect("it may");
    match joins(6).await {
        Err(JoinFailure::Store(error)) => assert_eq!(error.id(), "gateway.is-behind-another"),
        other => panic!("{other:?}"),
    }
    assert_eq!(store.device(&id(6)).await.expect("readable"), None);
    let kept = store.join_code(&hash(1)).await.expect("readable");
    assert_eq!(kept.expect("it was added").used, 1, "no use is taken");
}

pub async fn what_is_taken_back_on_one_server_counts_on_the_other(
    here: &dyn Store,
    there: &dyn Store,
) {
    register(here, 2).await;
    for gateway in [Some(0), None, Some(0)] {
        put(here, 1, gateway).await.expect("it may");
        let found = asks(there, 0, &id(1)).await;
        assert_eq!(found, Some((id(0), gateway.is_some())));
    }
}

/// Each may be, and both together would be a chain: whoever comes second sees what the first one did.
pub async fn of_two_links_of_a_chain_one_is_made(here: &dyn Store, there: &dyn Store) {
    register(here, 3 * ROUNDS).await;
    for first in (0..ROUNDS).map(|round| 3 * round) {
        let (one, other) = tokio::join!(
            put(here, first, Some(first + 1)),
            put(there, first + 1, Some(first + 2)),
        );
        assert_ne!(one.is_ok(), other.is_ok(), "{one:?} {other:?}");
        let refused = one.err().or(other.err()).expect("one of them was refused");
        let id = refused.id();
        let known = ["gateway.is-behind-another", "gateway.has-children"];
        assert!(known.contains(&id), "{id}");
    }
}
