//! A server's settings, from everywhere that they can be said: what counts, what is wrong, and that a wrong one starts nothing.

use serde_json::Value;

use crate::folder::Folder;

const WRONG: &str = "data = \"data\"\nlisten = \"localhost\"\n[log]\nformatt = \"json\"\n";

#[test]
fn a_check_says_what_each_setting_is_and_where_it_was_said() {
    let folder = Folder::with_root();
    let init = "server init --data data --root root.cbor --plan plan.toml --status-key status.key";
    folder.good(init);
    folder.write(
        "mainstay-server.toml",
        "data = \"data\"\n[log]\nlevel = \"warn\"\n",
    );
    let words = "serve --settings mainstay-server.toml --log-format json --check";
    let told = folder
        .run_with(words, &[("MAINSTAY_LISTEN", "127.0.0.1:1")])
        .stdout();
    let row = |name: &str| {
        let line = told.lines().find(|line| line.starts_with(name));
        let words = line
            .unwrap_or_else(|| panic!("{name}: {told}"))
            .split_whitespace();
        words.skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("data"), "data mainstay-server.toml line 1");
    assert_eq!(row("listen"), "127.0.0.1:1 variable MAINSTAY_LISTEN");
    assert_eq!(row("public_url"), "(not set) default");
    assert_eq!(row("log.level"), "warn mainstay-server.toml line 3");
    assert_eq!(row("log.format"), "json flag --log-format");
    assert_eq!(row("hawkbit.tenant"), "DEFAULT default");

    let json: Value = serde_json::from_str(&folder.good(&format!("--json {words}"))).expect("JSON");
    let settings = json["settings"].as_array().expect("a list");
    let level = settings
        .iter()
        .find(|setting| setting["name"] == "log.level")
        .expect("told");
    let source = serde_json::json!({ "kind": "file", "path": "mainstay-server.toml", "line": 3 });
    assert_eq!(
        (&level["value"], &level["source"]),
        (&Value::from("warn"), &source)
    );
    assert_eq!(json["findings"], serde_json::json!([]));
}

#[test]
fn a_check_of_wrong_settings_tells_all_of_them_and_ends_with_2() {
    let folder = Folder::new();
    folder.write("wrong.toml", WRONG);
    let ended = folder.run("serve --settings wrong.toml --shutdown-grace soon --check");
    ended.failed(2, "settings.wrong");
    let told = ended.stdout();
    for (id, words) in [
        ("settings.value", "listen (wrong.toml line 2)"),
        ("settings.unknown", "log.formatt (wrong.toml line 4)"),
        ("settings.value", "shutdown_grace (flag --shutdown-grace)"),
        ("data.missing", "data (wrong.toml line 1)"),
    ] {
        assert!(
            told.contains(&format!("error {id}\n  {words} ")),
            "{words}: {told}"
        );
    }
    assert!(told.contains("fix   did you mean log.format?"), "{told}");
}

#[test]
fn a_server_is_not_started_with_wrong_settings_and_names_each() {
    let folder = Folder::new();
    folder.write("wrong.toml", WRONG);
    let ended = folder.run("serve --settings wrong.toml");
    assert_eq!(ended.code(), 2);
    let told = ended.stderr();
    for line in ["error settings.value", "error settings.unknown"] {
        assert!(told.contains(line), "{told}");
    }
    assert_eq!(
        told.lines()
            .filter(|line| line.starts_with("  fix   "))
            .count(),
        2,
        "{told}"
    );
    folder.run("serve").failed(2, "settings.missing");
    folder
        .run("serve --settings none.toml --data d")
        .failed(2, "settings.missing-file");
    let json = folder
        .run("--json serve --listen nowhere --data d")
        .stderr();
    let json: Value = serde_json::from_str(&json).expect("one line");
    assert_eq!(json["error"]["id"], "settings.value");
    assert!(
        json["error"]["what"]
            .as_str()
            .is_some_and(|what| what.contains("--listen"))
    );
}
