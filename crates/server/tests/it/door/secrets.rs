//! What is written down of all this: nothing that lets anybody in.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use mainstay_access::Role;
use tracing::Dispatch;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use super::browser::{Browser, PASSWORD, hidden, link, with_codes};
use crate::house::House;

const KIM: &str = "kim@northwind.example";

/// Everything that was logged.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// One of everything that this thread logs from now on, as long as what comes with it is held.
    pub fn listen() -> (Self, (Dispatch, DefaultGuard)) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_writer(log.clone())
            .with_ansi(false);
        // As long as there is one subscriber alone, only the thread that first comes to a line is asked whether anybody listens to it, and
        // other stories run on other threads.
        let another = Dispatch::new(tracing_subscriber::registry());
        let listening = tracing::subscriber::set_default(subscriber.finish());
        (log, (another, listening))
    }

    /// All of it.
    pub fn text(&self) -> String {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&log).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// With everything logged that can be: what people did is there, and none of what they typed or were shown.
#[tokio::test]
async fn the_log_holds_no_secret_of_a_whole_story() {
    let (log, _listening) = Log::listen();
    let house = House::new().await;
    let secrets = story(&house).await;
    let log = log.text();
    for told in [
        "signed in by password",
        "showed a code",
        "API token made",
        "password changed",
    ] {
        assert!(log.contains(told), "the log lacks {told:?}");
    }
    assert!(secrets.len() >= 10, "{}", secrets.len());
    for secret in secrets {
        let bare = secret.rsplit(['=', '_', '/']).next().unwrap();
        assert!(!log.contains(bare), "the log holds {secret}");
    }
}

/// What people type and are shown on their way in and on their account: the secrets of it.
async fn story(house: &House) -> Vec<String> {
    let mut secrets = vec![PASSWORD.to_owned(), "lantern quarry oboe".to_owned()];
    let (mut kim, app) = with_codes(house, 5, KIM, Role::Operations).await;
    secrets.push(app.reveal().to_string());
    secrets.extend(kim.cookie.clone());
    let page = kim.get("/account").await;
    secrets.push(hidden(&page.html, "form"));
    let wish = [
        ("name", "night job"),
        ("days", "30"),
        ("may", "read"),
        ("current", PASSWORD),
    ];
    let page = kim.send("/account", "/account/tokens", &wish).await;
    let (_, rest) = page.html.split_once("<code>mainstay_api_").unwrap();
    secrets.push(rest[..64].to_owned());
    house
        .request(
            reqwest::Method::GET,
            "/",
            &format!("mainstay_api_{}", &rest[..64]),
        )
        .send()
        .await
        .unwrap();
    let path = link(&house.app, 6, "vi@northwind.example", Role::Viewer).await;
    secrets.push(path.clone());
    Browser::at(&house.base).get(&path).await;
    let fields = [
        ("current", PASSWORD),
        ("password", "lantern quarry oboe"),
        ("again", "lantern quarry oboe"),
    ];
    kim.send("/account", "/account/password", &fields).await;
    secrets.extend(kim.cookie.clone());
    house.later(1);
    let mut again = Browser::at(&house.base);
    again.sign_in(KIM, "a wrong one of them").await;
    secrets.push("a wrong one of them".to_owned());
    again.sign_in(KIM, "lantern quarry oboe").await;
    secrets.extend(again.cookie.clone());
    let code = app.shown_at(house.app.now());
    again
        .send("/sign-in/code", "/sign-in/code", &[("code", &*code)])
        .await;
    secrets.extend(again.cookie.clone());
    assert!(again.get("/account").await.says(KIM));
    secrets
}
