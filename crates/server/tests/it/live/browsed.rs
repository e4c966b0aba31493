//! A page in a real browser: it says what another person did, and keeps what its reader is at.

use std::time::Duration;

use mainstay_access::Role;
use reqwest::StatusCode;
use serde_json::json;

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
    let mut browser = tokio::task::spawn_blocking(Chromium::start).await.unwrap();
    let url = format!("{base}/");
    let opened = tokio::task::spawn_blocking(move || {
        browser.ask("Network.setCookie", shown);
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
        browser
    });
    let mut browser = opened.await.unwrap();
    pause(&house, rollout).await;
    let looked = tokio::task::spawn_blocking(move || {
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
        browser
    });
    let mut browser = looked.await.unwrap();
    // Nothing takes the page's place that isn't the page; and it doesn't say that it is live.
    let left = viewer.post("/sign-out", &[("form", &token)]).await;
    assert_eq!(left.status, StatusCode::SEE_OTHER);
    let looked = tokio::task::spawn_blocking(move || {
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
        browser
    });
    drop(looked.await.unwrap());
}
