//! Payloads of one byte more than there may be are refused by name. The files have holes only.

use std::fs::File;
use std::io::Write as _;

use crate::folder::Folder;

/// The bound itself: one byte more is refused by name before anything is read, whatever else is wrong; and what a microcontroller's boot
/// loader starts is bounded by what such a device has.
#[test]
fn images_of_more_than_2_gib() {
    let folder = Folder::with_root();
    let words = "artifact pack large out.mainstay --plan plan.toml --class device-v1 --version 1.0.0 --sequence 1";
    let mut image = File::create(folder.path().join("large")).expect("an own folder");
    image.set_len(1 << 31).expect("room for holes");
    let ended = folder.run(words);
    assert!(
        ended.stderr().contains("at most 2 GiB"),
        "{}",
        ended.stderr()
    );
    ended.failed(2, "artifact.payload-too-large");
    // A header of 32 bytes for a program of 100; where its entries should be are holes, and with one byte more than there may be that is what is told.
    let header = b"\x3d\xb8\xf3\x96\0\0\0\0\x20\0\0\0\x64\0\0\0";
    image.write_all(header).expect("room for a header");
    let words = format!("{words} --format mcuboot");
    for (bytes, id) in [
        (64 << 20, "mcuboot.tlv-area"),
        ((64 << 20) + 1, "mcuboot.too-large"),
    ] {
        image.set_len(bytes).expect("room for holes");
        folder.run(&words).failed(1, id);
    }
    assert!(!folder.path().join("out.mainstay").exists());
}

/// A frame that announces more than there may be, and one whose file ends too early, are refused before anybody is asked for a server.
#[test]
fn artifacts_of_more_than_2_gib() {
    let folder = Folder::with_root();
    folder.write("token", [b'0'; 64]);
    let words = "release add large --track maintenance --token-file token";
    for (bytes, id) in [
        ([0x80, 0, 0, 0], "artifact.payload-size"),
        ([0x7f, 255, 255, 255], "artifact.cut-short"),
    ] {
        let frame = [&b"\xdaMSTY\x82\x41\x07\x5a"[..], &bytes].concat();
        folder.write("large", frame);
        folder.run(words).failed(2, id);
    }
}
