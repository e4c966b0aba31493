//! A device that somebody brought a code instead of a token, by a real process against the real server.

use std::fs;
use std::io::{self, Read as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::thread;

use mainstay_api::{JoinCodeView, MadeJoinCode, Page};

use crate::bench::{Bench, approved, built, tree};
use crate::house::{self, House};
use crate::relay;

/// A wire that loses what comes back on its first connection, once the server has answered there.
fn forgetful(base: &str) -> String {
    let to = base.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut is_first = true;
        for near in listener.incoming().flatten() {
            let Ok(far) = TcpStream::connect(&to) else {
                continue;
            };
            match std::mem::take(&mut is_first) {
                true => lose(&near, &far),
                false => relay::join(near, far, &Arc::default()),
            }
        }
    });
    base
}

fn lose(near: &TcpStream, far: &TcpStream) {
    let (mut from, mut to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    thread::spawn(move || io::copy(&mut from, &mut to));
    let mut answer = far;
    let _ = answer.read(&mut [0; 64]);
    let _ = (near.shutdown(Shutdown::Both), far.shutdown(Shutdown::Both));
}

async fn code(house: &House, wish: &str) -> MadeJoinCode {
    let (path, body) = ("/api/v1/join-codes", wish.as_bytes().to_vec());
    let made = house.post(path, &house.tokens.operations, body).await;
    assert_eq!(made.status(), 201);
    house::read(made).await
}

async fn codes(house: &House) -> Vec<JoinCodeView> {
    let page: Page<JoinCodeView> = house
        .get("/api/v1/join-codes", &house.tokens.engineer)
        .await;
    page.items
}

/// A device that runs its factory's release, and has this code and no token.
fn bench(house: &House, base: &str, code: &str) -> Bench {
    let bench = Bench::new(base, "", &house.root, "");
    let old = built(house, "1.0.0", 1, tree("1.0.0", 100));
    bench.provision(&approved(house, &old));
    fs::remove_file(bench.path("token")).unwrap();
    fs::write(bench.path("join.code"), format!("{code}\n")).unwrap();
    bench.configure(
        "retry_s = 1",
        "retry_s = 1\njoin_code_file = \"@/join.code\"",
    );
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_joins_by_its_code_also_if_the_answer_is_lost() {
    let house = House::new().await;
    let wish =
        r#"{"class": "thermo-v2", "device": "th-1", "hardware": "B", "zone": "America/Denver"}"#;
    let made = code(&house, wish).await;
    let bench = bench(&house, &forgetful(&house.base), &made.code);
    let (_, said) = bench.say(&["check"]);
    assert!(!said.contains("agent.server-file"), "{said}");
    let agent = bench.run();
    bench.wait_until("it has joined", |status| status.last_contact.is_some());
    let token = bench.path("token");
    let mode = fs::metadata(&token).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_to_string(&token).unwrap().len(), 64);
    assert!(!bench.path("state/join.secret").exists());
    assert_eq!(codes(&house).await[0].used, 1);
    let log = bench.log();
    let is_told = |secret: &str| log.contains(secret);
    assert!(log.contains("joined") && !is_told(&made.code), "{log}");
    assert!(!is_told(&fs::read_to_string(&token).unwrap()), "{log}");
    // Started anew it has its token, whatever became of its code.
    drop(agent);
    fs::remove_file(bench.path("join.code")).unwrap();
    fs::remove_file(bench.path("run/status.json")).unwrap();
    let _agent = bench.run();
    bench.wait_until("it is heard", |status| status.last_contact.is_some());
    assert_eq!(codes(&house).await[0].used, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_with_a_wrong_code_says_so_and_takes_a_right_one() {
    let house = House::new().await;
    let wrong = format!("mainstay_join_{}", "0".repeat(64));
    let bench = bench(&house, &house.base, &wrong);
    let _agent = bench.run();
    let status = bench.wait_until("it is refused", |status| status.unheard.is_some());
    let why = status.unheard.unwrap();
    assert!(
        why.starts_with("agent.not-joined") && why.contains("403"),
        "{why}"
    );
    let wish = r#"{"class": "thermo-v2", "hardware": "B", "zone": "America/Denver"}"#;
    let made = code(&house, wish).await;
    fs::write(bench.path("join.code"), made.code).unwrap();
    bench.wait_until("it has joined", |status| status.last_contact.is_some());
}
