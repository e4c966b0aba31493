//! Pairs of files that fit, and that don't, and what is shown of them.

mod between;
mod challenged;
mod resumption;

use std::fs;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    date_time_ymd,
};
use tempfile::TempDir;

use super::*;

/// A folder with a certificate and a key.
struct Folder(TempDir);

/// A certificate that is good in these years, and its key, both in PEM.
fn pair(from: i32, until: i32) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

impl Folder {
    fn with(certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.put(certificate, key);
        folder
    }

    fn put(&self, certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) {
        fs::write(self.files().certificate, certificate).unwrap();
        fs::write(self.files().key, key).unwrap();
    }

    fn files(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.0.path().join("tls.pem"),
            key: self.0.path().join("tls.key"),
            device_ca: None,
            ticket_key: None,
        }
    }

    fn refused(&self) -> (&'static str, &'static str) {
        let error = Tls::open(self.files(), now()).unwrap_err();
        assert!(!error.cure().is_empty() && !error.to_string().contains("PRIVATE"));
        (error.setting(), error.id())
    }
}

fn now() -> Timestamp {
    "2026-12-01T12:00:00Z".parse().unwrap()
}

#[test]
fn what_cant_be_shown_is_refused_by_its_defect() {
    let (certificate, key) = pair(2026, 2028);
    let (other, other_key) = pair(2026, 2028);
    let large = "x".repeat(300_000);
    let cut = &certificate[..certificate.len() / 2];
    for (certificate, key, setting, id) in [
        (&*certificate, &*other_key, "tls_key", "tls.mismatch"),
        ("", &*key, "tls_certificate", "tls.no-certificate"),
        (cut, &*key, "tls_certificate", "tls.no-certificate"),
        (&*key, &*key, "tls_certificate", "tls.no-certificate"),
        (&*large, &*key, "tls_certificate", "tls.too-large"),
        (&*certificate, "", "tls_key", "tls.no-key"),
        (&*certificate, &*certificate, "tls_key", "tls.no-key"),
        (&*certificate, &*large, "tls_key", "tls.too-large"),
        (&*pair(2020, 2025).0, &*key, "tls_key", "tls.mismatch"),
    ] {
        assert_eq!(Folder::with(certificate, key).refused(), (setting, id));
    }
    // The server's own certificate stands first.
    let chain = format!("{other}{certificate}");
    assert_eq!(Folder::with(&chain, &key).refused().1, "tls.mismatch");
    let folder = Folder::with(format!("{certificate}{other}"), &key);
    assert_eq!(
        Tls::open(folder.files(), now()).unwrap().ends(),
        "2028-01-01T00:00:00Z".parse().ok()
    );
    fs::remove_file(folder.files().key).unwrap();
    assert_eq!(folder.refused(), ("tls_key", "tls.unreadable"));
    for (from, until, id) in [(2020, 2025, "tls.ended"), (2027, 2030, "tls.not-yet")] {
        let (certificate, key) = pair(from, until);
        assert_eq!(
            Folder::with(certificate, key).refused(),
            ("tls_certificate", id)
        );
    }
}

#[tokio::test]
async fn files_that_change_are_taken_and_a_bad_pair_is_not() {
    let (certificate, key) = pair(2026, 2028);
    let folder = Folder::with(&certificate, &key);
    let tls = Tls::open(folder.files(), now()).unwrap();
    let mut looks = Looks::default();
    let until = |year: &str| format!("{year}-01-01T00:00:00Z").parse::<Timestamp>().ok();
    let (newer, newer_key) = pair(2026, 2029);
    // Half of the new pair is there.
    folder.put(&newer, &key);
    for told in [false, true, true] {
        tls.look(&mut looks, now()).await;
        assert_eq!(tls.ends(), until("2028"));
        assert_eq!(looks.pair.0.as_ref().unwrap().1, told);
    }
    folder.put(&newer, &newer_key);
    tls.look(&mut looks, now()).await;
    assert_eq!((tls.ends(), looks.pair.0.is_none()), (until("2029"), true));
    fs::remove_file(folder.files().certificate).unwrap();
    tls.look(&mut looks, now()).await;
    assert_eq!(tls.ends(), until("2029"));
}

