//! The document of the operator API is served as it stands on file, and nothing else is answered where it tells of problems.

use std::fs;
use std::path::Path;

use reqwest::{Method, StatusCode};

use crate::house::{House, problem};
use crate::told::check;

/// Remade by `cargo xtask openapi`, which asks for it by this variable.
#[test]
fn the_file_is_this_document() {
    const REMAKE: &str = "MAINSTAY_REMAKE_PAGE";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api/openapi.json");
    let remade = mainstay_server::openapi::text();
    if std::env::var_os(REMAKE).is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &remade).unwrap();
    } else {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text == remade, "remake it: cargo xtask openapi");
    }
}

#[tokio::test]
async fn it_is_served_to_everybody() {
    let house = House::new().await;
    let served = house
        .http
        .get(format!("{}/api/v1/openapi.json", house.base));
    let served = served.send().await.unwrap();
    assert_eq!(served.status(), StatusCode::OK);
    assert_eq!(served.headers()["content-type"], "application/json");
    assert_eq!(
        served.text().await.unwrap(),
        mainstay_server::openapi::text()
    );
}

/// Whatever stands in a path, the answer is a problem, in the form of all others.
#[tokio::test]
async fn a_name_that_is_no_text_names_nothing() {
    let house = House::new().await;
    for path in ["devices/%ff", "releases/%C3%28/why", "rollouts/%80"] {
        let path = format!("/api/v1/{path}");
        let asked = house.request(Method::GET, &path, &house.tokens.engineer);
        let answer = problem(asked.send().await.unwrap()).await;
        assert_eq!(answer, (404, "request.not-found".to_owned()), "{path}");
    }
}

#[test]
fn what_it_doesnt_tell_of_is_noticed() {
    check("/api/v1/devices/th-1/client", 409, "devices.client");
    check("/api/v1/revocations", 422, "trust.root-version");
    check("/api/v1/rollouts", 503, "store.unreachable");
    for (path, status, id) in [
        ("/api/v1/nowhere", 404, "request.not-found"),
        ("/api/v1/devices", 409, "devices.class"),
        ("/api/v1/devices", 422, "trust.root-version"),
        ("/api/v1/people", 503, "trust.root-version"),
    ] {
        let noticed = std::panic::catch_unwind(|| check(path, status, id));
        assert!(noticed.is_err(), "{path} {status} {id}");
    }
}
