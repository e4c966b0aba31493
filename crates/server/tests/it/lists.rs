//! Lists that grow without end come by page, and a walk over all pages has each of them once.

use mainstay_api::Page;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{House, problem};
use crate::incidents::halted;

/// All lists of this kind.
const LISTS: [&str; 6] = [
    "releases",
    "rollouts",
    "incidents",
    "join-codes",
    "welcomes",
    "revoked-certificates",
];

/// The pages of a list, each by what its items say as `of`.
async fn walk(house: &House, list: &str, limit: u32, of: &str) -> Vec<String> {
    let (mut pages, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/{list}?limit={limit}{after}");
        let page: Page<Value> = house.get(&path, &house.tokens.engineer).await;
        let names = page.items.iter().map(|item| match &item[of] {
            Value::String(name) => name.clone(),
            other => other.to_string(),
        });
        pages.push(names.collect::<Vec<_>>().join(" "));
        let Some(next) = page.next else { break pages };
        after = format!("&after={next}");
    }
}

async fn refused(house: &House, list: &str, words: &str) -> (u16, String) {
    let path = format!("/api/v1/{list}?{words}");
    let asked = house.request(Method::GET, &path, &house.tokens.engineer);
    problem(asked.send().await.unwrap()).await
}

async fn made(house: &House, path: &str, wish: Value) -> Value {
    let body = wish.to_string().into_bytes();
    let made = house.post(path, &house.tokens.operations, body).await;
    assert_eq!(made.status(), StatusCode::CREATED, "{path}");
    serde_json::from_slice(&made.bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_walk_over_all_pages_has_each_release_rollout_and_incident_once() {
    let house = halted().await;
    let second = house.roll_out(&house.built("1.2.0", 3, &[])).await;
    let why = br#"{"why": "displays flicker"}"#.to_vec();
    let path = format!("/api/v1/rollouts/{second}/halt");
    let halted = house.post(&path, &house.tokens.operations, why).await;
    assert_eq!(halted.status(), StatusCode::OK);
    let third = house.built("1.3.0", 4, &[]);
    assert_eq!(house.submit(&third).await.status(), StatusCode::CREATED);
    let releases = ["thermo-v2@1.3.0", "thermo-v2@1.2.0", "thermo-v2@1.1.0"];
    assert_eq!(walk(&house, "releases", 1, "id").await, releases);
    let by_two = ["thermo-v2@1.3.0 thermo-v2@1.2.0", "thermo-v2@1.1.0"];
    assert_eq!(walk(&house, "releases", 2, "id").await, by_two);
    // A full page that is the last one says so.
    let whole = [releases.join(" ")];
    assert_eq!(walk(&house, "releases", 3, "id").await, whole);
    let rollouts = [second.to_string(), "1".to_owned()];
    assert_eq!(walk(&house, "rollouts", 1, "id").await, rollouts);
    let incidents = ["INC-2", "INC-1"];
    assert_eq!(walk(&house, "incidents", 1, "id").await, incidents);
}

#[tokio::test]
async fn codes_and_revoked_certificates_of_one_moment_come_once() {
    let house = House::new().await;
    let mut expected = Vec::new();
    for _ in 0..3 {
        let code = made(&house, "/api/v1/join-codes", json!({"class": "thermo-v2"})).await;
        expected.push(code["id"].as_str().unwrap().to_owned());
    }
    expected.sort();
    assert_eq!(walk(&house, "join-codes", 1, "id").await, expected);
    let fingerprints = ["ab", "cd", "ef"].map(|byte| byte.repeat(32));
    for fingerprint in fingerprints.iter().rev() {
        let wish = json!({"fingerprint": fingerprint, "why": "its key was copied"});
        made(&house, "/api/v1/revoked-certificates", wish).await;
    }
    let by_one = walk(&house, "revoked-certificates", 1, "fingerprint").await;
    assert_eq!(by_one, fingerprints);
}

#[tokio::test]
async fn a_page_that_cannot_be_is_refused() {
    let house = House::new().await;
    for list in LISTS {
        let empty: Page<Value> = house
            .get(&format!("/api/v1/{list}"), &house.tokens.engineer)
            .await;
        assert_eq!((empty.items.len(), empty.next), (0, None), "{list}");
        for words in ["limit=0", "limit=201", "limit=many", "page=2", "after=~"] {
            let expected = (400, "lists.page".to_owned());
            assert_eq!(
                refused(&house, list, words).await,
                expected,
                "{list} {words}"
            );
        }
    }
    for (list, unknown) in [
        ("releases", "thermo-v2@9.9.9".to_owned()),
        ("join-codes", "ab".repeat(32)),
        ("welcomes", "ab".repeat(8)),
        ("revoked-certificates", "ab".repeat(32)),
    ] {
        let expected = (400, "lists.page".to_owned());
        let words = format!("after={unknown}");
        assert_eq!(refused(&house, list, &words).await, expected, "{list}");
    }
}
