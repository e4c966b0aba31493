//! What the link points to is what runs: an update that couldn't be applied isn't kept, one that was cut while it was
//! applied is applied again, and applications find their way to it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::field::Field;

/// Applies nothing but A while there is a file `ill`, and hangs while there is one `hang`.
const APPLY: &str = r#"apply = { command = ["/bin/sh", "-c", "echo $MAINSTAY_SLOT >> @/applied; while test -e @/hang; do sleep 0.1; done; test $MAINSTAY_SLOT = a || ! test -e @/ill"] }"#;

async fn field() -> Field {
    let field = Field::bare("").await;
    let config = fs::read_to_string(field.bench.path("agent.toml")).unwrap();
    let apply = config.lines().find(|line| line.starts_with("apply"));
    field.bench.configure(apply.unwrap(), APPLY);
    field.provision();
    field
}

/// The slots that were applied, in order.
fn applied(field: &Field) -> String {
    let log = fs::read_to_string(field.bench.path("applied")).unwrap_or_default();
    log.split_whitespace().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_cant_be_applied_isnt_kept_by_what_runs_in_its_place() {
    let field = field().await;
    fs::write(field.bench.path("ill"), "").unwrap();
    field.offer(100).await;
    // Nothing else is wrong: what ran before is well, and the server is reached.
    let _agent = field.bench.run();
    let status = field.bench.wait_until("the way back", |status| {
        status.boot == "reverted" && status.unsent_reports == 0
    });
    assert_eq!(status.outcome.as_deref(), Some("reverted: self-test"));
    assert_eq!(field.bench.version(), "1.0.0");
    assert_eq!(applied(&field), "aba", "what ran is started again");
    assert!(field.bench.log().contains("agent.hook-failed"));
    assert_eq!(field.updated().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_while_it_was_applied_is_applied_at_the_next_start() {
    let field = field().await;
    fs::write(field.bench.path("hang"), "").unwrap();
    let agent = field.bench.run();
    while applied(&field) != "a" {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    drop(agent);
    assert_eq!(field.bench.version(), "1.0.0", "the link is there already");
    fs::remove_file(field.bench.path("hang")).unwrap();
    for _ in 0..2 {
        let _ = fs::remove_file(field.bench.path("run/status.json"));
        let _agent = field.bench.run();
        let heard = |status: &mainstay_agent::status::Status| status.last_contact.is_some();
        field.bench.wait_until("the start", heard);
    }
    assert_eq!(applied(&field), "aa", "and not once it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_of_other_users_find_their_way_whatever_the_agents_umask() {
    let mut field = Field::bare("").await;
    field.bench.wrapper = Some("umask 0077; exec \"$0\" \"$@\"");
    field.provision();
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    let mut image = tar::Builder::new(Vec::new());
    for (name, body) in [("version", &b"1.1.0"[..]), ("lib/deep/part", b"x")] {
        header.set_size(body.len() as u64);
        image.append_data(&mut header, name, body).unwrap();
    }
    field.offer_image(image.into_inner().unwrap()).await;
    let _agent = field.bench.run();
    field.bench.wait_for_update("1.1.0");
    let mode = |name: &str| {
        let found = fs::metadata(field.bench.path(name)).unwrap();
        found.permissions().mode() & 0o777
    };
    for (name, expected) in [
        ("app", 0o755),
        ("app/a", 0o755),
        ("app/current", 0o755),
        ("app/current/lib/deep", 0o755),
        ("app/current/lib/deep/part", 0o644),
        ("app/b.image", 0o600),
        ("state", 0o700),
    ] {
        assert_eq!(mode(name), expected, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_disturbs_an_agent_that_runs() {
    let field = field().await;
    let agent = field.bench.run();
    let heard = |status: &mainstay_agent::status::Status| status.last_contact.is_some();
    field.bench.wait_until("the start", heard);
    let half_done = field.bench.path("app/b.new");
    fs::create_dir(&half_done).unwrap();
    let (code, said) = field.bench.say(&["check"]);
    assert_eq!(code, 0, "{said}");
    fs::write(field.bench.path("factory.mainstay"), field.factory().file()).unwrap();
    let factory = field.bench.path("factory.mainstay");
    let (code, said) = field
        .bench
        .say(&["install", "--factory", factory.to_str().unwrap()]);
    assert!(code == 1 && said.contains("agent.running"), "{said}");
    assert!(half_done.exists());
    drop(agent);
}
