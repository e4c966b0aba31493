//! MCUboot's own tool accepts our images and refuses damaged ones, and its images are accepted here.

use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::fixture::*;
use crate::mcuboot::{Facts, Image, accept, spki};

/// Runs the tool in a folder.
fn imgtool(folder: &Path, words: &str) -> Output {
    Command::new(judges::program("imgtool"))
        .args(words.split_whitespace())
        .current_dir(folder)
        .output()
        .expect("the judge runs")
}

/// As [`imgtool`], for what must succeed.
fn good(folder: &Path, words: &str) {
    let ended = imgtool(folder, words);
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{words}: {told}");
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    std::fs::write(folder.join(name), bytes).unwrap();
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap()
}

/// What the tool says that an image says: the lines of its JSON that this test knows.
fn dumped(folder: &Path, name: &str) -> Vec<String> {
    const FIELDS: [&str; 5] = ["hdr_size", "img_size", "version", "type_name", "data"];
    good(folder, &format!("dumpinfo -f json -o dump.json {name}"));
    let text = String::from_utf8(read(folder, "dump.json")).unwrap();
    let lines = text.lines().map(|line| line.trim().trim_end_matches(','));
    let known = |line: &&str| {
        let field = line.split('"').nth(1);
        field.is_some_and(|field| FIELDS.contains(&field))
    };
    lines.filter(known).map(str::to_owned).collect()
}

/// The same lines, from our reading of an image.
fn expected_dump(facts: &Facts, signature: &[u8]) -> Vec<String> {
    let counter = facts.security_counter.unwrap().to_le_bytes();
    let signed = &facts.signatures[0];
    let kind = match signed.kind {
        "ecdsa" => "ECDSASIG",
        _ => "ED25519",
    };
    let tlv = |name: &str, value: String| {
        [
            format!("\"type_name\": \"{name}\""),
            format!("\"data\": \"{value}\""),
        ]
    };
    let header = [
        format!("\"hdr_size\": {}", facts.header_bytes),
        format!("\"img_size\": {}", facts.program_bytes),
        format!("\"version\": \"{}\"", facts.version),
    ];
    let tlvs = [
        tlv("SEC_CNT", hex::encode(counter)),
        tlv("SHA256", facts.hash.unwrap().to_string()),
        tlv("KEYHASH", signed.key_hash.unwrap().to_string()),
        tlv(kind, hex::encode(signature)),
    ];
    header
        .into_iter()
        .chain(tlvs.into_iter().flatten())
        .collect()
}

/// The tool's reading of an image and ours agree.
fn assert_same_facts(folder: &Path, image: &[u8], facts: &Facts) {
    let unprotected = Image::from_bytes(image).unwrap().unprotected;
    let signature = &unprotected.last().unwrap().value;
    assert_eq!(dumped(folder, "image.bin"), expected_dump(facts, signature));
}

#[test]
fn it_accepts_our_images_and_reads_what_we_wrote() {
    for signer in signers() {
        let folder = TempDir::new().unwrap();
        let image = image(&*signer);
        write(folder.path(), "public.pem", pem(&*signer));
        write(folder.path(), "image.bin", &image);
        good(folder.path(), "verify -k public.pem image.bin");
        let facts = judged(&image, &*signer).unwrap();
        assert_same_facts(folder.path(), &image, &facts);
    }
}

#[test]
fn its_verify_refuses_a_flipped_bit() {
    let signer = &*signers()[0];
    let folder = TempDir::new().unwrap();
    let mut image = image(signer);
    image[70] ^= 1;
    write(folder.path(), "public.pem", pem(signer));
    write(folder.path(), "image.bin", &image);
    let ended = imgtool(folder.path(), "verify -k public.pem image.bin");
    assert!(!ended.status.success());
}

/// Every bit, in one process of the tool. What it covers by hash or signature it must refuse; it
/// never looks at the key's name, and reads the frame around the TLVs loosely, where our own reader
/// is strict (`damage.rs` asks that of every bit).
#[test]
fn it_refuses_every_flipped_bit_that_it_looks_at() {
    for signer in signers() {
        let folder = TempDir::new().unwrap();
        let image = image(&*signer);
        write(folder.path(), "public.pem", pem(&*signer));
        write(folder.path(), "image.bin", &image);
        let ended = Command::new(judges::program("python3"))
            .args(["-c", include_str!("every_flip.py")])
            .args(["image.bin", "public.pem", "scratch.bin"])
            .current_dir(folder.path())
            .output()
            .expect("the judge runs");
        let told = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{told}");
        let hash = 64 + PROGRAM.len() + 12 + 4;
        let (frame, key) = (hash - 4..hash + 4, hash + 36..hash + 36 + 36 + 4);
        let passed = String::from_utf8(ended.stdout).unwrap();
        for at in passed.lines().map(|line| line.parse::<usize>().unwrap()) {
            assert!(frame.contains(&at) || key.contains(&at), "byte {at}");
        }
    }
}

/// The tool makes a key and an image; we accept it by the tool's public key, and find the same
/// facts. The bytes that its signature covers are the very bytes that we would have written.
#[test]
fn we_accept_its_images_and_would_write_the_same() {
    for (kind, ours) in [("ecdsa-p256", &signers()[0]), ("ed25519", &signers()[1])] {
        let folder = TempDir::new().unwrap();
        let path = folder.path();
        write(path, "raw.bin", PROGRAM);
        good(path, &format!("keygen -k private.pem -t {kind}"));
        good(path, "getpub -k private.pem -e pem -o public.pem");
        good(
            path,
            "sign -k private.pem -H 64 --pad-header -S 65536 -v 1.2.3+4 -s 7 raw.bin image.bin",
        );
        let image = read(path, "image.bin");
        let text = String::from_utf8(read(path, "public.pem")).unwrap();
        let key = spki::from_pem(&text).unwrap();
        let facts = accept(&mut Cursor::new(&image), Some(&key.as_key()), &BothCurves);
        assert_same_facts(path, &image, &facts.unwrap());
        let hashed = 64 + PROGRAM.len() + 12;
        assert_eq!(self::image(&**ours)[..hashed], image[..hashed]);
        let padded = "sign -k private.pem -H 64 --pad-header -S 65536 --pad -v 1.2.3 raw.bin";
        good(path, &format!("{padded} padded.bin"));
        let found = judged(&read(path, "padded.bin"), &**ours);
        assert_eq!(ids(found), ["mcuboot.trailing-bytes"]);
    }
}
