//! Devices that join by a code, over real HTTP.

use futures_util::future::join_all;
use mainstay_api::{JoinCodeView, MadeJoinCode, NewDevices, Page};
use mainstay_fleet::{Device, DeviceId};
use mainstay_protocol::{
    JOIN_PATH, Join, Joined, PAYLOADS_PATH, REPORTS_PATH, Reports, read as read_message,
};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::abuse::raw::connect;
use crate::ddi::gateway::new_gateway;
use crate::gadget::{message, register};
use crate::house::{self, House, packed, problem};
use crate::patience::until;

/// A secret of some device's own.
const SECRET: [u8; 32] = *b"0123456789abcdefghijklmnopqrstuv";

/// Makes a code of this form.
pub(super) async fn code(house: &House, wish: Value) -> MadeJoinCode {
    let (path, body) = ("/api/v1/join-codes", wish.to_string());
    let made = house
        .post(path, &house.tokens.operations, body.into_bytes())
        .await;
    assert_eq!(made.status(), StatusCode::CREATED, "{wish}");
    house::read(made).await
}

/// For any device of hardware C in Denver, so many.
pub(super) async fn plain(house: &House, uses: u32) -> String {
    let wish =
        json!({"class": "thermo-v2", "hardware": "C", "zone": "America/Denver", "uses": uses});
    code(house, wish).await.code
}

pub(super) fn question<'a>(code: &'a str, device: &'a str) -> Join<'a> {
    Join {
        secret: SECRET,
        code,
        device,
        hardware: None,
        zone: None,
        bootloader: Some("1.4.2"),
    }
}

/// Sends bytes where devices join, as one that has no token.
async fn sends(house: &House, body: Vec<u8>) -> Response {
    let request = house.http.post(format!("{}{JOIN_PATH}", house.base));
    request.body(body).send().await.unwrap()
}

async fn joins(house: &House, join: &Join<'_>) -> Response {
    sends(house, message(join)).await
}

/// The token of a device that joins.
pub(super) async fn token(house: &House, join: &Join<'_>) -> String {
    let answer = joins(house, join).await;
    assert_eq!(answer.status(), StatusCode::OK, "{join:?}");
    let bytes = answer.bytes().await.unwrap();
    hex::encode(read_message::<Joined>(&bytes).unwrap().token)
}

async fn refused(house: &House, join: &Join<'_>) -> (u16, String) {
    problem(joins(house, join).await).await
}

async fn codes(house: &House) -> Vec<JoinCodeView> {
    let page: Page<JoinCodeView> = house
        .get("/api/v1/join-codes", &house.tokens.engineer)
        .await;
    page.items
}

async fn devices(house: &House) -> usize {
    house.app.store().devices(None).await.unwrap().len()
}

/// Whether a token opens a device's door.
async fn opens(house: &House, token: &str) -> StatusCode {
    let body = message(&Reports::default());
    house.post(REPORTS_PATH, token, body).await.status()
}

#[tokio::test]
async fn a_device_joins_and_is_what_its_code_says() {
    let house = House::new().await;
    let wish =
        json!({"class": "thermo-v2", "hardware": "C", "zone": "America/Denver", "site": "depot"});
    let made = code(&house, wish).await;
    assert!(made.code.starts_with("mainstay_join_"));
    let token = token(&house, &question(&made.code, "th-7")).await;
    assert_eq!(opens(&house, &token).await, StatusCode::OK);
    let operations = &house.tokens.operations;
    let device: Device = house.get("/api/v1/devices/th-7", operations).await;
    assert_eq!((&*device.class, &*device.hardware), ("thermo-v2", "C"));
    assert_eq!(
        (&*device.zone, &*device.bootloader),
        ("America/Denver", "1.4.2")
    );
    assert_eq!(device.attributes["site"], "depot");
    let listed = codes(&house).await;
    assert_eq!((listed[0].used, listed[0].uses), (1, 1));
    let id = DeviceId::new("th-7").unwrap();
    let told = house.app.store().timeline(&id, 9).await.unwrap();
    let how = format!("joined by the code {}", made.view.name);
    assert!(told.iter().any(|entry| entry.text.starts_with(&how)));
    // A code is no token.
    assert_eq!(opens(&house, &made.code).await, StatusCode::UNAUTHORIZED);
}

/// The device asks again, as one does that was cut off: whatever became of the code, and of the server's clock.
#[tokio::test]
async fn a_lost_answer_is_heard_again() {
    let house = House::new().await;
    let code = plain(&house, 1).await;
    let join = question(&code, "th-7");
    let first = token(&house, &join).await;
    assert_eq!(token(&house, &join).await, first);
    let id = codes(&house).await[0].id.clone();
    let path = format!("/api/v1/join-codes/{id}/revoke");
    let revoked = house
        .post(&path, &house.tokens.operations, Vec::new())
        .await;
    assert_eq!(revoked.status(), StatusCode::OK);
    house.later(60 * 24 * 30);
    assert_eq!(token(&house, &join).await, first);
    assert_eq!(opens(&house, &first).await, StatusCode::OK);
    assert_eq!((codes(&house).await[0].used, devices(&house).await), (1, 1));
    // Whoever has the code but not the device's secret hears nothing of it.
    let thief = Join {
        secret: *b"vutsrqponmlkjihgfedcba9876543210",
        ..join
    };
    assert_eq!(
        refused(&house, &thief).await,
        (403, "join.revoked".to_owned())
    );
}

