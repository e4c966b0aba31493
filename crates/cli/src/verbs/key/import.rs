//! `mainstay key import`: the public half of a key that signs elsewhere.

use std::path::PathBuf;

use clap::Args;
use mainstay_keys::{file, import};
use mainstay_trust::Algorithm;
use serde_json::json;

use crate::failure::Failure;
use crate::output::Output;

/// Write the `.pub` file of a key that was made elsewhere, so that a root can list it.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mainstay key import vault.bin vault.pub --holder vault.northwind.example --algorithm HSS-LMS"
)]
pub struct Import {
    /// The public key: PEM, or its bytes raw or in hexadecimal.
    key: PathBuf,
    /// The `.pub` file to write; it must not exist.
    file: PathBuf,
    /// The person or service that holds the private half.
    #[arg(long)]
    holder: String,
    /// What it signs with, HSS-LMS included; PEM says so itself.
    #[arg(long, value_parser = super::algorithm)]
    algorithm: Option<Algorithm>,
}

impl Import {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let half = import::public_half(&self.key, &self.holder, self.algorithm)?;
        file::create_public(&self.file, &half)?;
        let algorithm = half.public_key.algorithm().id();
        let kid = half.key_id.to_string();
        let value = json!({
            "public": self.file,
            "kid": kid,
            "holder": half.holder,
            "algorithm": algorithm,
        });
        let sentence = || {
            format!(
                "{} holds the public {algorithm} key {kid} of {}. Nothing vouches for it: make sure \
                 whose it is before a root lists it.",
                self.file.display(),
                half.holder
            )
        };
        output.say(sentence, &value);
        Ok(())
    }
}
