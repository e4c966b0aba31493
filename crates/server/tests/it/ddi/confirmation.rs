//! An owner's consent: nothing waits for it here, and what a client says of it is kept.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::gateway::{Gateway, furnished, offered, told};
use crate::house::{self, House};

const ACTIVATE: &str = "/confirmationBase/activateAutoConfirm";
const DEACTIVATE: &str = "/confirmationBase/deactivateAutoConfirm";

async fn confirmation_base(house: &House, one: &Gateway) -> Value {
    let response = one.get(house, "/confirmationBase").await;
    assert_eq!(response.status(), StatusCode::OK);
    house::read(response).await
}

async fn posts(house: &House, one: &Gateway, rest: &str, body: &str) -> (u16, String) {
    let sent = one.request(house, Method::POST, rest);
    told(sent.body(body.to_owned()).send().await.unwrap()).await
}

fn done() -> (u16, String) {
    (200, String::new())
}

/// The names of an answer's links.
fn links(answer: &Value) -> Vec<&str> {
    let links = answer["_links"].as_object().expect("there are some");
    links.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn who_lets_everything_be_installed_is_told_so_again() {
    let (house, _, [one, other]) = furnished().await;
    let asks = confirmation_base(&house, &one).await;
    assert_eq!(asks["autoConfirm"], json!({"active": false}));
    assert_eq!(links(&asks), ["activateAutoConfirm"]);
    let href = asks["_links"]["activateAutoConfirm"]["href"].as_str();
    assert!(href.unwrap().ends_with(ACTIVATE), "{href:?}");

    let said = r#"{"initiator":"owner","remark":"at night\u0007","more":1}"#;
    assert_eq!(posts(&house, &one, ACTIVATE, said).await, done());
    let at = house.app.now().as_millisecond();
    house.later(1);
    let again = r#"{"initiator":"somebody else"}"#;
    let refused = (409, "ddi.auto-confirm-active".to_owned());
    assert_eq!(posts(&house, &one, ACTIVATE, again).await, refused);
    let active = confirmation_base(&house, &one).await;
    let expected = json!({
        "active": true,
        "initiator": "owner",
        "remark": "at night\\u{7}",
        "activatedAt": at,
    });
    assert_eq!(active["autoConfirm"], expected);
    assert_eq!(links(&active), ["deactivateAutoConfirm"]);
    let of_other = confirmation_base(&house, &other).await;
    assert_eq!(of_other["autoConfirm"], json!({"active": false}));

    for _ in 0..2 {
        assert_eq!(posts(&house, &one, DEACTIVATE, "").await, done());
    }
    assert_eq!(confirmation_base(&house, &one).await, asks);
    let malformed = (400, "request.malformed".to_owned());
    let broken = posts(&house, &one, ACTIVATE, "{oops").await;
    assert_eq!(broken, malformed);
    assert_eq!(posts(&house, &one, ACTIVATE, " ").await, done());
    let active = confirmation_base(&house, &one).await;
    assert_eq!(active["autoConfirm"]["active"], true);
    let stranger = house.http.get(format!(
        "{}/DEFAULT/controller/v1/x/confirmationBase",
        house.base
    ));
    let stranger = stranger.send().await.unwrap();
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn no_order_waits_for_an_owner() {
    let (house, _, [one, other]) = offered().await;
    let number = one.order(&house).await.number;
    let of_other = other.order(&house).await.number;
    let base: Value = house::read(one.get(&house, "").await).await;
    assert!(links(&base).contains(&"deploymentBase"), "{base}");
    assert!(!links(&base).contains(&"confirmationBase"), "{base}");
    let asked = confirmation_base(&house, &one).await;
    assert_eq!(links(&asked), ["activateAutoConfirm"]);
    for unknown in [number.to_string(), of_other.to_string(), "x".to_owned()] {
        let rest = format!("/confirmationBase/{unknown}?c=7&actionHistory=1");
        let refused = told(one.get(&house, &rest).await).await;
        assert_eq!(refused, (404, "request.not-found".to_owned()), "{unknown}");
    }
    let said = r#"{"confirmation":"denied","code":7,"details":"not tonight"}"#;
    for (order, body, expected) in [
        (number, said, (404, "ddi.not-waiting")),
        (
            number,
            r#"{"confirmation":"confirmed"}"#,
            (404, "ddi.not-waiting"),
        ),
        (
            number,
            r#"{"confirmation":"perhaps"}"#,
            (400, "request.malformed"),
        ),
        (of_other, said, (404, "request.not-found")),
    ] {
        let rest = format!("/confirmationBase/{order}/feedback");
        let told = posts(&house, &one, &rest, body).await;
        assert_eq!(told, (expected.0, expected.1.to_owned()), "{body}");
    }
    let log = house
        .app
        .store()
        .order_log(&one.id, number, 9)
        .await
        .unwrap();
    let log: Vec<_> = log
        .iter()
        .map(|entry| (&*entry.word, &*entry.details))
        .collect();
    let (nothing, no): (&[String], _) = (&[], &["not tonight".to_owned()][..]);
    assert_eq!(log, [("confirmed", nothing), ("denied", no)]);
    let page = one.page(&house).await;
    assert!(page.contains("not tonight"), "{page}");
    let of_other = house.app.store().order_log(&other.id, of_other, 9).await;
    assert!(of_other.unwrap().is_empty());
    assert!(one.is_offered(&house).await, "nothing waits");

    one.installs(&house).await;
    one.says_it_runs(&house, "1.1.0").await;
    let rest = format!("/confirmationBase/{number}/feedback");
    let over = posts(&house, &one, &rest, said).await;
    assert_eq!(over, (410, "ddi.order-closed".to_owned()));
}