#[tokio::test]
async fn a_code_lets_in_whom_it_is_for_and_nobody_else() {
    let house = House::new().await;
    let once = plain(&house, 1).await;
    token(&house, &question(&once, "th-1")).await;
    let many = plain(&house, 9).await;
    let named =
        json!({"class": "thermo-v2", "device": "th-9", "hardware": "C", "zone": "America/Denver"});
    let named = code(&house, named).await.code;
    let open = code(&house, json!({"class": "thermo-v2", "days": 1}))
        .await
        .code;
    let unknown = format!("mainstay_join_{}", "0".repeat(64));
    for (join, expected) in [
        (question(&once, "th-2"), (403, "join.used-up")),
        (question(&named, "th-2"), (403, "join.another-device")),
        (question(&unknown, "th-2"), (403, "join.code")),
        (question(&once[..40], "th-2"), (403, "join.code")),
        (question("", "th-2"), (403, "join.code")),
        (question(&many, "th 2"), (400, "join.device")),
        (question(&many, "th-9"), (403, "join.name-kept")),
        (question(&many, "th-1"), (409, "store.already-exists")),
        (question(&open, "th-2"), (422, "join.unsaid")),
        (
            Join {
                hardware: Some("B"),
                ..question(&many, "th-2")
            },
            (422, "join.declared-otherwise"),
        ),
        (
            Join {
                hardware: Some("Z"),
                zone: Some("America/Denver"),
                ..question(&open, "th-2")
            },
            (422, "devices.hardware"),
        ),
        (
            Join {
                hardware: Some("B"),
                zone: Some("Mars/Base"),
                ..question(&open, "th-2")
            },
            (422, "fleet.zone"),
        ),
    ] {
        let (status, id) = refused(&house, &join).await;
        assert_eq!((status, &*id), expected, "{join:?}");
    }
    house.later(60 * 24);
    let late = refused(&house, &question(&open, "th-2")).await;
    assert_eq!(late, (403, "join.expired".to_owned()));
    assert_eq!(devices(&house).await, 1, "nobody else was registered");
    token(&house, &question(&named, "th-9")).await;
}

