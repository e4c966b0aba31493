//! That servers on one store share the line, and never more than all of it.

use mainstay_store::Store;
use mainstay_store::line_shares::WHOLE_PPM;

use crate::{postgres, sqlite};

async fn ask(store: &dyn Store, server: &str, uses_ppm: u32) -> u32 {
    let share = store.share_line(server, uses_ppm).await;
    share.expect("writable")
}

pub async fn who_is_alone_has_the_whole_line(store: &dyn Store) {
    assert_eq!(ask(store, "one", 0).await, WHOLE_PPM);
    assert_eq!(ask(store, "one", WHOLE_PPM).await, WHOLE_PPM);
    // Started anew, it takes its own again.
    assert_eq!(ask(store, "one", 0).await, WHOLE_PPM);
    store.leave_line("one").await.expect("writable");
    assert_eq!(ask(store, "two", 0).await, WHOLE_PPM);
}

/// Nobody looks for a server that does it.
pub async fn a_share_is_no_job(store: &dyn Store) {
    ask(store, "one", 0).await;
    assert_eq!(store.leases().await.expect("readable"), []);
}

/// Who comes waits until the other one goes by less; who leaves gives up its own at once.
#[tokio::test]
async fn two_servers_share_the_line_and_never_more_than_all_of_it() {
    let opened = postgres().await;
    let elsewhere = opened.elsewhere().await;
    let (here, there) = (&*opened.store, &*elsewhere);
    assert_eq!(ask(here, "one", 0).await, WHOLE_PPM);
    assert_eq!(ask(there, "two", 0).await, 0, "all of it is in use");
    assert_eq!(ask(here, "one", WHOLE_PPM).await, WHOLE_PPM / 2);
    assert_eq!(ask(there, "two", 0).await, 0, "it is still in use");
    assert_eq!(ask(here, "one", WHOLE_PPM / 2).await, WHOLE_PPM / 2);
    assert_eq!(ask(there, "two", 0).await, WHOLE_PPM / 2);
    assert_eq!(ask(here, "one", WHOLE_PPM / 2).await, WHOLE_PPM / 2);
    here.leave_line("one").await.expect("writable");
    assert_eq!(ask(there, "two", WHOLE_PPM / 2).await, WHOLE_PPM);
    drop(elsewhere);
    opened.leave().await;
}

/// Of many that come at once none is given what another one was.
#[tokio::test]
async fn what_is_free_is_given_out_once() {
    let opened = postgres().await;
    let elsewhere = opened.elsewhere().await;
    let (here, there) = (&*opened.store, &*elsewhere);
    for _ in 0..8 {
        let (one, two, three) = tokio::join!(
            ask(here, "one", 0),
            ask(there, "two", 0),
            ask(here, "three", 0)
        );
        assert!(one + two + three <= WHOLE_PPM, "{one} {two} {three}");
        for server in ["one", "two", "three"] {
            there.leave_line(server).await.expect("writable");
        }
    }
    drop(elsewhere);
    opened.leave().await;
}

/// A file is one server's: whatever else has it open is no server that sends.
#[tokio::test]
async fn whoever_has_the_file_has_the_line() {
    let opened = sqlite().await;
    assert_eq!(ask(&*opened.store, "one", 0).await, WHOLE_PPM);
    assert_eq!(ask(&*opened.store, "two", 0).await, WHOLE_PPM);
}
