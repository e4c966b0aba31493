//! Devices with other update clients.

use mainstay_fleet::{ClientProfile, ControllerId, DeviceClient, DeviceId, ReleaseDigest, SetBy};
use mainstay_rollout::order::{OrderNumber, Word, cancel};
use mainstay_rollout::{Candidate, Progress, Wait};
use mainstay_store::{
    AskedBy, Controller, HeardWord, Heeded, Known, Promise, Registration, Reported, Store,
};

use mainstay_telemetry::PastWords;

use super::fixture::{FORWARD, NEW, at, device, id, start_another, token};

pub fn controller(text: &str) -> ControllerId {
    ControllerId::parse(text).expect("a good name")
}

pub async fn register(store: &dyn Store, names: &[&str]) {
    let new = |(n, name): (usize, &&str)| Registration {
        device: device(n),
        token_hash: token(n),
        controller: Some(controller(name)),
    };
    let new: Vec<_> = names.iter().enumerate().map(new).collect();
    store.register_many(&new).await.expect("all are new");
}

async fn known(store: &dyn Store, device: &DeviceId) -> Controller {
    let known = store.controller(device).await.expect("readable");
    known.expect("it has a controller id")
}

pub async fn a_device_is_found_by_its_clients_name(store: &dyn Store) {
    register(store, &["00:1B:44:11:3A:B7", "gateway 7"]).await;
    store.register(&device(2), token(2)).await.expect("new");
    let found = store.by_controller(&controller("gateway 7")).await;
    let found = found.expect("readable").expect("registered");
    assert_eq!((&found.device, found.token_hash), (&device(1), token(1)));
    let new = Controller {
        id: controller("gateway 7"),
        client: None,
        wants_attributes: true,
        reported: None,
        version_words: None,
        auto_confirm: None,
    };
    assert_eq!(found.controller, new);
    for stranger in ["th-00002", "GATEWAY 7"] {
        let found = store.by_controller(&controller(stranger)).await;
        assert_eq!(found.expect("readable"), None, "{stranger}");
    }
    assert_eq!(store.controller(&id(2)).await.expect("readable"), None);
}

pub async fn a_taken_clients_name_registers_nobody(store: &dyn Store) {
    register(store, &["gateway-7"]).await;
    let new = |n, name| Registration {
        device: device(n),
        token_hash: token(n),
        controller: Some(controller(name)),
    };
    let wanted = [new(3, "gateway-8"), new(4, "gateway-7")];
    let error = store
        .register_many(&wanted)
        .await
        .expect_err("one is taken");
    assert_eq!(error.id(), "store.already-exists");
    assert!(
        error.to_string().contains("controller gateway-7"),
        "{error}"
    );
    assert_eq!(store.device(&id(3)).await.expect("readable"), None);
    let free = store.by_controller(&controller("gateway-8")).await;
    assert_eq!(free.expect("readable"), None);
}

pub async fn what_people_say_of_a_client_outlasts_what_is_seen(store: &dyn Store) {
    register(store, &["gateway-7"]).await;
    use ClientProfile::{Generic, Rauc, Swupdate, Zephyr};
    let (seen, said) = (SetBy::Detected, SetBy::People);
    for (by, profile, expected) in [
        (seen, Generic, (Generic, seen)),
        (seen, Swupdate, (Swupdate, seen)),
        (seen, Swupdate, (Swupdate, seen)),
        (said, Rauc, (Rauc, said)),
        (seen, Swupdate, (Rauc, said)),
        (said, Zephyr, (Zephyr, said)),
    ] {
        let noted = match by {
            SetBy::Detected => store.note_profile(&id(0), profile).await,
            SetBy::People => store.choose_profile(&id(0), Some(profile)).await,
        };
        noted.expect("it has one");
        let (profile, set_by) = expected;
        let expected = DeviceClient { profile, set_by };
        assert_eq!(known(store, &id(0)).await.client, Some(expected));
    }
    let taken_back = store.choose_profile(&id(0), None).await;
    taken_back.expect("it has one");
    let nothing = Some(DeviceClient::default());
    assert_eq!(known(store, &id(0)).await.client, nothing);
    let seen_again = store.note_profile(&id(0), Rauc).await;
    seen_again.expect("it has one");
    let rauc = Some(DeviceClient::after(None, Rauc));
    assert_eq!(known(store, &id(0)).await.client, rauc);
    for stranger in [
        store.note_profile(&id(9), Rauc).await,
        store.choose_profile(&id(9), Some(Rauc)).await,
    ] {
        assert_eq!(stranger.expect_err("no client").id(), "store.not-found");
    }
}

