//! A server's database as a whole, as far as a folder has it; and homes that can't be used.

use serde_json::Value;

use crate::folder::Folder;
use crate::settings::own;

const INIT: &str =
    "server init --data data --root root.cbor --plan plan.toml --status-key status.key";

fn with_server() -> Folder {
    let folder = Folder::with_root();
    folder.good(INIT);
    folder
}

#[test]
fn a_new_servers_database_lacks_nothing_and_is_itself() {
    let folder = with_server();
    let told = folder.good("store migrate --data data");
    assert!(told.contains("no step is missing"), "{told}");
    let told = folder.good("store check --data data --with data");
    for words in ["nothing is wrong", "Both are the same."] {
        assert!(told.contains(words), "{told}");
    }
    let json = folder.good("--json store check --data data");
    let json: Value = serde_json::from_str(&json).expect("one line");
    assert_eq!(json["findings"], serde_json::json!([]));
    let plans = json["tables"].as_array().expect("a list");
    let plans = plans.iter().find(|table| table["table"] == "plans");
    assert_eq!(plans.expect("a table")["rows"], 1);
    folder.good("person add ana@company.example --duty engineer --data data");
}

#[test]
fn what_differs_ends_with_1() {
    let folder = with_server();
    folder.good(&INIT.replace("--data data", "--data other"));
    let ended = folder.run("store check --data data --with other");
    ended.failed(1, "store.differs");
    assert!(
        ended.stdout().contains("differs: 1 there"),
        "{}",
        ended.stdout()
    );
}

#[test]
fn a_copy_goes_only_where_nothing_is() {
    let folder = with_server();
    folder.good(&INIT.replace("--data data", "--data other"));
    folder
        .run("store copy --from data --to other")
        .failed(2, "store.already-exists");
    folder
        .run("store copy --from data --to data")
        .failed(2, "data.in-use");
    folder
        .run("store copy --from data --to none")
        .failed(2, "data.missing");
    std::fs::remove_file(folder.path().join("other/mainstay.sqlite")).expect("it is there");
    let told = folder.good("store copy --from data --to other");
    assert!(told.contains("All of it is in other"), "{told}");
    folder.good("store check --data data --with other");
    let address = "postgres://kim:hunter2@127.0.0.1:1/mainstay";
    let ended = folder.run(&format!("store copy --from data --to {address}"));
    ended.failed(2, "store.address");
    assert!(!ended.stderr().contains("hunter2"), "{}", ended.stderr());
    let nobody = "store copy --from data --to postgres://kim@127.0.0.1:1/mainstay";
    folder.run(nobody).failed(2, "store.unreachable");
}

/// Told by a check with their settings; and a server doesn't start.
#[test]
fn homes_that_can_not_be_used_are_named_with_their_place() {
    let folder = with_server();
    let text = "data = \"data\"\nlisten = \"127.0.0.1:0\"\nstore = \"postgres://kim@127.0.0.1:1/mainstay\"\n\
                blobs = \"s3://northwind/fleet\"\nblobs_endpoint = \"http://127.0.0.1:1\"\nblobs_key_file = \"key\"\n";
    folder.write("mainstay-server.toml", text);
    let key = folder.write("key", "only-one-line");
    let check = "serve --settings mainstay-server.toml --check";
    let ended = folder.run(check);
    ended.failed(2, "settings.wrong");
    let told = ended.stdout();
    for words in [
        "error store.unreachable\n  store (mainstay-server.toml line 3) can't be used: ",
        "error settings.secret-malformed\n  blobs_key_file (mainstay-server.toml line 6) can't be used: ",
    ] {
        assert!(told.contains(words), "{told}");
    }
    assert!(!told.contains("only-one-line"), "{told}");
    std::fs::write(&key, "id\nsecret\n").expect("an own file");
    own(&key);
    let told = folder.run(check).stdout();
    let words = "error store.unreadable\n  blobs (mainstay-server.toml line 4) can't be used: ";
    assert!(told.contains(words), "{told}");
    let ended = folder.run("serve --settings mainstay-server.toml");
    ended.failed(2, "store.unreachable");
    let place = "store (mainstay-server.toml line 3) can't be used: ";
    assert!(ended.stderr().contains(place), "{}", ended.stderr());
}
