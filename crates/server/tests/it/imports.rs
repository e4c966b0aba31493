//! Devices that come from elsewhere, many at once: what becomes of each, and that it can be done again.

use mainstay_api::import::IMPORT_DEVICES_MAX;
use mainstay_api::{Becomes, ClientView, GivenToken, Import, ImportView, ImportedDevice};
use mainstay_fleet::{ClientProfile, ControllerId, Device, DeviceId, SetBy, Site};
use reqwest::StatusCode;

use crate::gadget::{message, new_device};
use crate::house::{House, problem, read};

/// As hawkBit draws them.
const TOKENS: [&str; 3] = [
    "949f1c3487125467464a960d750373c1",
    "38e6a19932b014040ba061795186514e",
    "c1d2e3f4051627384950a1b2c3d4e5f6",
];

/// A gateway of this number, with a client of hawkBit's, and the token that it has there.
fn gateway(n: usize) -> ImportedDevice {
    let mut device = new_device(&format!("gw-{n}"), "B");
    device.controller = ControllerId::parse(&format!("02:00:5e:10:00:0{n}")).ok();
    device.token = Some(GivenToken(TOKENS[n].to_owned()));
    let client = None;
    ImportedDevice { device, client }
}

fn import(devices: Vec<ImportedDevice>) -> Import {
    let why = Some("as the labels on them say".to_owned());
    Import {
        devices,
        why,
        ..Import::default()
    }
}

async fn send(house: &House, token: &str, import: &Import) -> reqwest::Response {
    let body = serde_json::to_vec(import).unwrap();
    house.post("/api/v1/imports", token, body).await
}

/// What becomes of each, by the answer to what must succeed.
async fn done(house: &House, import: &Import) -> Vec<Becomes> {
    let answer = send(house, &house.tokens.operations, import).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let view: ImportView = read(answer).await;
    assert_eq!(view.done, !import.dry_run);
    let names = import.devices.iter().map(|it| &it.device.id);
    assert!(view.devices.iter().map(|it| &it.id).eq(names));
    view.devices.into_iter().map(|it| it.becomes).collect()
}

async fn refused(house: &House, import: &Import) -> (u16, String) {
    problem(send(house, &house.tokens.operations, import).await).await
}

/// What would become of this one, alone.
async fn would_be(house: &House, device: ImportedDevice) -> Becomes {
    let asked = Import {
        dry_run: true,
        ..import(vec![device])
    };
    done(house, &asked).await.remove(0)
}

async fn device(house: &House, id: &str) -> Option<Device> {
    let id = DeviceId::new(id).unwrap();
    house.app.store().device(&id).await.unwrap()
}

/// What a poll is answered, by the token that a device had before.
async fn polled(house: &House, n: usize, token: &str) -> StatusCode {
    let url = format!("{}/DEFAULT/controller/v1/02:00:5e:10:00:0{n}", house.base);
    let poll = house.http.get(url);
    let poll = poll.header("Authorization", format!("TargetToken {token}"));
    poll.send().await.unwrap().status()
}

#[tokio::test]
async fn an_imported_device_logs_in_with_the_token_that_it_has() {
    let house = House::new().await;
    let mut rauc = gateway(1);
    rauc.client = Some(ClientProfile::Rauc);
    rauc.device.site = Site::new("store-7").ok();
    let fleet = import(vec![gateway(0), rauc]);
    let asked = Import {
        dry_run: true,
        ..fleet.clone()
    };
    assert_eq!(done(&house, &asked).await, [Becomes::New, Becomes::New]);
    assert_eq!(device(&house, "gw-0").await, None, "it was only asked");
    assert_eq!(polled(&house, 0, TOKENS[0]).await, StatusCode::UNAUTHORIZED);

    assert_eq!(done(&house, &fleet).await, [Becomes::New, Becomes::New]);
    assert_eq!(polled(&house, 0, TOKENS[0]).await, StatusCode::OK);
    assert_eq!(polled(&house, 1, TOKENS[1]).await, StatusCode::OK);
    assert_eq!(polled(&house, 1, TOKENS[0]).await, StatusCode::UNAUTHORIZED);
    let path = "/api/v1/devices/gw-1/client";
    let view: ClientView = house.get(path, &house.tokens.engineer).await;
    assert_eq!(view.client.profile, ClientProfile::Rauc);
    assert_eq!(view.client.set_by, SetBy::People);
    let site = device(&house, "gw-1").await.unwrap().site();
    assert_eq!(site, Site::new("store-7").ok());
}