pub async fn version_words_and_clients_are_kept(store: &dyn Store) {
    register(store, &["gateway-7", "gateway-8"]).await;
    store.register(&device(2), token(2)).await.expect("new");
    let words = PastWords {
        last: ReleaseDigest([7; 32]),
        has_changed: true,
        ahead: false,
    };
    let kept = store.keep_version_words(&id(0), &words).await;
    kept.expect("it has a client");
    assert_eq!(known(store, &id(0)).await.version_words, Some(words));
    assert_eq!(known(store, &id(1)).await.version_words, None);
    // One that was heard at the same time, and had read the past before.
    let slower = PastWords {
        last: ReleaseDigest([6; 32]),
        has_changed: false,
        ahead: false,
    };
    let kept = store.keep_version_words(&id(0), &slower).await;
    kept.expect("it has a client");
    let both = PastWords {
        has_changed: true,
        ..slower
    };
    assert_eq!(known(store, &id(0)).await.version_words, Some(both));
    let stranger = store.keep_version_words(&id(2), &words).await;
    assert_eq!(stranger.expect_err("no client").id(), "store.not-found");
    let noted = store.note_profile(&id(1), ClientProfile::Rauc).await;
    noted.expect("it has a client");
    let rauc = Some(DeviceClient::after(None, ClientProfile::Rauc));
    // Neither of devices that nobody asked for, nor of those without a client, nor of strangers.
    for (asked, told) in [
        (vec![2, 1, 0, 9], vec![(id(0), None), (id(1), rauc)]),
        (vec![1], vec![(id(1), rauc)]),
        (vec![2, 9], vec![]),
        (vec![], vec![]),
    ] {
        let asked: Vec<_> = asked.into_iter().map(id).collect();
        let mut clients = store.clients_of(&asked).await.expect("readable");
        clients.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(clients, told);
    }
}

pub async fn who_lets_it_install_is_kept_until_that_is_taken_back(store: &dyn Store) {
    register(store, &["gateway-7", "gateway-8"]).await;
    store.register(&device(2), token(2)).await.expect("new");
    let (owner, other) = (r#"{"active":true,"initiator":"owner"}"#, "{}");
    for (who, is_news, kept) in [
        (None, false, None),
        (Some(owner), true, Some(owner)),
        (Some(other), false, Some(owner)),
        (None, true, None),
        (None, false, None),
        (Some(other), true, Some(other)),
    ] {
        let changed = store.keep_auto_confirm(&id(0), who).await;
        assert_eq!(changed.expect("it has a client"), is_news, "{who:?}");
        let known = known(store, &id(0)).await;
        assert_eq!(known.auto_confirm.as_deref(), kept, "{who:?}");
    }
    assert_eq!(known(store, &id(1)).await.auto_confirm, None);
    let stranger = store.keep_auto_confirm(&id(2), None).await;
    assert_eq!(stranger.expect_err("no client").id(), "store.not-found");
}

pub async fn attributes_are_asked_for_until_they_come(store: &dyn Store) {
    register(store, &["gateway-7"]).await;
    let (device, pair) = (id(0), |key: &str| (key.to_owned(), "1.4.2".to_owned()));
    let merge = |key: &'static str| {
        move |mut old: Reported| {
            old.extend([pair(key)]);
            old
        }
    };
    assert!(known(store, &device).await.wants_attributes);
    store
        .keep_attributes(&device, &merge("sw_version"))
        .await
        .expect("it has one");
    let after = known(store, &device).await;
    assert!(!after.wants_attributes);
    assert_eq!(after.reported, Some(Reported::from([pair("sw_version")])));
    let asked = store.ask_attributes(&device, AskedBy::ItsOwnWord).await;
    asked.expect("it has one");
    assert!(known(store, &device).await.wants_attributes);
    let both = store.keep_attributes(&device, &merge("hw")).await;
    assert_eq!(both.expect("it has one").len(), 2);
    for refused in [
        store
            .ask_attributes(&id(9), AskedBy::People)
            .await
            .expect_err("no client"),
        store
            .keep_attributes(&id(9), &merge("hw"))
            .await
            .expect_err("no client"),
    ] {
        assert_eq!(refused.id(), "store.not-found");
    }
}

