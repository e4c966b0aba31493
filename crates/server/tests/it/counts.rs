//! Where what is counted over a fleet is worked on: in nobody's row who looks at something else.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;

use axum::http::Method;
use jiff::Timestamp;
use mainstay_server::{App, AppConfig, Clock, Parts};

use crate::house::{self, House};
use crate::serving::listen;

/// Remembers which threads asked it. Whoever counts asks when that began, and when it ended.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<BTreeSet<String>>>);

impl Clock for Asked {
    fn now(&self) -> Timestamp {
        let name = thread::current().name().map(str::to_owned);
        self.0.lock().unwrap().extend(name);
        house::start()
    }
}

#[tokio::test]
async fn a_fleet_is_counted_on_threads_that_answer_nobody() {
    let mut house = House::new().await;
    let (store, blobs) = (house.same_store().await, house.same_blobs().await);
    let asked = Asked::default();
    let parts = Parts {
        clock: Arc::new(asked.clone()),
        ..house.parts_on(store, Arc::new(blobs))
    };
    let app = App::new(parts, AppConfig::default()).unwrap();
    house.base = listen(Arc::new(app)).await;
    let looked = async |path: &str| {
        let look = house.request(Method::GET, path, &house.tokens.operations);
        assert_eq!(look.send().await.unwrap().status(), 200, "{path}");
        asked.0.lock().unwrap().clone()
    };
    // Nothing is counted for a list that fits on one page.
    let threads = looked("/api/v1/devices").await;
    assert!(threads.contains("people"), "{threads:?}");
    assert!(!threads.contains("counts"), "{threads:?}");
    let threads = looked("/").await;
    assert!(threads.contains("counts"), "{threads:?}");
}
