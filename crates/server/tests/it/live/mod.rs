//! Pages stay as the server has them: who may listen, what they hear, and when that ends.

mod browsed;
mod chromium;

use std::time::Duration;

use mainstay_access::Role;
use mainstay_server::PagesAccess;
use reqwest::{Method, Response, StatusCode};
use tokio::time::timeout;

use crate::door::browser::Browser;
use crate::door::everybody::somebody;
use crate::elected::{NEVER, Server};
use crate::eligibility::running;
use crate::house::House;

/// Far longer than anything takes here.
const LONG: Duration = Duration::from_secs(60);

/// A browser that listens, and what it heard.
struct Heard {
    response: Response,
    text: String,
}

impl Heard {
    async fn at(browser: &Browser, path: &str, last: Option<i64>) -> Self {
        let request = browser.request(Method::GET, path);
        let request = match last {
            Some(last) => request.header("last-event-id", last.to_string()),
            None => request,
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let text = String::new();
        let mut heard = Self { response, text };
        heard.hear("retry: ").await;
        heard
    }

    /// Listens until this was said.
    async fn hear(&mut self, what: &str) {
        while !self.text.contains(what) {
            let chunk = timeout(LONG, self.response.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("{what} isn't said: {}", self.text));
            let chunk = chunk.unwrap().expect("it goes on");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Listens until nothing comes any more.
    async fn ends(mut self) {
        let ends = async { while let Ok(Some(_)) = self.response.chunk().await {} };
        timeout(LONG, ends).await.expect("it ends");
    }

    /// The number of the last event that it was told of.
    fn last(&self) -> i64 {
        let mut ids = self
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("id: "));
        ids.next_back()
            .expect("something was told")
            .parse()
            .unwrap()
    }
}

/// Where a page listens.
fn place(html: &str) -> String {
    let (_, rest) = html.split_once("data-live=\"").expect("it is a live page");
    let (place, _) = rest.split_once('"').unwrap();
    place.replace("&amp;", "&")
}

async fn pause(house: &House, rollout: i64) {
    let path = format!("/api/v1/rollouts/{rollout}/pause");
    let why = br#"{"why":"customers report cold rooms"}"#.to_vec();
    let paused = house.post(&path, &house.tokens.operations, why).await;
    assert_eq!(paused.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_page_hears_that_something_changed_and_not_what() {
    let house = House::new().await;
    running(&house, &["th-1", "th-2"]).await;
    let rollout = house.roll_out(&house.built("1.1.0", 2, &[])).await;
    let (_, mut viewer, _) = somebody(&house, 1, Role::Viewer).await;
    let page = viewer.get(&format!("/rollouts/{rollout}")).await;
    let (of_it, of_all) = (place(&page.html), place(&viewer.get("/").await.html));
    // Between the page and the first word: it is told all the same.
    pause(&house, rollout).await;
    let changed = format!("data: rollout/{rollout}\n");
    let mut heard = Heard::at(&viewer, &of_it, None).await;
    heard.hear(&changed).await;
    assert!(!heard.text.contains("cold rooms"), "{}", heard.text);
    let mut all = Heard::at(&viewer, &of_all, None).await;
    all.hear(&changed).await;

    // What it isn't about isn't told; what follows the last that was heard is.
    house.submit(&house.built("1.2.0", 3, &[])).await;
    all.hear("data: release/").await;
    let path = format!("/api/v1/rollouts/{rollout}/resume");
    let resumed = house
        .post(&path, &house.tokens.operations, Vec::new())
        .await;
    assert_eq!(resumed.status(), StatusCode::OK);
    let mut again = Heard::at(&viewer, &of_it, Some(heard.last())).await;
    again.hear(&changed).await;
    assert!(!again.text.contains("release/"), "{}", again.text);
    assert!(again.last() > heard.last());
}

#[tokio::test]
async fn who_has_not_signed_in_hears_nothing_and_no_other_site_does() {
    let house = House::new().await;
    let nobody = Browser::at(&house.base);
    let asked = nobody
        .request(Method::GET, "/live?after=0")
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status(), StatusCode::SEE_OTHER);
    // Another site's page may ask, and no browser lets it read the answer.
    let (_, viewer, _) = somebody(&house, 1, Role::Viewer).await;
    let request = viewer.request(Method::GET, "/live");
    let answer = request
        .header("origin", "https://evil.example")
        .send()
        .await
        .unwrap();
    let shared = answer.headers().get("access-control-allow-origin");
    assert_eq!(shared, None);
    for words in ["?after=-1", "?after=x", "?about=", "?since=3"] {
        let path = format!("/live{words}");
        let refused = viewer.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{words}");
        assert!(
            refused.text().await.unwrap().contains("live.words"),
            "{words}"
        );
    }
}

/// One person's pages don't take the places of all others.
#[tokio::test]
async fn nobody_has_more_pages_that_listen_than_any_may() {
    let house = House::new().await;
    let (_, viewer, _) = somebody(&house, 1, Role::Viewer).await;
    let mut pages = Vec::new();
    for _ in 0..16 {
        pages.push(Heard::at(&viewer, "/live", None).await);
    }
    let refused = viewer.request(Method::GET, "/live").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let (_, other, _) = somebody(&house, 2, Role::Auditor).await;
    Heard::at(&other, "/live", None).await;
    pages.pop();
    crate::patience::until("a place is free again", async || {
        let asked = viewer.request(Method::GET, "/live").send().await.unwrap();
        asked.status() == StatusCode::OK
    })
    .await;
}

#[tokio::test]
async fn who_signs_out_hears_nothing_any_more() {
    let house = House::new().await;
    let (_, mut viewer, token) = somebody(&house, 1, Role::Viewer).await;
    let heard = Heard::at(&viewer, "/live", None).await;
    let left = viewer.post("/sign-out", &[("form", &token)]).await;
    assert_eq!(left.status, StatusCode::SEE_OTHER);
    heard.ends().await;
}

/// A page that is open is read anew all day: that doesn't keep its reader signed in, who went home.
#[tokio::test]
async fn nobody_stays_signed_in_by_a_page_alone() {
    let house = House::new().await;
    let (_, viewer, _) = somebody(&house, 1, Role::Viewer).await;
    let (_, reader, _) = somebody(&house, 2, Role::Auditor).await;
    let asked = async |browser: &Browser, by_itself: bool| {
        let request = browser.request(Method::GET, "/devices");
        let request = match by_itself {
            true => request.header("mainstay-unattended", "1"),
            false => request,
        };
        request.send().await.unwrap().status()
    };
    house.later(59);
    let heard = Heard::at(&viewer, "/live", None).await;
    assert_eq!(asked(&viewer, true).await, StatusCode::OK);
    assert_eq!(asked(&reader, false).await, StatusCode::OK);
    house.later(2);
    assert_eq!(asked(&viewer, true).await, StatusCode::SEE_OTHER);
    assert_eq!(asked(&reader, false).await, StatusCode::OK, "was at it");
    heard.ends().await;
}

/// A server that stops waits for no page; and what is done at another server is heard.
#[tokio::test]
async fn a_server_that_stops_sends_its_pages_away() {
    let house = House::new().await;
    let other = Server::start(&house, NEVER).await;
    let (_, mut viewer, _) = somebody(&house, 1, Role::Viewer).await;
    viewer.base = other.base.clone();
    let mut heard = Heard::at(&viewer, "/live", None).await;
    house.submit(&house.built("1.1.0", 2, &[])).await;
    heard.hear("data: release/").await;
    let ended = timeout(Duration::from_secs(8), other.end()).await;
    ended.expect("sooner than requests under way are waited for");
    heard.ends().await;
}

/// The script is one file of the server's own, kept by browsers as long as it is this one; and a demonstration's pages are live for anybody.
#[tokio::test]
async fn pages_name_the_script_that_keeps_them() {
    let house = House::with(PagesAccess::Anyone).await;
    let mut anybody = Browser::at(&house.base);
    let page = anybody.get("/").await.html;
    let (_, rest) = page
        .split_once("<script src=\"")
        .expect("it has the script");
    let (address, _) = rest.split_once('"').unwrap();
    for (path, kept) in [(address, "immutable"), ("/live.js?v=0", "no-cache")] {
        let script = anybody.request(Method::GET, path).send().await.unwrap();
        let headers = script.headers();
        assert_eq!(headers["content-type"], "text/javascript; charset=utf-8");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert!(
            headers["cache-control"].to_str().unwrap().contains(kept),
            "{path}"
        );
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self';"), "{policy}");
        assert!(script.text().await.unwrap().contains("EventSource"));
    }
    Heard::at(&anybody, &place(&page), None).await;
    // Where people sign in nothing runs.
    let door = anybody.get("/sign-in").await;
    assert!(!door.says("<script"), "{}", door.html);
}
