//! Gateways that ask in the names of the devices behind them, over real HTTP and TLS.

use std::collections::BTreeSet;

use mainstay_api::{DeviceTokens, RolloutView};
use mainstay_fleet::DeviceId;
use mainstay_protocol::{
    CHECK_IN_PATH, FOR_HEADER, JOIN_PATH, PAYLOADS_PATH, REPORTS_PATH, Report, ReportList, Reports,
};
use mainstay_server::AppConfig;
use mainstay_server::flow::{Limits, Rate};
use mainstay_server::jobs::advance_rollouts;
use mainstay_server::settings::DeviceCertificates;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};

use super::behind::{self, put};
use super::stage::{Stage, acknowledged, given, report};
use crate::gadget::{Gadget, message, new_device, register};
use crate::house::{self, House, PLAN, packed, problem};
use crate::quiet::{another, is_looked_at};
use crate::serving::listen;

fn id(name: &str) -> DeviceId {
    DeviceId::new(name).unwrap()
}

fn no_reports() -> Vec<u8> {
    message(&Reports::default())
}

/// Two gateways with a child each, th-1 and th-2, and th-3 that stands behind none. All have said what they run, each for itself.
struct Scene {
    house: House,
    /// gw-1, gw-2, th-1, th-2, th-3.
    gadgets: [Gadget; 5],
}

impl Scene {
    async fn set(house: House) -> Self {
        let old = packed(house::CLASS, "1.0.0", 1, &[]);
        let names = ["gw-1", "gw-2", "th-1", "th-2", "th-3"];
        let gadgets = register(&house, &names, &old).await;
        let mut gadgets: [Gadget; 5] = gadgets.try_into().unwrap_or_else(|_| panic!("five"));
        for (child, gateway) in [("th-1", "gw-1"), ("th-2", "gw-2")] {
            let there = put(&house, child, Some(gateway)).await;
            assert_eq!(there.status(), StatusCode::OK);
        }
        for gadget in &mut gadgets {
            gadget.check_in(&house, &[]).await;
        }
        Self { house, gadgets }
    }

    fn token<'a>(&'a self, name: &'a str) -> &'a str {
        let found = self.gadgets.iter().find(|gadget| gadget.id == name);
        found.map_or(name, |gadget| &gadget.token)
    }

    /// What is answered to reports that `who` sends in the name of `child`.
    async fn asks(&self, who: &str, child: &str) -> Response {
        let request = self.request(who, child, Method::POST, REPORTS_PATH);
        request.body(no_reports()).send().await.unwrap()
    }

    fn request(&self, who: &str, child: &str, method: Method, path: &str) -> RequestBuilder {
        let request = self.house.request(method, path, self.token(who));
        request.header(FOR_HEADER, child)
    }
}

/// From now on its gateway, which has this token, asks in its name.
pub(super) fn stands_behind(gadget: &mut Gadget, gateway: &str) {
    gateway.clone_into(&mut gadget.token);
    gadget.is_asked_for = true;
}

/// What happened to a device, the newest first.
pub(super) async fn told(house: &House, name: &str) -> Vec<String> {
    let entries = house.app.store().timeline(&id(name), 99).await.unwrap();
    entries.into_iter().map(|entry| entry.text).collect()
}

#[tokio::test]
async fn a_gateway_brings_its_children_a_whole_update() {
    let house = House::new().await;
    let (old, new) = (
        packed(house::CLASS, "1.0.0", 1, &[]),
        house.built("1.1.0", 2, &[]),
    );
    let mut gadgets = register(&house, &["gw-1", "th-1", "th-2"], &old).await;
    let gateway = gadgets[0].token.clone();
    for child in &mut gadgets[1..] {
        let there = put(&house, &child.id, Some("gw-1")).await;
        assert_eq!(there.status(), StatusCode::OK);
        stands_behind(child, &gateway);
    }
    for gadget in &mut gadgets {
        assert_eq!(gadget.check_in(&house, &[]).await.install, None);
    }
    let rollout = house.roll_out(&new).await;
    house.advance().await;
    let mut updated = Vec::new();
    for _ in 0..12 {
        house.later(60);
        for gadget in &mut gadgets {
            if gadget.check_in(&house, &[]).await.install.is_none() {
                continue;
            }
            let path = format!("{PAYLOADS_PATH}{}", new.image_digest);
            let got = gadget.request(&house, Method::GET, &path).send().await;
            let got = got.unwrap();
            assert_eq!(got.status(), StatusCode::OK, "{}", gadget.id);
            assert_eq!(got.bytes().await.unwrap(), new.image);
            gadget.update_to(&house, &new).await;
            updated.push(gadget.id.clone());
        }
        house.advance().await;
    }
    updated.sort();
    assert_eq!(updated, ["gw-1", "th-1", "th-2"]);
    let rollout = format!("/api/v1/rollouts/{rollout}");
    let view: RolloutView = house.get(&rollout, &house.tokens.engineer).await;
    assert_eq!(view.phase, "complete", "{view:?}");
    // Whose word it is stands beside each: four reports, and what the child ran at first and then.
    for (name, expected) in [("th-1", 6), ("th-2", 6), ("gw-1", 0)] {
        let told = told(&house, name).await;
        let through = told.iter().filter(|it| it.ends_with(", said through gw-1"));
        assert_eq!(through.count(), expected, "{told:#?}");
        let confirmed = told.iter().any(|it| it.contains("confirmed 1.1.0"));
        assert!(confirmed, "{told:#?}");
    }
}