#[tokio::test]
async fn what_is_no_question_is_refused() {
    let house = House::new().await;
    let garbage = problem(sends(&house, b"garbage".to_vec()).await).await;
    assert_eq!(garbage.0, 400);
    let long = problem(sends(&house, vec![0; 4096]).await).await;
    assert_eq!(long, (413, "request.too-large".to_owned()));
    let code = plain(&house, 1).await;
    let undrawn = Join {
        secret: [0; 32],
        ..question(&code, "th-1")
    };
    let undrawn = refused(&house, &undrawn).await;
    assert_eq!(undrawn, (400, "join.secret".to_owned()));
    let get = house.request(Method::GET, JOIN_PATH, "").send().await;
    assert_eq!(get.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
}

/// Twenty slips are free; then whoever is there waits, and not for ever. Others behind the same address, who have a right code, don't.
#[tokio::test]
async fn who_guesses_waits() {
    let house = House::new().await;
    let code = plain(&house, 1).await;
    let wrong = |n: u8| format!("mainstay_join_{}", hex::encode([n; 32]));
    let mut statuses = Vec::new();
    for n in 0..30 {
        statuses.push(refused(&house, &question(&wrong(n), "th-1")).await);
    }
    assert!(statuses[..20].iter().all(|(status, _)| *status == 403));
    let later = (429, "access.try-later".to_owned());
    assert!(statuses[20..].iter().all(|found| *found == later));
    token(&house, &question(&code, "th-1")).await;
    let again = refused(&house, &question(&wrong(30), "th-2")).await;
    assert_eq!(again, later, "a right code makes no wrong one better");
    house.later(1);
    let again = refused(&house, &question(&wrong(30), "th-2")).await;
    assert_eq!(again, (403, "join.code".to_owned()));
}

#[tokio::test]
async fn two_at_once_make_one_device() {
    let house = House::new().await;
    // Often, for what one of them reads may be from before the other's registration in part, and from after it in part.
    for n in 1..=40 {
        let (code, name) = (plain(&house, 1).await, format!("th-{n}"));
        let join = question(&code, &name);
        let tokens = join_all((0..16).map(|_| token(&house, &join))).await;
        assert!(tokens.iter().all(|token| *token == tokens[0]));
        assert_eq!((devices(&house).await, codes(&house).await[0].used), (n, 1));
    }
    let last = plain(&house, 1).await;
    let (one, other) = (question(&last, "th-50"), question(&last, "th-51"));
    let (one, other) = tokio::join!(joins(&house, &one), joins(&house, &other));
    let mut statuses = [one.status().as_u16(), other.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
    assert_eq!(devices(&house).await, 41);
}

/// Whoever joined has nothing of others: neither their offers' payloads nor their names.
#[tokio::test]
async fn who_joined_reaches_nothing_of_others() {
    let house = House::new().await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadgets = register(&house, &["th-1", "th-2"], &old).await;
    for gadget in &mut gadgets {
        gadget.check_in(&house, &[]).await;
    }
    let code = plain(&house, 1).await;
    let token = token(&house, &question(&code, "th-7")).await;
    let new = house.built("1.1.0", 2, &[]);
    house.roll_out(&new).await;
    house.advance().await;
    house.later(1);
    let told = gadgets[0].check_in(&house, &[]).await;
    assert!(told.install.is_some(), "it is the canary's turn");
    let payload = format!("{PAYLOADS_PATH}{}", new.image_digest);
    let fetched = async |token: &str| {
        let sent = house.request(Method::GET, &payload, token).send().await;
        sent.unwrap().status()
    };
    assert_eq!(fetched(&gadgets[0].token).await, StatusCode::OK);
    assert_eq!(fetched(&token).await, StatusCode::NOT_FOUND);
    let other = code_for(&house, "th-1").await;
    assert_eq!(other, (409, "store.already-exists".to_owned()));
}

/// Else a certificate of the one would mean the other as well.
#[tokio::test]
async fn nobody_joins_as_what_another_devices_client_is_called() {
    let house = House::new().await;
    let devices = vec![new_gateway("gw-1", "B", "serial-0815")];
    let body = serde_json::to_vec(&NewDevices { devices }).unwrap();
    let made = house
        .post("/api/v1/devices", &house.tokens.operations, body)
        .await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let code = plain(&house, 1).await;
    let taken = refused(&house, &question(&code, "serial-0815")).await;
    assert_eq!(taken, (409, "store.already-exists".to_owned()));
    assert_eq!(codes(&house).await[0].used, 0);
}

/// What comes of making a code for a device that is there: it would be taken from whoever has it.
async fn code_for(house: &House, device: &str) -> (u16, String) {
    let wish = json!({"class": "thermo-v2", "device": device}).to_string();
    house
        .refused(
            "/api/v1/join-codes",
            &house.tokens.operations,
            wish.into_bytes(),
        )
        .await
}

#[tokio::test]
async fn codes_are_made_by_operations_and_within_bounds() {
    let house = House::new().await;
    let operations = &house.tokens.operations;
    let path = "/api/v1/join-codes";
    for (wish, expected) in [
        (json!({"class": "nothing"}), (422, "devices.class")),
        (
            json!({"class": "thermo-v2", "hardware": "Z"}),
            (422, "devices.hardware"),
        ),
        (
            json!({"class": "thermo-v2", "zone": "Mars/Base"}),
            (422, "fleet.zone"),
        ),
        (
            json!({"class": "thermo-v2", "bootloader": "x"}),
            (422, "devices.bootloader"),
        ),
        (json!({"class": "thermo-v2", "uses": 0}), (422, "join.uses")),
        (
            json!({"class": "thermo-v2", "days": 400}),
            (422, "join.days"),
        ),
        (
            json!({"class": "thermo-v2", "device": "th-1", "uses": 2}),
            (422, "join.one-by-name"),
        ),
        (json!({"device": "th-1"}), (400, "request.malformed")),
    ] {
        let body = wish.to_string().into_bytes();
        let (status, id) = house.refused(path, operations, body).await;
        assert_eq!((status, &*id), expected, "{wish}");
    }
    let wish = json!({"class": "thermo-v2"}).to_string().into_bytes();
    let denied = house.refused(path, &house.tokens.engineer, wish).await;
    assert_eq!(denied, (403, "access.denied".to_owned()));
    let unknown = format!("{path}/{}/revoke", "0".repeat(64));
    let unknown = house.refused(&unknown, operations, Vec::new()).await;
    assert_eq!(unknown, (404, "store.not-found".to_owned()));
    assert_eq!(codes(&house).await, []);
}

/// Anybody may ask to join, before anything is known of them: who begins and never ends takes few places, and those of nobody but who joins.
#[tokio::test]
async fn questions_that_never_end_take_few_places() {
    let house = House::new().await;
    let code = plain(&house, 1).await;
    let join = question(&code, "th-1");
    let head = format!("POST {JOIN_PATH} HTTP/1.1\r\nhost: h\r\ncontent-length: 99\r\n\r\n");
    let mut begun = Vec::new();
    // As many as one address may send at a time.
    for _ in 0..8 {
        let mut line = connect(&house).await;
        line.write_all(head.as_bytes()).await.unwrap();
        begun.push(line);
    }
    until("no place is left", async || {
        joins(&house, &join).await.status() == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    assert_eq!(problem(joins(&house, &join).await).await.1, "server.busy");
    drop(begun);
    until("there is a place", async || {
        joins(&house, &join).await.status() == StatusCode::OK
    })
    .await;
}
