//! `mainstay version`: which release this is, and whose cryptography it uses.

use clap::Args;
use mainstay_keys::module::{self, HostAlgorithm, Module};
use mainstay_trust::Algorithm;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::Output;

/// Say which release this is, and whose cryptography it uses.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mainstay version --crypto")]
pub struct Version {
    /// Name the cryptographic module, its version and mode as it reports them, and every algorithm.
    #[arg(long)]
    crypto: bool,
}

/// What a device's verifier is, in every build of this command.
const DEVICE: &str =
    "RustCrypto in pure Rust, without allocation. It is not a FIPS-validated module.";

impl Version {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let version = env!("CARGO_PKG_VERSION");
        if self.crypto {
            let module = Module::linked();
            let hosts = module::algorithms();
            output.say(
                || text(version, &module, &hosts),
                &value(version, &module, &hosts),
            );
        } else {
            output.say(
                || format!("mainstay {version}"),
                &json!({ "version": version }),
            );
        }
        Ok(())
    }
}

/// The feature of crate `mainstay-trust` with which a device's build checks this algorithm.
fn device_feature(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Esp256 => "rustcrypto",
        Algorithm::Ed25519 => "ed25519",
        Algorithm::Esp384 => "p384",
        Algorithm::MlDsa65 | Algorithm::MlDsa87 => "ml-dsa",
        Algorithm::HssLms => "lms",
    }
}

fn text(version: &str, module: &Module, hosts: &[HostAlgorithm]) -> String {
    let line = |host: &HostAlgorithm| {
        format!(
            "  {:<10} {:<9} {:<5} {}",
            host.algorithm.id(),
            host.verified_by.id(),
            if host.signs { "yes" } else { "never" },
            device_feature(host.algorithm),
        )
    };
    let lines = hosts.iter().map(line).collect::<Vec<_>>().join("\n");
    format!(
        "mainstay {version}\n\
         Host: {} {}, {}. FIPS mode: {}.\n  {}\n  Outside of it: {}.\n\
         Devices: {DEVICE}\n\n  \
         algorithm  verified  signs device feature\n{lines}",
        module.name,
        module.version,
        match module.fips_module {
            Some(major) => format!("built from the branch of FIPS module {major}"),
            None => "built from a branch without a FIPS module".to_owned(),
        },
        if module.fips_mode { "on" } else { "off" },
        module.claim(),
        module::OUTSIDE,
    )
}

fn value(version: &str, module: &Module, hosts: &[HostAlgorithm]) -> Value {
    let algorithm = |host: &HostAlgorithm| {
        json!({
            "algorithm": host.algorithm.id(),
            "verified_by": host.verified_by.id(),
            "signs": host.signs,
            "device_feature": device_feature(host.algorithm),
        })
    };
    json!({
        "version": version,
        "host": {
            "module": module.name,
            "module_version": module.version,
            "fips_module": module.fips_module,
            "fips_mode": module.fips_mode,
            "claim": module.claim(),
            "outside": module::OUTSIDE,
        },
        "device": DEVICE,
        "algorithms": hosts.iter().map(algorithm).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_feature_exists() {
        let manifest = include_str!("../../../trust/Cargo.toml");
        for algorithm in Algorithm::ALL {
            let feature = device_feature(algorithm);
            assert!(manifest.contains(&format!("\n{feature} = [")), "{feature}");
        }
    }
}