/// At every place, and whoever the child is: theirs, another's, nobody's, the gateway itself, one that there isn't.
#[tokio::test]
async fn a_gateway_asks_for_those_behind_it_and_for_nobody_else() {
    let mut scene = Scene::set(House::new().await).await;
    let body = scene.gadgets[2].check_in_message(&[]);
    let payload = format!("{PAYLOADS_PATH}{}", "5f".repeat(32));
    let places = [
        (Method::POST, CHECK_IN_PATH, Some(body), 200),
        (Method::POST, REPORTS_PATH, Some(no_reports()), 200),
        (Method::GET, payload.as_str(), None, 404),
    ];
    let stranger = "0".repeat(64);
    let kim = scene.house.tokens.operations.clone();
    let not_its = Some((403, "gateway.not-its-child"));
    let unknown = Some((401, "auth.token"));
    let bad = Some((400, "gateway.header"));
    for (who, child, expected) in [
        ("gw-1", "th-1", None),
        ("gw-2", "th-2", None),
        ("gw-1", "th-2", not_its),
        ("gw-1", "th-3", not_its),
        ("gw-1", "nobody", not_its),
        ("gw-1", "gw-1", not_its),
        ("gw-1", "gw-2", not_its),
        ("th-1", "th-1", not_its),
        ("th-1", "gw-1", not_its),
        ("th-3", "th-1", not_its),
        (stranger.as_str(), "th-1", unknown),
        (stranger.as_str(), "nobody", unknown),
        (kim.as_str(), "th-1", unknown),
        ("gw-1", "", bad),
        ("gw-1", "th-1, th-1", bad),
        ("gw-1", "th 1", bad),
        ("gw-1", "../th-1", bad),
    ] {
        for (method, path, body, its) in &places {
            let request = scene.request(who, child, method.clone(), path);
            let request = body.iter().fold(request, |it, body| it.body(body.clone()));
            let answer = request.send().await.unwrap();
            let Some((status, problem_id)) = expected else {
                assert_eq!(answer.status().as_u16(), *its, "{who} for {child}: {path}");
                continue;
            };
            let told = problem(answer).await;
            assert_eq!(
                told,
                (status, problem_id.to_owned()),
                "{who} for {child}: {path}"
            );
        }
    }
    // Nothing in the answer tells whether there is such a device.
    let known = scene.asks("gw-1", "th-3").await.text().await;
    let unknown = scene.asks("gw-1", "nobody").await.text().await;
    assert_eq!(known.unwrap(), unknown.unwrap());
}

#[tokio::test]
async fn a_child_is_named_once_and_joins_by_itself() {
    let scene = Scene::set(House::new().await).await;
    let gateway = scene.token("gw-1");
    for path in [CHECK_IN_PATH, REPORTS_PATH] {
        let request = scene.request("gw-1", "th-1", Method::POST, path);
        let twice = request.header(FOR_HEADER, "th-1").body(no_reports());
        let twice = problem(twice.send().await.unwrap()).await;
        assert_eq!(twice, (400, "gateway.header".to_owned()));
    }
    let joins = scene.request("gw-1", "th-1", Method::POST, JOIN_PATH);
    let joins = problem(joins.body(no_reports()).send().await.unwrap()).await;
    assert_eq!(joins, (400, "gateway.not-here".to_owned()));
    // A child's own token goes on, with nothing said of another device, and so does the gateway's.
    for token in [scene.token("th-1"), gateway] {
        let own = scene.house.post(REPORTS_PATH, token, no_reports()).await;
        assert_eq!(own.status(), StatusCode::OK);
    }
}

