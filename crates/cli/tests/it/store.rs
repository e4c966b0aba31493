//! A server's database as a whole, as far as a folder has it; and homes that can't be used.

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use crate::folder::Folder;
use crate::older::taken_back;
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

/// The format that a folder is set back to.
const OLDER: usize = 10;

/// Sets a folder back to what an older program left.
async fn set_back(folder: &Folder) {
    let path = folder.path().join("data/mainstay.sqlite");
    let file = SqliteConnectOptions::new().filename(path);
    let database = SqliteConnection::connect_with(&file).await;
    let mut database = database.expect("it is there");
    let tables = taken_back("sqlite", OLDER);
    let sql = format!("{tables} PRAGMA user_version = {OLDER}");
    let done = sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut database)
        .await;
    done.expect("good statements");
    database.close().await.expect("nothing is against it");
}

#[tokio::test]
async fn the_steps_that_an_older_folder_lacks_are_told_and_then_taken() {
    let folder = with_server();
    set_back(&folder).await;
    let missing = folder.good("store migrate --data data --look");
    let begins = format!(
        "The tables have format {OLDER}. Missing:\n  {}  ",
        OLDER + 1
    );
    assert!(missing.starts_with(&begins), "{missing}");
    let again = folder.good("store migrate --data data --look");
    assert_eq!(again, missing, "only looked at");
    // A check changes nothing either, and doesn't know tables that aren't there.
    folder
        .run("store check --data data")
        .failed(2, "store.behind");
    let migrate = folder.run("store migrate --data data");
    assert_eq!(migrate.code(), 0, "{}", migrate.stderr());
    assert_eq!(migrate.stderr(), missing, "told before they are taken");
    assert_eq!(migrate.stdout().trim_end(), "All steps are taken.");
    let json = folder.good("--json store migrate --data data");
    let json: Value = serde_json::from_str(&json).expect("one line");
    let newest = OLDER + missing.lines().count() - 1;
    let expected = serde_json::json!({ "version": newest, "missing": [], "taken": false });
    assert_eq!(json, expected);
    let told = folder.good("store check --data data");
    assert!(told.contains("nothing is wrong"), "{told}");
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

/// Without its settings a server, and whoever administers it, would go on with the fleet of the day of the move.
#[test]
fn what_was_copied_elsewhere_is_opened_by_nobody() {
    let folder = with_server();
    folder.good(&INIT.replace("--data data", "--data other"));
    let person = "person add ana@company.example --duty engineer --data";
    std::fs::remove_file(folder.path().join("other/mainstay.sqlite")).expect("it is there");
    let told = folder.good("store copy --from data --to other");
    assert!(told.contains("`moved`"), "{told}");
    for refused in [
        "serve --listen 127.0.0.1:0 --data data",
        &format!("{person} data"),
        "server rotate --data data --root root.cbor",
    ] {
        folder.run(refused).failed(2, "data.moved");
    }
    let ended = folder.run("serve --listen 127.0.0.1:0 --data data --check");
    ended.failed(2, "settings.wrong");
    let told = ended.stdout();
    let words = "error data.moved\n  store (default) can't be used: ";
    assert!(
        told.contains(words) && told.contains("copied to other"),
        "{told}"
    );
    folder.good("store check --data data --with other");
    folder.good(&format!("{person} other"));

    // The way back: from then on it is the other one that is out of date.
    std::fs::remove_file(folder.path().join("data/mainstay.sqlite")).expect("it is there");
    folder.good("store copy --from other --to data");
    folder.good(&format!("{} data", person.replace("ana", "ole")));
    folder
        .run(&format!("{person} other"))
        .failed(2, "data.moved");
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
