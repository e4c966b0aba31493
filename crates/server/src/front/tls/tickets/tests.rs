//! Tickets that are opened, and those that aren't.

use std::collections::BTreeSet;
use std::fs;

use jiff::SignedDuration;
use rustls::crypto::aws_lc_rs::Ticketer;

use super::*;

/// The first instant of a period.
fn noon() -> Timestamp {
    "2026-12-01T12:00:00Z".parse().unwrap()
}

fn secret(text: &str, now: Timestamp) -> Result<TicketSecret, TlsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tickets.key");
    fs::write(&path, text).unwrap();
    TicketSecret::read(&path, now)
}

/// A server whose secret is this digit again and again, and whose devices have these authorities.
fn server(digit: &str, authorities: Option<Sum>, now: Timestamp) -> Tickets {
    let secret = Arc::new(secret(&digit.repeat(64), now).unwrap());
    Tickets::new(secret, authorities, Ticketer::new().unwrap())
}

/// A session as rustls writes it, with a name if that isn't empty.
fn session(name: &str, version: [u8; 2], has_certificate: bool) -> Vec<u8> {
    let mut bytes = vec![u8::from(!name.is_empty())];
    if !name.is_empty() {
        bytes.push(u8::try_from(name.len()).unwrap());
        bytes.extend(name.as_bytes());
    }
    bytes.extend(version);
    bytes.extend([0x13, 0x02, 6]);
    bytes.extend(b"secret");
    bytes.extend([0, u8::from(has_certificate)]);
    bytes.extend(b"and whatever comes then");
    bytes
}

fn plain() -> Vec<u8> {
    session("localhost", TLS_1_3, false)
}

#[test]
fn who_has_the_same_secret_and_the_same_authorities_opens_a_ticket_and_nobody_else() {
    let ours = Some([7; 32]);
    let ticket = server("a", ours, noon()).encrypt(&plain()).unwrap();
    assert!(!ticket.windows(6).any(|part| part == b"secret"));
    for (digit, authorities, is_opened) in [
        ("a", ours, true),
        ("b", ours, false),
        ("a", Some([8; 32]), false),
        ("a", None, false),
    ] {
        let opened = server(digit, authorities, noon()).decrypt(&ticket);
        let expected = is_opened.then(plain);
        assert_eq!(opened, expected, "{digit} {authorities:?}");
    }
}

#[test]
fn a_ticket_that_was_changed_or_cut_is_none() {
    let server = server("a", None, noon());
    let ticket = server.encrypt(&plain()).unwrap();
    for at in 0..ticket.len() {
        let mut changed = ticket.clone();
        changed[at] ^= 1;
        assert_eq!(server.decrypt(&changed), None, "{at}");
        assert_eq!(server.decrypt(&ticket[..at]), None, "{at}");
    }
    let longer = [&ticket[..], &[0]].concat();
    assert_eq!(server.decrypt(&longer), None);
    assert_eq!(server.decrypt(&vec![0; 100_000]), None);
    assert_eq!(server.decrypt(&ticket), Some(plain()));
}

#[test]
fn a_ticket_is_opened_in_its_period_and_in_those_beside_it() {
    let ticket = server("a", None, noon()).encrypt(&plain()).unwrap();
    let later = server("a", None, noon());
    for (seconds, is_opened) in [
        (0, true),
        (6 * 3600 - 1, true),
        (6 * 3600, true),
        (12 * 3600 - 1, true),
        (12 * 3600, false),
        (-1, true),
        (-6 * 3600, true),
        (-6 * 3600 - 1, false),
        (100_000_000, false),
    ] {
        later
            .secret
            .set_time(noon() + SignedDuration::from_secs(seconds));
        let opened = later.decrypt(&ticket).is_some();
        assert_eq!(opened, is_opened, "{seconds}");
    }
    assert_eq!(later.lifetime(), 6 * 3600);
    // A clock that nobody has set yet.
    let early = server("a", None, "1960-01-01T00:00:00Z".parse().unwrap());
    let ticket = early.encrypt(&plain()).unwrap();
    assert_eq!(early.decrypt(&ticket), Some(plain()));
}

