//! What those who keep a mirror are given.

use mainstay_api::PayloadView;
use reqwest::Method;

use super::{halt, header, house, plan, promised};
use crate::house::problem;

const LIST: &str = "/api/v1/payloads";

#[tokio::test]
async fn a_mirror_gets_what_devices_may_fetch_and_nothing_else() {
    let house = house(&plan("signed")).await;
    let operations = &house.tokens.operations;
    let none: Vec<PayloadView> = house.get(LIST, operations).await;
    assert_eq!(none, []);
    let (_, new) = promised(&house).await;
    // Handed in, and nobody's yet.
    let draft = house.built("1.2.0", 3, &[]);
    assert_eq!(house.submit(&draft).await.status(), 201);
    let path = format!("{LIST}/{}", draft.image_digest);
    let refused = house.request(Method::GET, &path, operations).send().await;
    let refused = problem(refused.unwrap()).await;
    assert_eq!(refused, (404, "request.not-found".to_owned()));
    let listed: Vec<PayloadView> = house.get(LIST, operations).await;
    let expected = PayloadView {
        digest: new.image_digest.to_string(),
        bytes: 1900,
        releases: vec!["thermo-v2@1.1.0".to_owned()],
    };
    assert_eq!(listed, [expected]);
    let path = format!("{LIST}/{}", new.image_digest);
    let part = house.request(Method::GET, &path, operations);
    let part = part.header("range", "bytes=1000-").send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(
        header(&part, "cache-control"),
        "private, max-age=31536000, immutable"
    );
    assert_eq!(part.bytes().await.unwrap(), new.image[1000..]);

    halt(&house).await;
    let none: Vec<PayloadView> = house.get(LIST, operations).await;
    assert_eq!(none, []);
    let gone = house.request(Method::GET, &path, operations).send().await;
    assert_eq!(problem(gone.unwrap()).await.0, 404);
}

#[tokio::test]
async fn payloads_are_for_operations() {
    let house = house(&plan("signed")).await;
    for token in [&house.tokens.engineer, &house.tokens.manager] {
        let refused = house
            .request(Method::GET, LIST, token)
            .send()
            .await
            .unwrap();
        assert_eq!(problem(refused).await, (403, "access.denied".to_owned()));
    }
}