/// A factory tells what its devices' tokens hash to, and nobody else ever sees them.
#[tokio::test]
async fn a_device_of_a_factorys_list_shows_the_token_that_was_burnt_in() {
    let house = House::new().await;
    let token = mainstay_server::Token::draw(&mainstay_server::SeededEntropy::new(77));
    let hashed = format!("sha256:{}", hex::encode(token.hash()));
    let mut device = new_device("th-7", "B");
    device.token = Some(GivenToken(hashed.clone()));
    let client = None;
    let list = import(vec![ImportedDevice { device, client }]);
    assert_eq!(done(&house, &list).await, [Becomes::New]);
    assert_eq!(done(&house, &list).await, [Becomes::Same]);
    let path = mainstay_protocol::REPORTS_PATH;
    let body = || message(&mainstay_protocol::Reports::default());
    let shown = house.post(path, &token.reveal(), body()).await;
    assert_eq!(shown.status(), StatusCode::OK);
    // Its hash opens nothing: neither as it stands in the list, nor alone.
    for wrong in [hashed.as_str(), &hashed[7..]] {
        let shown = house.post(path, wrong, body()).await;
        assert_eq!(shown.status(), StatusCode::UNAUTHORIZED, "{wrong}");
    }
}

/// An import that was cut off is run again: what is there is left as it is, and the rest comes.
#[tokio::test]
async fn what_is_there_already_is_left_as_it_is() {
    let house = House::new().await;
    let first = import(vec![gateway(0), gateway(1)]);
    done(&house, &first).await;
    let before = device(&house, "gw-0").await.unwrap();
    house.later(5);
    let mut all = import(vec![gateway(0), gateway(1), gateway(2)]);
    // Who says less than before takes nothing away.
    all.devices[1].device.token = None;
    all.devices[1].device.controller = None;
    let becomes = done(&house, &all).await;
    assert_eq!(becomes, [Becomes::Same, Becomes::Same, Becomes::New]);
    assert_eq!(device(&house, "gw-0").await, Some(before));
    assert_eq!(polled(&house, 1, TOKENS[1]).await, StatusCode::OK);
    let again = done(&house, &all).await;
    assert_eq!(again, [Becomes::Same, Becomes::Same, Becomes::Same]);
    let id = DeviceId::new("gw-0").unwrap();
    let timeline = house.app.store().timeline(&id, 9);
    assert_eq!(
        timeline.await.unwrap().len(),
        1,
        "it was registered, no more"
    );
}

#[tokio::test]
async fn who_is_declared_otherwise_is_declared_anew_only_if_that_is_meant() {
    let house = House::new().await;
    done(&house, &import(vec![gateway(0), gateway(1)])).await;
    let mut moved = gateway(0);
    moved.device.zone = "America/Phoenix".to_owned();
    moved
        .device
        .attributes
        .insert("floor".to_owned(), "3".to_owned());
    moved.client = Some(ClientProfile::Swupdate);
    let mut fleet = import(vec![moved.clone(), gateway(1), gateway(2)]);
    let differ = refused(&house, &fleet).await;
    assert_eq!(differ, (409, "devices.differ".to_owned()));
    assert_eq!(device(&house, "gw-2").await, None, "all or none");
    let changes = [
        "zone from America/Denver to America/Phoenix",
        "floor from nothing to 3",
        "client to swupdate",
    ];
    let changed = Becomes::Changed {
        changes: changes.map(str::to_owned).into(),
    };
    assert_eq!(would_be(&house, moved.clone()).await, changed);
    fleet.anew = true;
    let becomes = done(&house, &fleet).await;
    assert_eq!(becomes, [changed, Becomes::Same, Becomes::New]);
    assert_eq!(
        device(&house, "gw-0").await.unwrap().zone,
        "America/Phoenix"
    );
    assert_eq!(would_be(&house, moved).await, Becomes::Same);
    let id = DeviceId::new("gw-0").unwrap();
    let timeline = house.app.store().timeline(&id, 1);
    let told =
        "was declared anew: zone from America/Denver to America/Phoenix, floor from nothing to 3";
    assert_eq!(timeline.await.unwrap()[0].text, told);
}

/// A change of one device by another's hand.
type Spoil = fn(&mut ImportedDevice);