/// What is said in a child's name is the child's, and the gateway has no part of it.
#[tokio::test]
async fn a_word_in_a_childs_name_is_the_childs() {
    let mut scene = Scene::set(House::new().await).await;
    scene.house.later(10);
    let reports = ReportList([report()].into_iter().collect());
    let request = scene.request("gw-1", "th-1", Method::POST, REPORTS_PATH);
    let told_it = request.body(message(&Reports { reports })).send().await;
    assert_eq!(acknowledged(told_it.unwrap()).await, 1);
    let again: &[Report] = &[report()];
    assert_eq!(scene.gadgets[2].send(&scene.house, again).await, 1);
    assert_eq!(scene.gadgets[0].send(&scene.house, &[]).await, 0);
    assert_eq!(scene.gadgets[3].send(&scene.house, &[]).await, 0);
    let told = told(&scene.house, "th-1").await;
    assert!(told[0].ends_with(", said through gw-1"), "{told:?}");
    // The gateway was heard of above, and isn't by asking for its child.
    scene.house.later(10);
    let at = scene.house.app.now();
    let gateway = scene.token("gw-1").to_owned();
    stands_behind(&mut scene.gadgets[2], &gateway);
    scene.gadgets[2].check_in(&scene.house, &[]).await;
    scene.house.app.flush_last_seen().await;
    for (name, is_now) in [("th-1", true), ("gw-1", false)] {
        let device = scene.house.app.store().device(&id(name)).await;
        let seen = device.unwrap().unwrap().last_seen;
        assert_eq!(seen == Some(at), is_now, "{name}: {seen:?}");
    }
}

/// On the connection that is open, here and at another server, also where the child is known to have nothing to do.
#[tokio::test]
async fn what_is_taken_back_counts_from_the_next_request_on() {
    let mut scene = Scene::set(House::unfelt(PLAN).await).await;
    scene.house.app.feel_pulse().await.unwrap();
    let own = scene.token("th-1").to_owned();
    let gateway = scene.token("gw-1").to_owned();
    stands_behind(&mut scene.gadgets[2], &gateway);
    let (child, house) = (2, &scene.house);
    for _ in 0..2 {
        scene.gadgets[child].check_in(house, &[]).await;
    }
    // It is remembered by now: its own token is answered without a look, its gateway's never.
    let body = scene.gadgets[child].check_in_message(&[]);
    let by_itself = house.request(Method::POST, CHECK_IN_PATH, &own);
    assert!(!is_looked_at(house, by_itself.body(body.clone())).await);
    let by_gateway = || {
        let request = scene.gadgets[child].request(house, Method::POST, CHECK_IN_PATH);
        request.body(body.clone())
    };
    assert!(is_looked_at(house, by_gateway()).await);
    let there = listen(another(house).await).await;
    let elsewhere = || {
        let request = house.http.post(format!("{there}{CHECK_IN_PATH}"));
        let request = request.bearer_auth(&gateway).header(FOR_HEADER, "th-1");
        request.body(body.clone())
    };
    for (behind, expected) in [(None, 403), (Some("gw-1"), 200), (Some("gw-2"), 403)] {
        let moved = put(house, "th-1", behind).await;
        assert_eq!(moved.status(), StatusCode::OK);
        for request in [by_gateway(), elsewhere()] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), expected, "{behind:?}");
        }
        let by_itself = house.post(CHECK_IN_PATH, &own, body.clone()).await;
        assert_eq!(by_itself.status(), StatusCode::OK);
    }
}

/// Its gateway asks all the while: it hears of the offer when any device would, from this server's step and from another's.
#[tokio::test]
async fn a_child_that_becomes_due_is_told_as_soon_as_any_device() {
    for elsewhere in [false, true] {
        let house = House::unfelt(PLAN).await;
        let old = packed(house::CLASS, "1.0.0", 1, &[]);
        let mut gadgets = register(&house, &["th-1", "th-2"], &old).await;
        for gadget in &mut gadgets {
            gadget.check_in(&house, &[]).await;
        }
        // One step opens its first wave, with both of them: the gateway comes too late.
        house.roll_out(&house.built("1.1.0", 2, &[])).await;
        let gateway = vec![new_device("gw-1", "B")];
        let made: DeviceTokens = house::read(behind::register(&house, gateway).await).await;
        for gadget in &mut gadgets {
            let there = put(&house, &gadget.id, Some("gw-1")).await;
            assert_eq!(there.status(), StatusCode::OK);
            stands_behind(gadget, &made.devices[0].token);
        }
        let there = another(&house).await;
        house.app.feel_pulse().await.unwrap();
        for _ in 0..2 {
            assert_eq!(gadgets[0].check_in(&house, &[]).await.install, None);
        }
        if elsewhere {
            advance_rollouts::run(&there, there.now()).await.unwrap();
            house.later(1);
            assert_eq!(gadgets[0].check_in(&house, &[]).await.install, None);
            house.app.feel_pulse().await.unwrap();
        } else {
            house.advance().await;
            house.later(1);
        }
        let told = gadgets[0].check_in(&house, &[]).await;
        assert!(told.install.is_some(), "elsewhere: {elsewhere}: {told:?}");
    }
}

