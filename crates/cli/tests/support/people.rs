//! The people of a test's server. Read [`founded`].

use std::collections::BTreeMap;

use mainstay_access::Duty;
use mainstay_server::admin::{self, NewServer};
use mainstay_server::{Clock as _, DataDir, SystemClock, SystemEntropy};
use mainstay_simulator::demo::cast::Cast;

/// Makes a server's folder, with this plan in force; gives everybody's tokens.
pub async fn founded(folder: &DataDir, cast: &Cast, plan: &str) -> BTreeMap<Duty, String> {
    let new = NewServer {
        root: &cast.root,
        status_key: &cast.status,
        passphrase: &cast.passphrase,
        plan,
        by: &cast.people[1].1,
    };
    let made = admin::init(folder, &new, SystemClock.now()).await;
    made.unwrap_or_else(|error| panic!("{error}"));
    let store = folder.store().await.expect("a fresh database");
    let mut tokens = BTreeMap::new();
    for (duty, email) in &cast.people {
        let token = admin::add_person(&store, &SystemEntropy, email.clone(), *duty).await;
        let token = token.unwrap_or_else(|error| panic!("{error}"));
        tokens.insert(*duty, token.reveal());
    }
    store.close().await;
    tokens
}
