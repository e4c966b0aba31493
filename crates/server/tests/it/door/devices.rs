//! Where devices are answered, asked by people; and where people are, asked by a device. Read [`no_person_is_a_device`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use mainstay_access::{ApiToken, ApiTokenWish, Email, Permission, Role, Secret, SecretKind};
use mainstay_server::places::{Credential, Whom};
use reqwest::header::AUTHORIZATION;
use reqwest::{Method, RequestBuilder, Response, StatusCode};

use super::browser::Browser;
use super::everybody::everybody;
use crate::house::House;
use crate::rows::{Row, Stocked, joins_with_a_wrong_code, rows};

/// Each way in which a client shows a secret of `name`'s.
fn ways(name: &str, secret: &str) -> [String; 4] {
    let basic = STANDARD.encode(format!("{name}:{secret}"));
    [
        format!("Bearer {secret}"),
        format!("TargetToken {secret}"),
        format!("GatewayToken {secret}"),
        format!("Basic {basic}"),
    ]
}

/// The token of a program of somebody who was signed in as the `n`th of all.
async fn program(house: &House, n: u8, role: Role) -> String {
    let (store, now) = (house.app.store(), house.app.now());
    let email = Email::new(&format!("every-{role}@northwind.example")).unwrap();
    let account = store.account(&email).await.unwrap().unwrap();
    let secret = Secret::new(SecretKind::ApiToken, [n; 32]);
    let wish = ApiTokenWish {
        name: "a program".to_owned(),
        scope: [Permission::Read].into(),
        expires: now + SignedDuration::from_hours(24),
    };
    let token = ApiToken::make(wish, &account, secret.hash(), now).unwrap();
    let session = Secret::new(SecretKind::Session, [n; 32]).hash();
    store.add_api_token(&token, &session).await.unwrap();
    secret.reveal().to_string()
}

/// Everything by which people come in, under a name for it: each role's session with what its forms carry, and tokens in all ways.
async fn all_of_people(house: &House, device: &str) -> Vec<(String, Browser, Shown)> {
    let mut all = Vec::new();
    let mut tokens = vec![
        ("ana".to_owned(), house.tokens.engineer.clone()),
        ("sam".to_owned(), house.tokens.manager.clone()),
        ("kim".to_owned(), house.tokens.operations.clone()),
    ];
    for (n, (role, browser, form)) in (1_u8..).zip(everybody(house).await) {
        tokens.push((
            format!("a program of {role}"),
            program(house, n, role).await,
        ));
        all.push((format!("{role} signed in"), browser, Shown::Form(form)));
    }
    for (who, token) in tokens {
        for way in ways(device, &token) {
            let bearing = Browser::at(&house.base);
            all.push((format!("{who} by {way}"), bearing, Shown::Token(way)));
        }
    }
    all
}

/// What is shown beside a cookie.
enum Shown {
    /// What a session's forms carry.
    Form(String),
    /// The value of `Authorization`.
    Token(String),
}

impl Shown {
    fn with(&self, request: RequestBuilder, base: &str) -> RequestBuilder {
        match self {
            Self::Form(form) => request.header("origin", base).header("mainstay-form", form),
            Self::Token(value) => request.header(AUTHORIZATION, value),
        }
    }
}

fn method(row: &Row) -> Method {
    Method::from_bytes(row.method.as_bytes()).unwrap()
}

/// Asks at that row's place as a device would; a device that joins shows a code that is none.
async fn asked(there: &Stocked, row: &Row, browser: &Browser, shown: Option<&Shown>) -> Response {
    let request = browser.request(method(row), &there.path(row));
    let request = match row.whom {
        Whom::Shows(Credential::JoinCode) => request.body(joins_with_a_wrong_code()),
        _ => request,
    };
    let request = match shown {
        Some(shown) => shown.with(request, &browser.base),
        None => request,
    };
    request.send().await.unwrap()
}

/// That this is what whoever has no business at that row's place hears.
async fn assert_refused(row: &Row, who: &str, heard: Response) {
    let case = format!("{} {} by {who}", row.method, row.path);
    let status = heard.status();
    let Whom::Shows(credential) = row.whom else {
        panic!("{case}: people are answered there")
    };
    match credential {
        Credential::Device => assert_eq!(status, StatusCode::UNAUTHORIZED, "{case}"),
        Credential::Link => {
            let told = heard.text().await.unwrap();
            let is_no_link = told.contains("delivery.malformed-link");
            assert!(is_no_link, "{case}: {status} {told}");
        }
        Credential::JoinCode => {
            // Many wrong ones from one place are told to come later.
            let told = [StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS];
            assert!(told.contains(&status), "{case}: {status}");
        }
    }
}

/// Whatever lets a person in, and whatever their role, opens no place of devices; nor does nothing. What is the device's own opens it.
#[tokio::test]
async fn no_person_is_a_device() {
    let there = Stocked::new().await;
    let house = &there.house;
    let nobody = Browser::at(&house.base);
    let people = all_of_people(house, &there.device.controller).await;
    let mut looked_at = 0;
    for row in rows() {
        let Whom::Shows(_) = row.whom else { continue };
        let heard = asked(&there, &row, &nobody, None).await;
        assert_refused(&row, "nobody", heard).await;
        for (who, browser, shown) in &people {
            let heard = asked(&there, &row, browser, Some(shown)).await;
            assert_refused(&row, who, heard).await;
        }
        if row.is_devices() {
            let mut lets_in = false;
            for way in ways(&there.device.controller, &there.device.token) {
                let heard = asked(&there, &row, &nobody, Some(&Shown::Token(way))).await;
                lets_in |= heard.status() != StatusCode::UNAUTHORIZED;
            }
            assert_eq!(lets_in, !row.is_renewal(), "{} {}", row.method, row.path);
        }
        looked_at += 1;
    }
    assert!(looked_at > 14, "{looked_at}");
    // What opened nothing there opens what is people's.
    for (who, browser, shown) in &people {
        let request = browser.request(Method::GET, "/api/v1/devices");
        let heard = shown.with(request, &browser.base).send().await.unwrap();
        let is_a_way = match shown {
            Shown::Form(_) => true,
            Shown::Token(way) => way.starts_with("Bearer"),
        };
        assert_eq!(heard.status() == StatusCode::OK, is_a_way, "{who}");
    }
}

/// What is a device's own opens no place of people's.
#[tokio::test]
async fn no_device_is_a_person() {
    let there = Stocked::new().await;
    let mut nobody = Browser::at(&there.house.base);
    let of_people = |row: &Row| !matches!(row.whom, Whom::Anyone | Whom::Shows(_));
    let mut looked_at = 0;
    for row in rows().into_iter().filter(of_people) {
        for way in ways(&there.device.controller, &there.device.token) {
            let request = nobody.request(method(&row), &row.of_nobody());
            let heard = request.header(AUTHORIZATION, &way).send().await.unwrap();
            let seen = nobody.seen(heard).await;
            let is_sent_away = match seen.status {
                StatusCode::UNAUTHORIZED => true,
                StatusCode::SEE_OTHER => {
                    row.is_browsers() && seen.to.unwrap().starts_with("/sign-in")
                }
                _ => false,
            };
            let case = format!("{} {} by {way}", row.method, row.path);
            assert!(is_sent_away, "{case}: {}", seen.status);
        }
        looked_at += 1;
    }
    assert!(looked_at > 60, "{looked_at}");
}