/// Each child has what one device has, however many its gateway speaks for; who goes through names that aren't its has what the gateway has.
#[tokio::test]
async fn a_gateway_is_held_to_what_each_of_its_children_is() {
    let limits = Limits {
        device: Some(Rate::per_second(1)),
        address: Some(Rate::per_second(1)),
    };
    let config = AppConfig {
        limits,
        ..AppConfig::default()
    };
    let scene = Scene::set(House::told(config).await).await;
    let third = put(&scene.house, "th-3", Some("gw-1")).await;
    assert_eq!(third.status(), StatusCode::OK);
    // Fifteen each, thirty of one gateway: more than one device may at once.
    for child in ["th-1", "th-3"].repeat(15) {
        assert_eq!(scene.asks("gw-1", child).await.status(), StatusCode::OK);
    }
    let until_limited = async |child: &str| {
        for _ in 0..60 {
            let answer = scene.asks("gw-1", child).await;
            if answer.status() == StatusCode::TOO_MANY_REQUESTS {
                return problem(answer).await.1;
            }
        }
        panic!("{child} has no limit");
    };
    assert_eq!(until_limited("th-1").await, "flow.device");
    assert_eq!(until_limited("nobody").await, "flow.device");
    // Nor do guesses beside it touch a gateway that is known.
    let mut refusals = BTreeSet::new();
    for nth in 0..60 {
        let guess = format!("{nth:064x}");
        let (_, id) = problem(scene.asks(&guess, "th-3").await).await;
        refusals.insert(id);
    }
    assert!(refusals.contains("flow.address"), "{refusals:?}");
    let answer = scene.asks("gw-1", "th-3").await;
    assert_eq!(answer.status(), StatusCode::OK);
}

async fn problem_or_ok(answer: Response) -> String {
    match answer.status() {
        StatusCode::OK => String::new(),
        _ => problem(answer).await.1,
    }
}

#[tokio::test]
async fn where_certificates_are_required_a_gateway_shows_its_own() {
    let stage = Stage::set(DeviceCertificates::Required).await;
    let house = &stage.house;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let gadgets = register(house, &["gw-1", "th-1", "th-2"], &old).await;
    let there = put(house, "th-1", Some("gw-1")).await;
    assert_eq!(there.status(), StatusCode::OK);
    let papers = given(&stage.devices, "gw-1");
    let gateway = stage.device(&papers);
    let url = format!("{}{REPORTS_PATH}", house.base);
    let asks = async |client: &Client, token: Option<&str>, child: &str| {
        let request = client.post(&url).header(FOR_HEADER, child);
        let request = token.into_iter().fold(request, RequestBuilder::bearer_auth);
        let answer = request.body(no_reports()).send().await.unwrap();
        (answer.status().as_u16(), problem_or_ok(answer).await)
    };
    let good = (200, String::new());
    assert_eq!(asks(&gateway, None, "th-1").await, good);
    let not_its = (403, "gateway.not-its-child".to_owned());
    assert_eq!(asks(&gateway, None, "th-2").await, not_its);
    // No token takes a certificate's place, neither the gateway's nor the child's.
    let no_certificate = (401, "auth.certificate".to_owned());
    for gadget in &gadgets[..2] {
        let token = Some(gadget.token.as_str());
        assert_eq!(asks(&house.http, token, "th-1").await, no_certificate);
    }
    let other = stage.device(&given(&stage.devices, "th-2"));
    assert_eq!(asks(&other, None, "th-1").await, not_its);
    // Nor does a good one of somebody else: on the connection that is open.
    assert_eq!(stage.revoke(&papers).await.status(), StatusCode::CREATED);
    assert_eq!(asks(&gateway, None, "th-1").await, no_certificate);
}
