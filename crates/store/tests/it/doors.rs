//! What a thief finds who copies the file.

use jiff::{SignedDuration, Timestamp};
use mainstay_access::{
    Account, ApiToken, ApiTokenWish, Email, JoinCode, JoinTerms, Means, PasswordHash, Permission,
    Role, SecondFactor, Secret, SecretKind, Session, SetupLink, TotpSecret,
};
use mainstay_store::{
    Accounts as _, ApiTokens as _, JoinCodes as _, Sessions as _, SetupLinks as _, SqliteStore,
};

fn now() -> Timestamp {
    "2026-07-15T12:00:00Z".parse().expect("a constant")
}

fn secret(kind: SecretKind, n: u8) -> Secret {
    let mut chance = [0xa7; 32];
    chance[0] = n;
    Secret::new(kind, chance)
}

fn account(name: &str) -> Account {
    Account {
        email: Email::new(&format!("{name}@northwind.example")).expect("an address"),
        role: Role::Operations,
        password: PasswordHash::new("$argon2id$x".to_owned()).expect("a hash"),
        second_factor: Some(SecondFactor::kept(
            TotpSecret::new(*b"12345678901234567890"),
            0,
        )),
        since: now(),
        closed: None,
    }
}

async fn add_code(store: &SqliteStore, code: &Secret, maker: &Email) {
    let terms = JoinTerms {
        class: "thermo-v2".to_owned(),
        device: None,
        hardware: None,
        zone: None,
        bootloader: None,
        site: None,
        gateway: None,
    };
    let code = JoinCode::new(code.hash(), terms, (1, 7), maker.clone(), now());
    let added = store.add_join_code(&code.expect("a good one")).await;
    added.expect("new");
}

/// Neither the file nor its log holds a secret in any form that opens something.
#[tokio::test(flavor = "multi_thread")]
async fn of_secrets_only_hashes_are_on_the_disk() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = SqliteStore::create(&folder.path().join("mainstay.sqlite")).await;
    let store = store.expect("a new database");
    let kinds = [
        SecretKind::Session,
        SecretKind::ApiToken,
        SecretKind::SetupLink,
        SecretKind::JoinCode,
    ];
    let secrets = kinds.map(|kind| secret(kind, 1));
    let [session, token, link, code] = &secrets;
    let kim = account("kim");
    store
        .add_setup_link(&SetupLink::first(link.hash(), now()), None)
        .await
        .expect("new");
    store
        .use_setup_link(&link.hash(), &kim, now())
        .await
        .expect("it works");
    let unused = secret(SecretKind::SetupLink, 1);
    let again = SetupLink::on_the_machine(unused.hash(), kim.email.clone(), kim.role, now());
    store.add_setup_link(&again, None).await.expect("new");
    let begun = Session {
        second_factor: Some(now()),
        ..Session::begin(session.hash(), kim.email.clone(), Means::Password, now())
    };
    let added = store.add_session(&begun, &kim.password).await;
    added.expect("an open account");
    let wish = ApiTokenWish {
        name: "ci".to_owned(),
        scope: [Permission::Read].into(),
        expires: now() + SignedDuration::from_hours(1),
    };
    let made = ApiToken::make(wish, &kim, token.hash(), now()).expect("a good wish");
    let added = store.add_api_token(&made, &session.hash()).await;
    added.expect("a whole session");
    assert_eq!(store.accounts().await.expect("readable").len(), 1);
    add_code(&store, code, &kim.email).await;

    let mut disk = Vec::new();
    for file in std::fs::read_dir(folder.path()).expect("readable") {
        let path = file.expect("readable").path();
        disk.extend(std::fs::read(path).expect("readable"));
    }
    let holds = |wanted: &[u8]| disk.windows(wanted.len()).any(|window| window == wanted);
    for secret in &secrets {
        let digits = secret.reveal()[secret.reveal().len() - 64..].to_owned();
        let bytes: Vec<u8> = (0..64)
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal"))
            .collect();
        assert!(!holds(digits.as_bytes()) && !holds(&bytes), "{secret:?}");
        assert!(holds(&secret.hash().0), "{secret:?} isn't there at all");
    }
}