/// Two devices with clients, which have told their attributes; the first has an order.
async fn first_ordered(store: &dyn Store) -> (DeviceId, OrderNumber) {
    register(store, &["gateway-7", "gateway-8"]).await;
    store.begin_order_numbers(0).await.expect("writable");
    let (rollout, device) = (start_another(store, NEW, 2).await, id(0));
    for n in 0..2 {
        let kept = store.keep_attributes(&id(n), &|old| old).await;
        kept.expect("it has one");
    }
    let promise = Promise {
        rollout: rollout.id,
        expected_generation: rollout.generation,
        expected_standing: store.standing_generation().await.expect("readable"),
        device: &device,
        offer: FORWARD,
        at: at(7),
        numbered: true,
    };
    let promised = store.promise(&promise).await.expect("nothing against it");
    (device, promised.order.expect("it was to be numbered"))
}

async fn say(store: &dyn Store, device: &DeviceId, number: OrderNumber, word: Word) {
    let stays = |_: &Heeded, _: &Candidate, progress: Progress, _: Known| progress;
    let heard = HeardWord {
        device,
        number,
        word,
        entry: None,
        running: None,
        at: at(8),
    };
    store.heed(&heard, &stays).await.expect("it is heeded");
}

pub async fn who_installed_something_is_asked_what_it_runs(store: &dyn Store) {
    let (device, number) = first_ordered(store).await;
    for (word, asks) in [
        (Word::Retrieved, false),
        (Word::FetchBegan, false),
        (Word::Installed, true),
    ] {
        say(store, &device, number, word).await;
        let known = known(store, &device).await;
        assert_eq!(known.wants_attributes, asks, "{word:?}");
    }
    assert!(!known(store, &id(1)).await.wants_attributes);
    // What it says before its restart is no answer; its word is.
    for (word, asks) in [(Word::Progress, true), (Word::Runs { release: NEW }, false)] {
        say(store, &device, number, word).await;
        let kept = store.keep_attributes(&device, &|old| old).await;
        kept.expect("it has one");
        let known = known(store, &device).await;
        assert_eq!(known.wants_attributes, asks, "{word:?}");
    }
}

/// A client may leave an order after it has installed it.
pub async fn who_was_stopped_is_asked_what_it_runs(store: &dyn Store) {
    let (device, number) = first_ordered(store).await;
    say(store, &device, number, Word::FetchBegan).await;
    let order = store.order(&device, number).await.expect("readable");
    let order = order.expect("it was promised");
    let asked = cancel(order.clone(), Wait::Complete, at(8));
    let saved = store.save_order(&device, &order, &asked, None).await;
    saved.expect("nobody was faster");
    assert!(!known(store, &device).await.wants_attributes);
    say(store, &device, number, Word::CancelAccepted).await;
    assert!(known(store, &device).await.wants_attributes);
}
