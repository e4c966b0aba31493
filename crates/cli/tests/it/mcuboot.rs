//! Artifacts for devices with MCUboot: wrapped here, or signed by MCUboot's own tool before.

use std::process::Command;

use crate::folder::{Ended, Folder, PASSPHRASE};

/// Begins as a Cortex-M's program does.
const PROGRAM: &[u8] = b"\x00\x00\x01\x20\x01\x02\x00\x00 firmware 1.0.0 and what it does";

const PACK: &str = "artifact pack --plan plan.toml --class device-v1 --format mcuboot";
const WRAP: &str = "--mcuboot-key boot.key --version 1.0.0 --sequence 1 app.bin a.mainstay";

/// Plan, key and raw image; no root is needed to pack.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.good("plan init plan.toml");
    folder.good("key new boot.key --holder boot-line");
    folder.write("app.bin", PROGRAM);
    folder
}

/// Runs a judge in the folder; says whether it accepted.
fn accepts(folder: &Folder, program: &str, words: &str) -> bool {
    let path = match program {
        "imgtool" => judges::program(program),
        other => other.into(),
    };
    let ended = Command::new(path)
        .args(words.split_whitespace())
        .current_dir(folder.path())
        .env("MAINSTAY_PASSPHRASE", PASSPHRASE)
        .output()
        .expect("the judge runs");
    ended.status.success()
}

fn public_half(folder: &Folder) {
    let words = "pkey -in boot.key -passin env:MAINSTAY_PASSPHRASE -pubout -out boot.pem";
    assert!(accepts(folder, "openssl", words));
}

