//! Looking at keys, giving out their public halves, and what their record says.

use crate::folder::Folder;

#[test]
fn a_folder_of_keys_is_listed_with_what_a_root_says() {
    let folder = Folder::with_root();
    folder.write("torn.pub", "holder = ");
    std::fs::remove_file(folder.path().join("kim.key")).expect("it was made");
    let listed = folder.good("key list . --root root.cbor");
    assert_eq!(listed.lines().count(), 6, "{listed}");
    for expected in [
        "file       engineer@company.example  ana.key.pub  (build; active)",
        "elsewhere  operations@company.example  kim.key.pub  (operations; active)",
        "server  status.key.pub  (status; active)",
        "torn.pub isn't the public half of a key",
    ] {
        assert!(listed.contains(expected), "{expected}:\n{listed}");
    }
    let json = folder.good("--json key list .");
    assert!(
        json.contains(r#""algorithm":"ESP256""#) && !json.contains("roles"),
        "{json}"
    );
    folder.run("key list none").failed(2, "key.folder");
}

#[test]
fn a_public_half_is_given_out_for_others() {
    let folder = Folder::with_root();
    let pem = folder.good("key export-public ana.key --format pem");
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
    let half = folder.good("key export-public ana.key");
    assert_eq!(half.as_bytes(), folder.read("ana.key.pub"));
    folder.good("key export-public ana.key.pub -o copy.pub");
    folder
        .run("key export-public ana.key -o copy.pub")
        .failed(2, "key.exists");
    folder
        .run("key export-public ana.key --holder sam@company.example")
        .failed(2, "key.holder-differs");
    let shown = folder.good("key show ana.key --root root.cbor");
    assert!(
        shown.contains("kept in      file") && shown.contains("build; active"),
        "{shown}"
    );
}

#[test]
fn every_use_leaves_a_record_and_an_edit_shows() {
    let folder = Folder::with_root();
    folder.pack("app.bin", "a.mainstay");
    folder.good("artifact sign a.mainstay --root root.cbor --key ana.key");
    let told = folder.good("key uses ana.key");
    assert!(
        told.contains("  release  ") && told.contains("engineer@company.example"),
        "{told}"
    );
    let told = folder.good("key uses rae.key");
    assert!(
        told.contains("  application/vnd.mainstay.root+cbor  "),
        "{told}"
    );
    let text = String::from_utf8(folder.read("ana.key.uses")).expect("text");
    let version = concat!(r#""program":"mainstay "#, env!("CARGO_PKG_VERSION"), '"');
    assert!(text.contains(version), "{text}");
    folder.write("ana.key.uses", text.replace("release", "nothing") + &text);
    folder.run("key uses ana.key").failed(2, "uses.broken");
    folder.run("key uses kim.key").failed(2, "uses.missing");
    let elsewhere = [("MAINSTAY_KEY_LOG", "all.uses")];
    folder.pack("app.bin", "b.mainstay");
    let words = "artifact sign b.mainstay --root root.cbor --key ana.key";
    assert_eq!(folder.run_with(words, &elsewhere).code(), 0);
    assert_eq!(folder.good("key uses all.uses").lines().count(), 1);
}
