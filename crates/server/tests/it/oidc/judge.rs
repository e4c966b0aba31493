//! A provider by others lets people in: `oidc-provider-mock`, on authlib, which many projects try their sign-in against.
//!
//! It doesn't compare PKCE, and takes every sign-in for one of this moment; the provider of our own is stricter. Its clock is the machine's.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};

use mainstay_server::{Clock as _, SystemClock};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::visit::{Sent, Visit, refused};
use super::{KIM, furnish, told};
use crate::door::browser::{Seen, form, without_redirects};
use crate::house::House;

const TO_DEVICES: &str = "?next=/devices";

/// One provider for one test. It ends when this does, and its input with it.
struct Judge {
    issuer: String,
    http: Client,
    process: Child,
    _input: ChildStdin,
}

impl Drop for Judge {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Judge {
    fn start(people: &Value) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/judges/oidc.py");
        let mut process = Command::new(judges::program("python3"))
            .args(["-W", "ignore", script, &people.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the judges' environment has it");
        let input = process.stdin.take().expect("piped");
        let mut port = String::new();
        let output = process.stdout.take().expect("piped");
        let told = BufReader::new(output).read_line(&mut port);
        told.expect("it tells its port");
        Self {
            issuer: format!("http://localhost:{}", port.trim()),
            http: without_redirects(),
            process,
            _input: input,
        }
    }

    /// What it sends a browser back with whose user does this on its page.
    async fn sends_back(&self, sent: &Sent, does: &[(&str, &str)]) -> Vec<(String, String)> {
        let page = self.http.get(sent.url.clone()).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK, "it takes what it is asked");
        let request = self.http.post(sent.url.clone()).body(form(does));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.send().await.unwrap();
        let to = answer.headers()["location"].to_str().unwrap();
        let back = Sent::read(to);
        assert_eq!(back.url.path(), "/sign-in/provider/back");
        back.asked.into_iter().collect()
    }
}

async fn judged(more: &[(&str, &str)]) -> (House, Judge) {
    let people = json!({
        "k-1": { "email": KIM, "email_verified": true, "groups": ["fw-ops"] },
        "u-1": { "email": "una@northwind.example", "email_verified": false },
        "n-1": { "email": "new@northwind.example", "email_verified": true, "groups": ["all"] },
    });
    let judge = Judge::start(&people);
    let house = House::told(told(&judge.issuer, more)).await;
    house.clock.set(SystemClock.now());
    furnish(&house).await;
    // Its tokens are of the machine's time, from which this clock mustn't be far.
    house.clock.set(SystemClock.now());
    (house, judge)
}

async fn comes_in(judge: &Judge, visit: &mut Visit, how: &str, does: &[(&str, &str)]) -> Seen {
    let sent = visit.leave(how).await;
    let answer = judge.sends_back(&sent, does).await;
    let answer: Vec<(&str, &str)> = answer
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    visit.back(&answer).await
}

#[tokio::test]
async fn a_provider_by_others_lets_people_in() {
    let (house, judge) = judged(&[]).await;
    let mut kim = Visit::at(&house.base);
    let seen = comes_in(&judge, &mut kim, TO_DEVICES, &[("sub", "k-1")]).await;
    assert_eq!(seen.to.as_deref(), Some("/devices"), "{}", seen.html);
    assert!(kim.get("/account").await.says("by the provider"));
    for (sub, id) in [("u-1", "oidc.email"), ("n-1", "oidc.unknown-person")] {
        let mut visit = Visit::at(&house.base);
        let seen = comes_in(&judge, &mut visit, TO_DEVICES, &[("sub", sub)]).await;
        refused(&seen, 403, id);
        assert!(!visit.is_signed_in());
    }
}

#[tokio::test]
async fn by_others_somebody_signs_in_anew_or_says_no() {
    let (house, judge) = judged(&[]).await;
    let mut kim = Visit::at(&house.base);
    comes_in(&judge, &mut kim, TO_DEVICES, &[("sub", "k-1")]).await;
    let seen = comes_in(&judge, &mut kim, "?anew=1&next=/people", &[("sub", "k-1")]).await;
    assert_eq!(seen.to.as_deref(), Some("/people"), "{}", seen.html);
    let page = kim.get("/people").await;
    assert!(page.says("no password is asked for"), "{}", page.html);
    // It forgets the state when somebody says no, so that it is nobody's answer (RFC 6749, section 4.1.2.1, wants it).
    let mut kim = Visit::at(&house.base);
    let seen = comes_in(&judge, &mut kim, "", &[("action", "deny")]).await;
    refused(&seen, 403, "oidc.state");
}

#[tokio::test]
async fn groups_of_a_provider_by_others_give_roles() {
    let table = "fw-ops=operations, all=viewer";
    let (house, judge) = judged(&[("MAINSTAY_OIDC_GROUPS", table)]).await;
    for (sub, role) in [("k-1", "operations"), ("n-1", "viewer")] {
        let mut visit = Visit::at(&house.base);
        let seen = comes_in(&judge, &mut visit, TO_DEVICES, &[("sub", sub)]).await;
        assert_eq!(seen.to.as_deref(), Some("/devices"), "{}", seen.html);
        assert!(visit.get("/account").await.says(&format!("role {role}")));
    }
}