#[test]
fn no_nonce_comes_twice_and_the_period_is_told() {
    let server = server("a", None, noon());
    let mut nonces = BTreeSet::new();
    for _ in 0..1000 {
        let ticket = server.encrypt(&plain()).unwrap();
        assert_eq!(ticket[..8], 83_154_u64.to_be_bytes());
        nonces.insert(ticket[8..20].to_vec());
    }
    assert_eq!(nonces.len(), 1000);
}

/// Made by Python's `hmac` and `cryptography`: servers of other versions must open each other's tickets.
#[test]
fn a_ticket_that_was_made_elsewhere_is_opened() {
    let ticket = hex::decode(
        "00000000000144d2000102030405060708090a0bd4a00181853d0c914df4e6b5\
         581dc2ff559fd0f81219c82f56b346c1aab9",
    );
    let opened = server("a", Some([7; 32]), noon()).decrypt(&ticket.unwrap());
    assert_eq!(hex::encode(opened.unwrap()), "0003041302026d73000072657374");
}

/// What isn't to be shared is opened where it was sealed, and nowhere else; and it isn't taken from whoever has the secret either.
#[test]
fn tls_1_2_and_certificates_stay_with_their_server() {
    let (here, there) = (server("a", None, noon()), server("a", None, noon()));
    for (what, is_shared) in [
        (plain(), true),
        (session("", TLS_1_3, false), true),
        (session("localhost", TLS_1_3, true), false),
        (session("", TLS_1_3, true), false),
        (session("localhost", [3, 3], false), false),
        (session("", [3, 3], true), false),
        (vec![0, 3, 4], false),
        (vec![2, 3, 4, 0, 0, 0, 0, 0], false),
        (vec![1, 200, 3, 4], false),
        (Vec::new(), false),
    ] {
        let ticket = here.encrypt(&what).unwrap();
        assert_eq!(here.decrypt(&ticket).as_ref(), Some(&what));
        let opened = there.decrypt(&ticket);
        assert_eq!(opened.is_some(), is_shared, "{what:?}");
        let stolen = here.seal(&what).unwrap();
        let opened = there.decrypt(&stolen);
        assert_eq!(opened.is_some(), is_shared, "{what:?}");
    }
    // More than a name and a secret is no session that is shared.
    let mut long = plain();
    long.resize(TICKET_BYTES_MAX, 0);
    assert_eq!(here.encrypt(&long), None);
}

#[test]
fn a_secret_is_sixty_four_digits_and_is_shown_nowhere() {
    for (text, is_one) in [
        ("0a".repeat(32), true),
        (format!("{}\r\n", "0A".repeat(32)), true),
        ("0a".repeat(31), false),
        ("0a".repeat(33), false),
        (format!("{0}\n{0}\n", "0a".repeat(32)), false),
        ("hunter2 ".repeat(8), false),
        (String::new(), false),
    ] {
        let told = match secret(&text, noon()) {
            Ok(secret) => {
                assert!(is_one, "{text}");
                format!("{secret:?}").to_lowercase()
            }
            Err(error) => {
                assert!(!is_one, "{text}");
                let about = (error.setting(), error.id());
                assert_eq!(about, ("tls_ticket_key_file", "tls.no-ticket-key"));
                format!("{error} {error:?} {}", error.cure())
            }
        };
        let shown = told.contains("hunter2") || told.contains("0a0a") || told.contains("10, 10");
        assert!(!shown, "{told}");
    }
    let missing = TicketSecret::read(Path::new("/nowhere/tickets.key"), noon()).unwrap_err();
    let about = (missing.setting(), missing.id());
    assert_eq!(about, ("tls_ticket_key_file", "tls.unreadable"));
}
