//! What stands in files around keys: where a token is, what was signed, and keys made elsewhere.

use mainstay_artifact::Signer as _;
use mainstay_artifact::signer::FakeSigner;
use mainstay_keys::pkcs11::TokenUri;
use mainstay_keys::public_formats::to_pem;
use mainstay_keys::use_log::{Line, Use, follow};
use mainstay_keys::{TokenFile, import};
use mainstay_trust::{Algorithm, Primitives as _, RustCrypto};

use crate::texts::text;
use crate::{Fixtures, Target};

pub(crate) const TOKEN_URI: Target = Target {
    name: "token_uri",
    bytes_max: 2048 + 64,
    check: |bytes| {
        if let Some(uri) = text(bytes).and_then(|text| TokenUri::parse(text).ok()) {
            let again = TokenUri::parse(&uri.to_string());
            assert_eq!(again.ok(), Some(uri), "written again, it differs");
        }
    },
    seeds: |_| URIS.map(|uri| uri.as_bytes().to_vec()).to_vec(),
};

pub(crate) const TOKEN_FILE: Target = Target {
    name: "token_file",
    bytes_max: 4096 + 64,
    check: |bytes| {
        if let Some(Ok(Some(file))) = text(bytes).map(TokenFile::parse) {
            let again = TokenFile::parse(&file.to_text());
            assert_eq!(again.ok(), Some(Some(file)), "written again, it differs");
        }
    },
    seeds: |_| URIS.iter().filter_map(|uri| token_file(uri)).collect(),
};

pub(crate) const USE_LOG: Target = Target {
    name: "use_log",
    bytes_max: 4 * 1024,
    check: check_use_log,
    seeds: |_| vec![record(3), record(1), Vec::new()],
};

pub(crate) const IMPORTED_KEY: Target = Target {
    name: "imported_key",
    bytes_max: 4 * 1024,
    check: check_imported,
    seeds: imported,
};

const URIS: [&str; 4] = [
    "pkcs11:token=Main%20stay;object=ana;id=%01%ff;type=private",
    "pkcs11:serial=1a;slot-id=7?module-path=/usr/lib/a.so&pin-source=file:/run/pin",
    "pkcs11:manufacturer=Acme;model=v2?module-name=softhsm2&pin-source=file:///run/pin",
    "PKCS11:?pin-value=4321",
];

fn token_file(uri: &str) -> Option<Vec<u8>> {
    let uri = TokenUri::parse(uri).ok()?;
    Some(TokenFile { uri }.to_text().into_bytes())
}

/// A record of so many uses.
fn record(uses: u64) -> Vec<u8> {
    let mut text = String::new();
    let mut previous = "0".repeat(64);
    for at in 0..uses {
        let kid = FakeSigner::new("ana").key_id().to_string();
        let digest = RustCrypto.digest(&at.to_be_bytes()).to_string();
        let line = format!(
            r#"{{"at":{at},"kid":"{kid}","holder":"ana","what":"release","digest":"{digest}","program":"mainstay","previous":"{previous}"}}"#
        );
        previous = RustCrypto.digest(line.as_bytes()).to_string();
        text += &line;
        text.push('\n');
    }
    text.into_bytes()
}

/// Every use in a record that is believed names the line before it; so does every beginning of it.
fn check_use_log(bytes: &[u8]) {
    let Ok(lines) = follow(bytes) else {
        return;
    };
    let texts: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    for (number, line) in lines.iter().enumerate() {
        let before = number.checked_sub(1);
        let previous = before.map_or("0".repeat(64), |n| RustCrypto.digest(texts[n]).to_string());
        if let Line::Use(Use { previous: said, .. }) = line {
            assert_eq!(*said, previous, "line {} follows another", number + 1);
        }
        let beginning = texts[..=number].join(&b'\n');
        assert_eq!(follow(&beginning).as_deref(), Ok(&lines[..=number]));
    }
    let behind = texts.len() - lines.len();
    assert!(behind <= 1, "{behind} lines weren't looked at");
}

/// A key in PEM that names its algorithm; or one in bytes or digits, behind the number of it.
fn imported(fixtures: &Fixtures) -> Vec<Vec<u8>> {
    let signer = FakeSigner::new("ana");
    let point = signer.public_key();
    let tree = fixtures.below("good/trust/lms", ".pub");
    let tree = [&[5], &tree[0][..]].concat();
    let digits: String = tree[1..].iter().map(|byte| format!("{byte:02x}")).collect();
    let digits = [&[5], digits.as_bytes()].concat();
    let pem = [&[0], to_pem(&point).as_bytes()].concat();
    let edwards = [&[1], &[7; 32][..]].concat();
    vec![pem, [&[0], point.bytes()].concat(), edwards, tree, digits]
}

/// A key that was taken in can be given out, and is the same then.
fn check_imported(bytes: &[u8]) {
    let Some((number, content)) = bytes.split_first() else {
        return;
    };
    let asked = Algorithm::ALL.get(usize::from(*number)).copied();
    let named = import::parse(content, asked);
    let unnamed = import::parse(content, None);
    if let Ok(key) = &unnamed {
        let same = asked.is_none_or(|asked| asked == key.algorithm());
        assert_eq!(named.is_ok(), same, "a key under another's algorithm");
    }
    for key in [named, unnamed].into_iter().flatten() {
        let again = import::parse(to_pem(&key.as_key()).as_bytes(), None);
        assert_eq!(again, Ok(key), "given out and taken in, it differs");
    }
}
