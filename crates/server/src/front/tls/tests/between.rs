//! Authorities of which one vouches for another.

use super::*;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn of_an_authority(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn root(name: &str) -> Authority {
    CertifiedIssuer::self_signed(of_an_authority(name), KeyPair::generate().unwrap()).unwrap()
}

fn below(by: &Authority, name: &str) -> Authority {
    let key = KeyPair::generate().unwrap();
    CertifiedIssuer::signed_by(of_an_authority(name), key, by).unwrap()
}

fn device(by: &Authority) -> CertificateDer<'static> {
    let device = named("th-1").signed_by(&KeyPair::generate().unwrap(), by);
    device.unwrap().der().clone()
}

/// A server that takes devices of these, and the folder that it lives in.
fn told(authorities: &[&str]) -> (Tls, Folder) {
    let (certificate, key) = pair(2026, 2028);
    let folder = Folder::with(&certificate, &key);
    let file = folder.0.path().join("devices.pem");
    fs::write(&file, authorities.concat()).unwrap();
    let files = TlsFiles {
        device_ca: Some(file),
        ..folder.files()
    };
    (Tls::open(files, now()).unwrap(), folder)
}

fn behind(tls: &Tls, chain: &[&CertificateDer<'static>]) -> Vec<[u8; 32]> {
    let chain: Vec<_> = chain.iter().copied().cloned().collect();
    let shown = PeerCertificate::of(Some(&chain), tls.spoken().sum().unwrap());
    tls.behind(&shown.unwrap(), now())
}

#[test]
fn who_vouches_is_found_whatever_a_device_shows_of_those_between() {
    let (one, apart) = (root("one"), root("apart"));
    let (under, beside) = (below(&one, "under"), below(&one, "beside"));
    let all = [&one, &under, &beside, &apart];
    let pems = all.map(|authority| authority.pem());
    let (tls, _folder) = told(&pems.each_ref().map(String::as_str));
    let [one_is, under_is, beside_is, apart_is] = all.map(|authority| fingerprint(authority.der()));
    let own = device(&under);
    let chains: [&[_]; 4] = [
        &[&own],
        &[&own, under.der()],
        &[&own, apart.der()],
        &[&own, beside.der(), one.der()],
    ];
    for chain in chains {
        assert_eq!(behind(&tls, chain), [one_is, under_is], "{}", chain.len());
    }
    assert_eq!(behind(&tls, &[&device(&one), under.der()]), [one_is]);
    assert_eq!(
        behind(&tls, &[&device(&root("else")), one.der()]),
        [[0; 32]; 0]
    );
    for (a, b, expected) in [
        (one_is, under_is, true),
        (under_is, one_is, true),
        (under_is, beside_is, false),
        (one_is, apart_is, false),
        (under_is, apart_is, false),
        (one_is, [7; 32], false),
    ] {
        assert_eq!(tls.share(&a, &b), expected);
    }
}

/// For the same key there are two certificates, of two authorities.
#[test]
fn two_authorities_over_one_share_its_devices() {
    let (one, other) = (root("one"), root("other"));
    let key = KeyPair::generate().unwrap();
    let by_one = of_an_authority("crossed").signed_by(&key, &one).unwrap();
    let by_other = CertifiedIssuer::signed_by(of_an_authority("crossed"), key, &other).unwrap();
    let [one_is, other_is] = [&one, &other].map(|authority| fingerprint(authority.der()));
    let [by_one_is, by_other_is] = [by_one.der(), by_other.der()].map(fingerprint);
    let own = device(&by_other);
    let (tls, _folder) = told(&[&one.pem(), &other.pem(), &by_one.pem(), &by_other.pem()]);
    for chain in [&[&own][..], &[&own, by_one.der()], &[&own, by_other.der()]] {
        let found = behind(&tls, chain);
        assert_eq!(found, [one_is, other_is, by_one_is, by_other_is]);
    }
    assert!(tls.share(&one_is, &other_is));
    // What the file doesn't hold is known only of a device that shows it, and takes nothing away.
    let (tls, _folder) = told(&[&one.pem(), &other.pem(), &by_one.pem()]);
    assert_eq!(behind(&tls, &[&own]), [one_is, by_one_is]);
    let shown = behind(&tls, &[&own, by_other.der()]);
    assert_eq!(shown, [one_is, other_is, by_one_is]);
    assert!(!tls.share(&one_is, &other_is));
}
