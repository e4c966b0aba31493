//! `cargo xtask bench artifact`: packing, signing and verifying 64 MiB of random bytes, against what
//! the bare work costs: `openssl dgst -sha256` and `cp` of the same file.
//!
//! Caches are warm for all: every contender reads the same file, which a first round has read. The
//! release build is measured, through its command line, as a whole process. Our verbs sync what they
//! wrote before they give it its name; `cp` doesn't, so a second base is `cp` and `sync`.
//!
//! Packing is measured with both kinds of key: `pack_sign_scrypt` with one as Mainstay makes it, sealed
//! by scrypt, which takes time and 16 MiB *on purpose*; `pack_sign` with one that OpenSSL sealed by
//! default (PBKDF2), which shows the work around the key. So it is with memory: `peak_memory_mib` is what
//! the image costs however large it is, `peak_memory_with_scrypt_mib` what a signer's machine must have.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::contender::Contender;
use super::figure;
use super::peers::{self, Peer};
use super::rounds::Rounds;
use crate::{setup, shell};

const IMAGE_BYTES: u64 = 64 * 1024 * 1024;

/// What counts for the most memory that an image takes.
const WITHOUT_SCRYPT: [&str; 3] = ["pack_sign", "pack_then_sign", "verify"];

const WITH_SCRYPT: &str = "pack_sign_scrypt";

/// Runs the bench.
///
/// # Errors
/// If our own binary can't be built, or a command of ours or of OpenSSL fails.
pub fn run() -> anyhow::Result<()> {
    setup::bench_peers();
    shell::run(
        "cargo",
        &["build", "--locked", "--release", "-pmainstay-cli"],
    )?;
    let folder = stage()?;
    let mut contenders = ours(&folder);
    for contender in &contenders {
        contender.prepare()?;
    }
    let peers = peers::present(&folder);
    println!("\n64 MiB of random bytes, warm caches, 11 alternating rounds, medians:");
    memory(&contenders, &peers)?;
    let names = peers.iter().map(|peer| peer.name).collect::<Vec<_>>();
    contenders.extend(peers.into_iter().flat_map(|peer| [peer.sign, peer.verify]));
    let rounds = Rounds::run(&contenders)?;
    for contender in &contenders {
        figure(
            &format!("{}_seconds", contender.name),
            rounds.median(contender.name),
            "s",
        );
    }
    ratios(&rounds, &names);
    Ok(fs::remove_dir_all(folder)?)
}

/// Everything but the bases is one or two calls of `mainstay`.
fn ours(folder: &Path) -> Vec<Contender> {
    let mainstay = shell::root().join("target/release/mainstay");
    let mainstay = mainstay.display();
    let facts = "--plan plan.toml --class device-v1 --version 1.0.0 --sequence 1";
    let pack = |key: &str| {
        format!(
            "{mainstay} artifact pack image.bin out.mainstay {facts} --key {key} --root root.cbor"
        )
    };
    let alone = format!("{mainstay} artifact pack image.bin two.mainstay {facts}");
    let then = format!("{mainstay} artifact sign two.mainstay --key fast.key --root root.cbor");
    let verify = format!("{mainstay} artifact verify ready.mainstay --root root.cbor");
    let sha256 = "openssl dgst -sha256 image.bin";
    let new = |name, commands: &[&str], leaves: &[&'static str]| {
        Contender::new(name, folder, commands, leaves)
    };
    vec![
        new("sha256", &[sha256], &[]),
        new(
            "sha256_cp",
            &[sha256, "cp image.bin copy.bin"],
            &["copy.bin"],
        ),
        new(
            "sha256_cp_sync",
            &[sha256, "cp image.bin synced.bin", "sync synced.bin"],
            &["synced.bin"],
        ),
        new("pack_sign", &[&pack("fast.key")], &["out.mainstay"]),
        new("pack_sign_scrypt", &[&pack("ana.key")], &["out.mainstay"]),
        new("pack_then_sign", &[&alone, &then], &["two.mainstay"]),
        new("verify", &[&verify], &[]),
    ]
}

