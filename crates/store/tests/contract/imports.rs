//! Parts of fleets that come from elsewhere.

use mainstay_fleet::{ClientProfile, ControllerId, Device, DeviceClient};
use mainstay_store::{Import, Registration, Store};

use super::controllers::controller;
use super::fixture::{at, device, id, kinds, register, registration, token};

/// A device of this number under a client's name.
fn gateway(n: usize, name: &str) -> Registration {
    let controller: Option<ControllerId> = Some(controller(name));
    Registration {
        controller,
        ..registration(device(n), token(n))
    }
}

fn moved(n: usize) -> Device {
    Device {
        zone: "America/Phoenix".to_owned(),
        ..device(n)
    }
}

pub async fn an_import_registers_restates_and_says_clients_at_once(store: &dyn Store) {
    register(store, 2).await;
    let old = gateway(2, "gateway-2");
    store.register_many(&[old]).await.expect("new");
    let import = Import {
        new: vec![
            gateway(3, "8c:1f:64:00:0a:21"),
            registration(device(4), token(4)),
        ],
        anew: vec![(device(1), moved(1))],
        clients: vec![
            (id(3), ClientProfile::Rauc),
            (id(2), ClientProfile::Swupdate),
        ],
        behind: Vec::new(),
    };
    store
        .import(&import, at(3))
        .await
        .expect("nothing is against it");
    for (n, expected) in [
        (0, device(0)),
        (1, moved(1)),
        (3, device(3)),
        (4, device(4)),
    ] {
        let found = store.device(&id(n)).await.expect("readable");
        assert_eq!(found, Some(expected));
    }
    assert_eq!(kinds(store, 1).await, ["restated", "registered"]);
    assert_eq!(kinds(store, 3).await, ["registered"]);
    for (n, profile) in [(2, ClientProfile::Swupdate), (3, ClientProfile::Rauc)] {
        let known = store.controller(&id(n)).await.expect("readable");
        let client = known.expect("it has a controller id").client;
        assert_eq!(client, Some(DeviceClient::chosen(Some(profile))));
    }
    let found = store.by_controller(&controller("8c:1f:64:00:0a:21")).await;
    let found = found.expect("readable").expect("registered");
    assert_eq!((found.device.id, found.token_hash), (id(3), token(3)));
    let nothing = Import::default();
    store.import(&nothing, at(4)).await.expect("nothing to do");
}

/// Whichever part of it is refused, nothing of the rest is there.
pub async fn an_import_is_there_whole_or_not_at_all(store: &dyn Store) {
    register(store, 2).await;
    let old = gateway(2, "gateway-2");
    store.register_many(&[old]).await.expect("new");
    let whole = || Import {
        new: vec![gateway(7, "gateway-7")],
        anew: vec![(device(1), moved(1))],
        clients: vec![(id(2), ClientProfile::Zephyr)],
        ..Import::default()
    };
    let spoilt = |spoil: fn(&mut Import)| {
        let mut import = whole();
        spoil(&mut import);
        import
    };
    let stale = |import: &mut Import| import.anew.push((moved(0), device(0)));
    for (import, expected) in [
        (
            spoilt(|it| it.new.push(registration(device(0), token(8)))),
            "store.already-exists",
        ),
        (
            spoilt(|it| it.new.push(registration(device(8), token(0)))),
            "store.already-exists",
        ),
        (
            spoilt(|it| it.new.push(gateway(8, "gateway-2"))),
            "store.already-exists",
        ),
        (
            spoilt(|it| it.new.push(gateway(7, "gateway-9"))),
            "store.already-exists",
        ),
        (spoilt(stale), "store.conflict"),
        (
            spoilt(|it| it.anew.push((device(9), device(9)))),
            "store.not-found",
        ),
        (
            spoilt(|it| it.clients.push((id(0), ClientProfile::Rauc))),
            "store.not-found",
        ),
        (
            spoilt(|it| it.clients.push((id(9), ClientProfile::Rauc))),
            "store.not-found",
        ),
    ] {
        let refused = store.import(&import, at(3)).await;
        assert_eq!(refused.expect_err("not all of it can be").id(), expected);
        assert_eq!(store.device(&id(7)).await.expect("readable"), None);
        let stays = store.device(&id(1)).await.expect("readable");
        assert_eq!(stays, Some(device(1)));
        assert_eq!(kinds(store, 1).await, ["registered"]);
        let known = store.controller(&id(2)).await.expect("readable");
        assert_eq!(known.expect("it has a controller id").client, None);
    }
    let taken = store.import(&whole(), at(4)).await;
    taken.expect("nothing is against it");
}

/// Two that come at once, as when somebody didn't wait for the first: one is taken in, and the other one changes nothing of it.
pub async fn of_two_imports_at_once_one_is_taken_in(here: &dyn Store, there: &dyn Store) {
    register(here, 2).await;
    let import = |token_of: usize| Import {
        new: vec![registration(device(7), token(token_of))],
        anew: vec![(device(1), moved(1)), (device(0), moved(0))],
        clients: Vec::new(),
        behind: Vec::new(),
    };
    let (one, two) = (import(7), import(8));
    let (one, two) = tokio::join!(here.import(&one, at(3)), there.import(&two, at(3)));
    assert_ne!(one.is_ok(), two.is_ok(), "{one:?} {two:?}");
    let refused = one.err().or(two.err()).expect("one of them was refused");
    assert_eq!(refused.id(), "store.already-exists");
    for n in 0..2 {
        assert_eq!(store_device(here, n).await, moved(n));
        assert_eq!(kinds(here, n).await, ["restated", "registered"]);
    }
}

async fn store_device(store: &dyn Store, n: usize) -> Device {
    let found = store.device(&id(n)).await.expect("readable");
    found.expect("registered")
}
