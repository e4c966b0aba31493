//! What no log may hold. Read [`none_in`].

use std::fs;

use mainstay_simulator::Crowd;

use crate::database::PASSWORD;
use crate::stage::Stage;

/// Checks that a log holds nothing that lets anybody in: neither what the server shows to its database and its bucket, nor what opens its key, nor what
/// people and devices showed to it all along.
pub fn none_in(log: &str, stage: &Stage, crowd: &Crowd) {
    assert!(log.contains("release handed in"), "it is another log");
    let passphrase = fs::read_to_string(&stage.passphrase).expect("the server reads it, too");
    // With the first of these the bucket's key begins as well.
    let own = [PASSWORD, passphrase.trim()].into_iter();
    let devices = crowd.devices().map(|device| device.token.as_str());
    let people = stage.tokens.values().map(String::as_str);
    let secrets: Vec<_> = own.chain(devices).chain(people).collect();
    assert!(secrets.len() > 40, "{}", secrets.len());
    for secret in secrets {
        assert!(secret.len() >= 8, "{secret:?} may stand anywhere");
        assert!(!log.contains(secret), "a secret is in the log");
    }
}