fn ratios(rounds: &Rounds, peers: &[&'static str]) {
    let against = |name: &str, base: &str| {
        figure(
            &format!("{name}_vs_{base}"),
            rounds.ratio(name, base),
            "ratio",
        );
    };
    for peer in peers {
        against(&format!("{peer}_sign"), "sha256_cp");
        against(&format!("{peer}_verify"), "sha256");
    }
    against("pack_sign_scrypt", "sha256_cp_sync");
    against("pack_sign_scrypt", "sha256_cp");
    against("pack_then_sign", "sha256_cp");
    against("pack_sign", "sha256_cp_sync");
    against("pack_sign", "sha256_cp");
    against("verify", "sha256");
}

/// The most memory of each; ours as a whole is that of packing, signing and verifying, without and with
/// what opening a key takes on purpose.
fn memory(contenders: &[Contender], peers: &[Peer]) -> anyhow::Result<()> {
    let (mut most, mut with_scrypt) = (0.0_f64, 0.0_f64);
    for contender in contenders {
        let peak = contender.peak_mib()?;
        figure(&format!("{}_peak_memory_mib", contender.name), peak, "MiB");
        if WITHOUT_SCRYPT.contains(&contender.name) {
            most = most.max(peak);
        } else if contender.name == WITH_SCRYPT {
            with_scrypt = peak;
        }
    }
    for peer in peers.iter().flat_map(|peer| [&peer.sign, &peer.verify]) {
        figure(
            &format!("{}_peak_memory_mib", peer.name),
            peer.peak_mib()?,
            "MiB",
        );
    }
    figure("peak_memory_with_scrypt_mib", most.max(with_scrypt), "MiB");
    figure("peak_memory_mib", most, "MiB");
    Ok(())
}

/// A folder with the image, keys and root for us, and key and certificate for the peers.
fn stage() -> anyhow::Result<PathBuf> {
    let folder = shell::root().join("target/bench-artifact");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("rauc"))?;
    let random = File::open("/dev/urandom").context("/dev/urandom")?;
    io::copy(
        &mut random.take(IMAGE_BYTES),
        &mut File::create(folder.join("image.bin"))?,
    )?;
    fs::hard_link(folder.join("image.bin"), folder.join("rauc/image.img"))?;
    let manifest = "[update]\ncompatible=device-v1\nversion=1.0.0\n[bundle]\nformat=plain\n\
                    [image.rootfs]\nfilename=image.img\n";
    fs::write(folder.join("rauc/manifest.raucm"), manifest)?;
    for words in stage_commands() {
        Contender::new("stage", &folder, &[&words], &[]).prepare()?;
    }
    Ok(folder)
}

fn stage_commands() -> Vec<String> {
    let mainstay = |words: &str| {
        let program = shell::root().join("target/release/mainstay");
        format!("{} {words}", program.display())
    };
    let people = [
        ("ana", "engineer"),
        ("sam", "manager"),
        ("kim", "operations"),
        ("rae", "custodian"),
        ("status", "server"),
    ];
    let key = |(name, who): (&str, &str)| {
        mainstay(&format!(
            "key new {name}.key --holder {who}@company.example"
        ))
    };
    let secret = "env:MAINSTAY_PASSPHRASE";
    let mut commands = vec![mainstay("plan init plan.toml")];
    commands.extend(people.map(key));
    commands.extend([
        mainstay(
            "root init root.cbor --vendor company.example --sign rae.key --root rae.key.pub \
             --build ana.key.pub --release sam.key.pub --operations kim.key.pub --status status.key.pub",
        ),
        format!(
            "openssl pkcs8 -topk8 -v2 aes-256-cbc -in ana.key -passin {secret} -passout {secret} \
             -out fast.key"
        ),
        "cp ana.key.pub fast.key.pub".to_owned(),
        mainstay(
            "artifact pack image.bin ready.mainstay --plan plan.toml --class device-v1 \
             --version 1.0.0 --sequence 1 --key ana.key --root root.cbor",
        ),
        mainstay("artifact approve ready.mainstay --key sam.key --root root.cbor --plan plan.toml"),
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem".to_owned(),
        // mender-artifact reads the older form of a private key (RFC 5915) alone.
        "openssl ec -in ec.pem -out ec.sec1.pem".to_owned(),
        "openssl pkey -in ec.pem -pubout -out ec.pub.pem".to_owned(),
        "openssl req -x509 -new -key ec.pem -subj /CN=bench -days 30 -out cert.pem".to_owned(),
    ]);
    commands
}
