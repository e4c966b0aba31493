//! A page in a real browser: it says what another person did, and keeps what its reader is at.

use std::time::Duration;

use mainstay_access::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::chromium::Chromium;
use super::pause;
use crate::door::everybody::somebody;
use crate::eligibility::running;
use crate::house::House;

/// A change is read within a second or two; a machine with much else to do takes longer.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_says_what_somebody_else_did_and_keeps_what_its_reader_is_at() {
    let house = House::new().await;
    running(&house, &["th-1", "th-2"]).await;
    let rollout = house.roll_out(&house.built("1.1.0", 2, &[])).await;
    house.advance().await;
    let (_, mut viewer, token) = somebody(&house, 1, Role::Viewer).await;
    let (base, cookie) = (house.base.clone(), viewer.cookie.clone().unwrap());
    let (name, value) = cookie.split_once('=').unwrap();
    let shown = json!({"name": name, "value": value, "url": base});
    let mut browser = on_a_thread(Chromium::start).await;
    let url = format!("{base}/");
    let mut browser = on_a_thread(move || {
        opens(&mut browser, &shown, &url);
        browser
    })
    .await;
    pause(&house, rollout).await;
    let mut browser = on_a_thread(move || {
        hears_of_the_pause(&mut browser);
        browser
    })
    .await;
    // Nothing takes the page's place that isn't the page; and it doesn't say that it is live.
    let left = viewer.post("/sign-out", &[("form", &token)]).await;
    assert_eq!(left.status, StatusCode::SEE_OTHER);
    on_a_thread(move || says_that_it_is_not_live(&mut browser)).await;
}

/// A browser is asked on a thread of its own: whoever asks waits.
async fn on_a_thread<T: Send + 'static>(asks: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(asks).await.unwrap()
}

/// The home page as somebody who is signed in sees it; and what its reader does to it.
fn opens(browser: &mut Chromium, cookie: &Value, url: &str) {
    browser.ask("Network.setCookie", cookie.clone());
    browser.ask("Page.navigate", json!({"url": url}));
    browser.until(
        "document.getElementById('live')?.textContent.startsWith('Live.')",
        SOON,
    );
    // Something that is only here, and what a reader does to the page.
    browser.eval(
        "window.unreloaded = true;
         window.box = document.querySelector('main details');
         window.box.open = true;
         // The page that comes has something more before it.
         window.box.previousElementSibling.remove();
         window.summary = window.box.querySelector('summary');
         window.summary.focus();
         true",
    );
    assert_eq!(
        browser.eval("document.body.innerText.includes('cold rooms')"),
        json!(false)
    );
}

fn hears_of_the_pause(browser: &mut Chromium) {
    browser.until(
        "document.querySelector('main').innerText.includes('cold rooms')",
        SOON,
    );
    browser.until(
        "document.getElementById('live').textContent.includes('rollout/')",
        SOON,
    );
    for kept in [
        "window.unreloaded === true",
        "window.box.isConnected && window.box.open && window.box.previousElementSibling !== null",
        "document.activeElement === window.summary",
        "document.querySelectorAll('script').length === 1",
    ] {
        assert_eq!(browser.eval(kept), json!(true), "{kept}");
    }
}

fn says_that_it_is_not_live(browser: &mut Chromium) {
    browser.until(
        "document.getElementById('live').textContent === 'Not live: sign in again and reload.'",
        SOON,
    );
    for kept in [
        "window.unreloaded === true",
        "document.querySelector('main').innerText.includes('cold rooms')",
        "document.querySelectorAll('form').length === 0",
    ] {
        assert_eq!(browser.eval(kept), json!(true), "{kept}");
    }
}