#[test]
fn what_is_wrapped_here_mcuboots_own_tool_accepts() {
    let folder = folder();
    let told = folder.good(&format!(
        "--json {PACK} {WRAP} --security-floor 1 --mcuboot-out kept.bin"
    ));
    for fact in [
        r#""version":"1.0.0""#,
        r#""security_counter":1"#,
        r#""header_bytes":512"#,
        r#""kind":"ecdsa""#,
    ] {
        assert!(told.contains(fact), "{fact}: {told}");
    }
    public_half(&folder);
    let kept = folder.read("kept.bin");
    assert!(accepts(&folder, "imgtool", "verify -k boot.pem kept.bin"));
    assert!(folder.read("a.mainstay").ends_with(&kept), "the same image");
    assert_eq!(kept[512..][..PROGRAM.len()], *PROGRAM);
    let told = folder.good("artifact inspect a.mainstay");
    assert!(
        told.contains("MCUboot image    1.0.0, security counter 1"),
        "{told}"
    );
    let told = folder.good("--json artifact inspect a.mainstay");
    assert!(told.contains(r#""mcuboot":{"version":"1.0.0""#), "{told}");
}

#[test]
fn a_raw_image_has_no_mcuboot_facts() {
    let folder = folder();
    folder.pack("app.bin", "raw.mainstay");
    let told = folder.good("--json artifact inspect raw.mainstay");
    assert!(!told.contains("mcuboot"), "{told}");
}

#[test]
fn the_header_goes_into_room_that_the_build_left() {
    let folder = folder();
    folder.write("app.bin", [&[0; 0x400][..], PROGRAM].concat());
    folder
        .run(&format!("{PACK} {WRAP}"))
        .failed(2, "mcuboot.header-room");
    folder.good(&format!(
        "{PACK} {WRAP} --header-size 0x400 --mcuboot-out kept.bin"
    ));
    assert_eq!(folder.read("kept.bin")[0x400..][..PROGRAM.len()], *PROGRAM);
}

#[test]
fn what_can_not_be_wrapped_leaves_nothing() {
    let folder = folder();
    folder.write("signed.bin", b"\x3d\xb8\xf3\x96 and so on");
    folder.write("taken.bin", b"something");
    let before = folder.names();
    let cases: [(&str, i32, &str); 9] = [
        ("--version 1.0.0-rc.1 app.bin", 2, "mcuboot.version"),
        ("--version 256.0.0 app.bin", 2, "mcuboot.version"),
        ("--version 1.0.0 signed.bin", 2, "mcuboot.an-image-already"),
        ("--version 1.0.0 nowhere.bin", 2, "image.missing"),
        (
            "--version 1.0.0 app.bin --header-size 30",
            2,
            "mcuboot.header-size",
        ),
        (
            "--version 1.0.0 app.bin --mcuboot-out taken.bin",
            2,
            "image.exists",
        ),
        ("--version 1.0.0 app.bin --format raw", 2, "mcuboot.format"),
        (
            "--version 1.0.0 app.bin --sequence 9000000000 --security-floor 5000000000",
            2,
            "mcuboot.security-counter",
        ),
        (
            "--version 1.0.0 app.bin --security-floor 3",
            1,
            "trust.floor-above-sequence",
        ),
    ];
    for (words, code, id) in cases {
        let sequence = if words.contains("--sequence") {
            ""
        } else {
            "--sequence 2"
        };
        let format = if words.contains("--format") {
            ""
        } else {
            "--format mcuboot"
        };
        let ended = folder.run(&format!(
            "artifact pack --plan plan.toml --class device-v1 {format} {sequence} \
             --mcuboot-key boot.key {words} a.mainstay"
        ));
        match id {
            "trust.floor-above-sequence" => assert_ne!(ended.code(), 0),
            _ => ended.failed(code, id),
        }
        assert_eq!(folder.names(), before, "{words}");
    }
}

/// Packs an image that the tool made, with nothing or a public key to check it by.
fn pack_made(folder: &Folder, words: &str) -> Ended {
    folder.run(&format!(
        "{PACK} --version 1.0.0 --sequence 1 {words} made.mainstay"
    ))
}

#[test]
fn an_image_made_before_is_checked_and_taken_as_it_is() {
    let folder = folder();
    for words in [
        "keygen -k tool.pem -t ecdsa-p256",
        "getpub -k tool.pem -e pem -o tool-public.pem",
        "sign -k tool.pem -H 512 --pad-header -S 65536 -v 1.0.0 -s 4 app.bin signed.bin",
        "sign -H 512 --pad-header -S 65536 -v 1.0.0 app.bin unsigned.bin",
    ] {
        assert!(accepts(&folder, "imgtool", words), "{words}");
    }
    public_half(&folder);
    assert_eq!(
        pack_made(&folder, "signed.bin --mcuboot-public tool-public.pem").code(),
        0
    );
    let image = folder.read("signed.bin");
    assert!(folder.read("made.mainstay").ends_with(&image));
    std::fs::remove_file(folder.path().join("made.mainstay")).unwrap();

    let refuse = |words: &str, code, id| pack_made(&folder, words).failed(code, id);
    refuse(
        "signed.bin --mcuboot-public boot.pem",
        1,
        "mcuboot.other-key",
    );
    refuse(
        "signed.bin --mcuboot-public app.bin",
        2,
        "mcuboot.public-key",
    );
    refuse(
        "signed.bin --mcuboot-public signed.bin",
        2,
        "public-key.not-text",
    );
    refuse("app.bin", 2, "mcuboot.not-an-image");
    refuse("unsigned.bin", 1, "mcuboot.unsigned");
    let other = folder.run(&format!(
        "{PACK} --version 1.0.1 --sequence 1 signed.bin made.mainstay"
    ));
    other.failed(1, "mcuboot.other-version");
    for at in [20, 512, image.len() - 150] {
        let mut damaged = image.clone();
        damaged[at] ^= 1;
        folder.write("damaged.bin", damaged);
        let ended = pack_made(&folder, "damaged.bin");
        assert_eq!(ended.code(), 1, "byte {at}: {}", ended.stderr());
        assert!(!folder.names().contains("made.mainstay"));
    }
}

/// The boot loader must not forbid what the manifest allows.
#[test]
fn the_way_back_stays_open() {
    let folder = folder();
    folder.good(&format!("{PACK} {WRAP}"));
    let next = "--mcuboot-key boot.key --version 1.1.0 --sequence 2 app.bin b.mainstay \
                --returns-to a.mainstay";
    folder
        .run(&format!("{PACK} {next} --security-floor 1"))
        .failed(1, "mcuboot.no-way-back");
    folder.good(&format!(
        "{PACK} {next} --security-floor 1 --security-counter 0"
    ));
}