/// Whoever an authority vouched for that is taken out isn't taken any more, on whatever connection; those of one that stays are.
#[tokio::test]
async fn authorities_that_change_are_taken_and_bad_ones_are_not() {
    let (certificate, key) = pair(2026, 2028);
    let folder = Folder::with(&certificate, &key);
    let (ours, theirs) = (authority(), authority());
    let file = folder.0.path().join("devices.pem");
    let files = TlsFiles {
        device_ca: Some(file.clone()),
        ..folder.files()
    };
    fs::write(&file, ours.pem()).unwrap();
    let tls = Tls::open(files.clone(), now()).unwrap();
    let mut looks = Looks::default();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["th-1".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2028, 1, 1);
    let device = params.signed_by(&key, &ours).unwrap();
    let chain = [device.der().clone()];
    let shown = PeerCertificate::of(Some(&chain), tls.spoken().sum().unwrap()).unwrap();
    for (text, is_taken, is_told) in [
        (ours.pem(), true, false),
        (theirs.pem(), false, false),
        (format!("{}{}", theirs.pem(), ours.pem()), true, false),
        ("no certificate".to_owned(), true, true),
        (certificate.replace("MII", "XXX"), true, true),
        (theirs.pem(), false, false),
    ] {
        fs::write(&file, &text).unwrap();
        tls.look(&mut looks, now()).await;
        assert_eq!(tls.takes(&shown, now()), is_taken, "{text}");
        assert_eq!(looks.authorities.0.is_some(), is_told, "{text}");
    }
    fs::write(&file, ours.pem()).unwrap();
    tls.look(&mut looks, now()).await;
    assert!(tls.takes(&shown, now()));
    let late = "2028-01-01T00:00:00Z".parse().unwrap();
    assert!(!tls.takes(&shown, late), "it is over");
    for (text, id) in [
        ("", "tls.no-authority"),
        (&*key.serialize_pem(), "tls.no-authority"),
    ] {
        fs::write(&file, text).unwrap();
        let error = Tls::open(files.clone(), now()).unwrap_err();
        assert_eq!((error.setting(), error.id()), ("device_ca", id));
    }
    fs::remove_file(&file).unwrap();
    let error = Tls::open(files, now()).unwrap_err();
    assert_eq!(
        (error.setting(), error.id()),
        ("device_ca", "tls.unreadable")
    );
}

/// The server's own files can't be used by now: who is taken out counts no more all the same.
#[tokio::test]
async fn authorities_change_also_while_the_servers_own_files_are_bad() {
    let (certificate, key) = pair(2026, 2028);
    let folder = Folder::with(&certificate, &key);
    let (ours, theirs) = (authority(), authority());
    let file = folder.0.path().join("devices.pem");
    fs::write(&file, ours.pem()).unwrap();
    let files = TlsFiles {
        device_ca: Some(file.clone()),
        ..folder.files()
    };
    let tls = Tls::open(files, now()).unwrap();
    let mut looks = Looks::default();
    let device = named("th-1").signed_by(&KeyPair::generate().unwrap(), &ours);
    let chain = [device.unwrap().der().clone()];
    let shown = PeerCertificate::of(Some(&chain), tls.spoken().sum().unwrap()).unwrap();
    folder.put("", "");
    for (text, is_taken) in [(theirs.pem(), false), (ours.pem(), true)] {
        fs::write(&file, text).unwrap();
        tls.look(&mut looks, now()).await;
        assert_eq!(tls.takes(&shown, now()), is_taken);
        assert!(looks.pair.0.is_some() && looks.authorities.0.is_none());
    }
    assert_eq!(tls.ends(), "2028-01-01T00:00:00Z".parse().ok());
}

/// What stands between a device and its authority ends before its own certificate does, while its connection is open.
#[test]
fn a_certificate_counts_no_longer_than_who_stands_between() {
    let (certificate, key) = pair(2026, 2028);
    let folder = Folder::with(&certificate, &key);
    let root = authority();
    let file = folder.0.path().join("devices.pem");
    fs::write(&file, root.pem()).unwrap();
    let files = TlsFiles {
        device_ca: Some(file),
        ..folder.files()
    };
    let tls = Tls::open(files, now()).unwrap();
    let mut params = named("between");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    let between = KeyPair::generate().unwrap();
    let between = CertifiedIssuer::signed_by(params, between, &root).unwrap();
    let mut params = named("th-1");
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2028, 1, 1);
    let device = params.signed_by(&KeyPair::generate().unwrap(), &between);
    let chain = [device.unwrap().der().clone(), between.der().clone()];
    let shown = PeerCertificate::of(Some(&chain), tls.spoken().sum().unwrap()).unwrap();
    assert!(tls.takes(&shown, now()));
    // The last second is part of it (RFC 5280, section 4.1.2.5).
    assert!(tls.takes(&shown, "2027-01-01T00:00:00Z".parse().unwrap()));
    assert!(!tls.takes(&shown, "2027-01-01T00:00:01Z".parse().unwrap()));
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

#[test]
fn the_last_days_are_told_once_a_day() {
    let (certificate, key) = pair(2026, 2027);
    let folder = Folder::with(certificate, key);
    let tls = Tls::open(folder.files(), now()).unwrap();
    let mut looks = Looks::default();
    let mut told = |at: &str| {
        let at: Timestamp = at.parse().unwrap();
        tls.warn(&mut looks, at);
        looks.warned.is_some_and(|(_, warned)| warned == at)
    };
    assert!(!told("2026-12-17T00:00:00Z"));
    assert!(told("2026-12-19T00:00:00Z"));
    assert!(!told("2026-12-19T23:00:00Z"));
    assert!(told("2026-12-20T00:00:00Z"));
    // Of a certificate of six days, the last two.
    let pair = tls.pair().unwrap();
    let short = Pair {
        begins: pair.ends - SignedDuration::from_hours(6 * 24),
        shown: pair.shown.clone(),
        ends: pair.ends,
        sum: pair.sum,
    };
    let before = |hours| pair.ends - SignedDuration::from_hours(hours);
    assert!(!short.ends_soon(before(50), ENDS_SOON));
    assert!(short.ends_soon(before(47), ENDS_SOON));
}