/// What is wrong with a device, told of it alone and refusing all that comes with it.
#[tokio::test]
async fn one_device_that_cant_be_imported_keeps_all_out() {
    let house = House::new().await;
    done(&house, &import(vec![gateway(0)])).await;
    let new: &[(&str, Spoil)] = &[
        ("devices.class", |it| it.device.class = "lamp-v1".to_owned()),
        ("devices.hardware", |it| it.device.hardware = "Z".to_owned()),
        ("fleet.zone", |it| it.device.zone = "EST".to_owned()),
        ("devices.bootloader", |it| {
            it.device.bootloader = "new".to_owned()
        }),
        ("devices.token", |it| {
            it.device.token = Some(GivenToken("short".to_owned()))
        }),
        ("devices.token", |it| {
            it.device.token = Some(GivenToken("0".repeat(32)))
        }),
        ("devices.token", |it| it.device.controller = None),
        ("devices.token", |it| {
            it.device.token = gateway(0).device.token
        }),
        ("devices.controller", |it| {
            it.device.controller = gateway(0).device.controller
        }),
        ("devices.client", |it| {
            it.client = Some(ClientProfile::Native)
        }),
        ("devices.registered-otherwise", |it| {
            it.device.id = gateway(0).device.id
        }),
    ];
    for (id, spoil) in new {
        let mut spoilt = gateway(1);
        spoil(&mut spoilt);
        let told = would_be(&house, spoilt.clone()).await;
        let is_told = matches!(&told, Becomes::Refused { id: told, .. } if told == id);
        assert!(is_told, "{id}: {told:?}");
        let refused = refused(&house, &import(vec![gateway(2), spoilt])).await;
        assert_eq!(refused, (422, (*id).to_owned()));
        assert_eq!(device(&house, "gw-2").await, None, "{id}");
    }
    let known: [Spoil; 3] = [
        |it| it.device.class = "lamp-v1".to_owned(),
        |it| it.device.controller = gateway(1).device.controller,
        |it| it.device.token = gateway(1).device.token,
    ];
    for spoil in known {
        let mut spoilt = gateway(0);
        spoil(&mut spoilt);
        let refused = refused(&house, &import(vec![gateway(2), spoilt])).await;
        let expected = (422, "devices.registered-otherwise".to_owned());
        assert_eq!(refused, expected);
        assert_eq!(device(&house, "gw-2").await, None);
    }
}

#[tokio::test]
async fn an_import_is_bounded_and_for_operations() {
    let house = House::new().await;
    let fleet = import(vec![gateway(0)]);
    let denied = problem(send(&house, &house.tokens.engineer, &fleet).await).await;
    assert_eq!(denied, (403, "access.denied".to_owned()));
    let many = import(vec![gateway(0); IMPORT_DEVICES_MAX + 1]);
    assert_eq!(
        refused(&house, &many).await,
        (400, "devices.too-many".to_owned())
    );
    let twice = import(vec![gateway(0), gateway(0)]);
    assert_eq!(
        refused(&house, &twice).await,
        (422, "devices.twice".to_owned())
    );
    let mut tokenless = gateway(0);
    tokenless.device.token = None;
    assert_eq!(would_be(&house, tokenless.clone()).await, Becomes::New);
    let tokenless = refused(&house, &import(vec![tokenless])).await;
    assert_eq!(tokenless, (422, "devices.token".to_owned()));
    assert_eq!(device(&house, "gw-0").await, None);
}

/// What pins a device to a client needs a reason here as at the door for a single one.
#[tokio::test]
async fn who_says_a_client_says_how_that_is_known() {
    let house = House::new().await;
    let mut rauc = gateway(0);
    rauc.client = Some(ClientProfile::Rauc);
    for why in [None, Some(" ".to_owned()), Some("x".repeat(10_000))] {
        let fleet = Import {
            why,
            ..import(vec![rauc.clone()])
        };
        let refused = refused(&house, &fleet).await;
        assert_eq!(refused, (400, "rollouts.why".to_owned()));
        assert_eq!(device(&house, "gw-0").await, None);
    }
    let reasoned = import(vec![rauc]);
    assert_eq!(done(&house, &reasoned).await, [Becomes::New]);
    // Who says nothing new of it needs no reason.
    let again = Import {
        why: None,
        ..reasoned
    };
    assert_eq!(done(&house, &again).await, [Becomes::Same]);
}

#[tokio::test]
async fn a_device_of_ours_brings_a_token_as_the_server_draws_them() {
    let house = House::new().await;
    let mut ours = gateway(0);
    ours.device.controller = None;
    let token = "0123456789abcdef".repeat(4);
    ours.device.token = Some(GivenToken(token));
    assert_eq!(
        done(&house, &import(vec![ours.clone()])).await,
        [Becomes::New]
    );
    assert_eq!(done(&house, &import(vec![ours])).await, [Becomes::Same]);
}
