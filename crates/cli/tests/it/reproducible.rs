//! The same inputs give the same manifest and payload bytes: in another folder, at another time, for
//! another user in another country.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::folder::Folder;

const PACK: &str = "artifact pack app.bin out.mainstay --plan plan.toml --class device-v1 \
                    --version 1.0.0 --sequence 1 --security-floor 1 --use-before 2031-01-01T00:00Z \
                    --sbom app.cdx.json";

/// A folder with the inputs, dated `touched`.
fn inputs(touched: &str) -> Folder {
    let folder = Folder::new();
    folder.good("plan init plan.toml");
    let image: Vec<u8> = (0..700_000_u32).map(|n| (n % 253) as u8).collect();
    folder.write("app.bin", image);
    folder.write(
        "app.cdx.json",
        r#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#,
    );
    for name in ["plan.toml", "app.bin", "app.cdx.json"] {
        let dated = Command::new("touch")
            .args(["-d", touched, name])
            .current_dir(folder.path())
            .status();
        assert!(dated.expect("touch runs").success());
    }
    folder
}

/// Packs with these surroundings, prepared by a shell's words before the program.
fn pack(folder: &Folder, before: &str, surroundings: &[(&str, &str)]) -> Vec<u8> {
    let line = format!("{before} \"$0\" {PACK}");
    let ended = Command::new("sh")
        .args(["-c", &line, env!("CARGO_BIN_EXE_mainstay")])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", std::env::var("PATH").expect("there is a PATH"))
        .envs(surroundings.iter().copied())
        .output()
        .expect("a shell runs");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{before}: {told}");
    folder.read("out.mainstay")
}

#[test]
fn places_times_and_surroundings_leave_no_trace() {
    let (here, there) = (inputs("2026-01-01 00:00:00"), inputs("2031-12-31 23:59:59"));
    let tokyo = [
        ("TZ", "Asia/Tokyo"),
        ("LANG", "ja_JP.UTF-8"),
        ("LC_ALL", "tr_TR.UTF-8"),
        ("HOME", "/nonexistent"),
        ("SOURCE_DATE_EPOCH", "1"),
    ];
    let first = pack(&here, "", &[("TZ", "America/New_York"), ("LANG", "C")]);
    let second = pack(&there, "umask 077;", &tokyo);
    assert!(first == second, "artifacts of the same inputs differ");
}

/// A real other user, where we may become one.
#[test]
fn another_user_packs_the_same_bytes() {
    let (ours, theirs) = (inputs("2026-01-01 00:00:00"), inputs("2027-01-01 00:00:00"));
    let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    let can_become = Command::new("setpriv").args(nobody).arg("true").status();
    if !can_become.is_ok_and(|status| status.success()) {
        println!("not root: another user was NOT tried, only another umask");
        assert!(pack(&ours, "", &[]) == pack(&theirs, "umask 027;", &[]));
        return;
    }
    open_to_all(theirs.path());
    // The program itself may lie where nobody else may look: give them a copy.
    let program = theirs.path().join("mainstay");
    std::fs::copy(env!("CARGO_BIN_EXE_mainstay"), &program).expect("a copy of the program");
    open_to_all(&program);
    let line = format!("exec ./mainstay {PACK}");
    let ended = Command::new("setpriv")
        .args(nobody)
        .args(["sh", "-c", &line])
        .current_dir(theirs.path())
        .output()
        .expect("setpriv runs");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{told}");
    assert!(pack(&ours, "", &[]) == theirs.read("out.mainstay"));
}

fn open_to_all(path: &Path) {
    let mode = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(path, mode).expect("an own file");
}
