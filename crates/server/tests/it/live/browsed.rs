//! A page in a real browser: it says what another person did, and keeps what its reader is at.

use std::time::Duration;

use mainstay_access::Role;
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
    let (_, viewer, _) = somebody(&house, 1, Role::Viewer).await;
    let (base, cookie) = (house.base.clone(), viewer.cookie.unwrap());
    let (name, value) = cookie.split_once('=').unwrap();
    let shown = json!({"name": name, "value": value, "url": base});
    let mut browser = tokio::task::spawn_blocking(Chromium::start).await.unwrap();
    let url = format!("{base}/rollouts/{rollout}");
    let opened = tokio::task::spawn_blocking(move || {
        browser.ask("Network.setCookie", shown);
        browser.ask("Page.navigate", json!({"url": url}));
        browser.until(
            "document.getElementById('live')?.textContent === 'Live.'",
            SOON,
        );
        // Something that is only here, and what a reader does to the page.
        browser.eval(
            "window.unreloaded = true;
             const field = document.createElement('input');
             field.id = 'typed';
             document.querySelector('header').append(field);
             field.value = 'half a sen';
             document.querySelector('main a').focus();
             window.focused = document.activeElement;
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
            "document.getElementById('live').textContent.startsWith('Live. Changed: rollout/')",
            SOON,
        );
        for kept in [
            "window.unreloaded === true",
            "document.getElementById('typed').value === 'half a sen'",
            "document.activeElement === window.focused",
            "document.querySelectorAll('script').length === 1",
        ] {
            assert_eq!(browser.eval(kept), json!(true), "{kept}");
        }
        browser
    });
    drop(looked.await.unwrap());
}
