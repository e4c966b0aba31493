//! Programs of others that sign and verify firmware, on the same file with the same kind of key
//! (ECDSA on P-256).
//!
//! They do other things than we do, and say so in their own manuals: imgtool writes an MCUboot image
//! with one signature, mender-artifact a compressed tar, rauc a squashfs with a CMS signature. None
//! asks for a second person. A peer that isn't there is named loudly and left out.

use std::path::Path;

use super::contender::Contender;
use crate::setup;

/// A peer: how it signs, and how it verifies what it signed.
pub struct Peer {
    /// Its name.
    pub name: &'static str,
    /// Packs and signs.
    pub sign: Contender,
    /// Verifies what `sign` left.
    pub verify: Contender,
}

/// Those peers that are there and do it once without complaint.
pub fn present(folder: &Path) -> Vec<Peer> {
    let all = [imgtool(folder), mender(folder), rauc(folder)];
    all.into_iter().filter(works).collect()
}

fn works(peer: &Peer) -> bool {
    match peer.sign.prepare().and_then(|()| peer.verify.prepare()) {
        Ok(()) => true,
        Err(error) => {
            setup::loud(&format!(
                "the peer {} is NOT measured: {error:#}",
                peer.name
            ));
            false
        }
    }
}

fn imgtool(folder: &Path) -> Peer {
    let program = judges::folder().join("bin/imgtool");
    let program = program.display();
    // MCUboot's slot must have room for header and trailer beside the 64 MiB.
    let sign = format!(
        "{program} sign --key ec.pem --align 8 --version 1.0.0 --header-size 0x200 --pad-header \
         --slot-size 0x5000000 image.bin out.mcuboot"
    );
    let verify = format!("{program} verify --key ec.pem out.mcuboot");
    Peer {
        name: "imgtool",
        sign: Contender::new("imgtool_sign", folder, &[&sign], &["out.mcuboot"]),
        verify: Contender::new("imgtool_verify", folder, &[&verify], &[]),
    }
}

fn mender(folder: &Path) -> Peer {
    let sign = "mender-artifact write rootfs-image --compression none -t device-v1 -n 1.0.0 \
                -f image.bin -o out.mender -k ec.sec1.pem";
    let verify = "mender-artifact validate -k ec.pub.pem out.mender";
    Peer {
        name: "mender_artifact",
        sign: Contender::new("mender_artifact_sign", folder, &[sign], &["out.mender"]),
        verify: Contender::new("mender_artifact_verify", folder, &[verify], &[]),
    }
}

fn rauc(folder: &Path) -> Peer {
    // The image is linked into the input folder; uncompressed, for random bytes don't shrink.
    let sign = "rauc --cert cert.pem --key ec.pem --mksquashfs-args=-noD bundle rauc out.raucb";
    let verify = "rauc --keyring cert.pem info out.raucb";
    Peer {
        name: "rauc",
        sign: Contender::new("rauc_sign", folder, &[sign], &["out.raucb"]),
        verify: Contender::new("rauc_verify", folder, &[verify], &[]),
    }
}
