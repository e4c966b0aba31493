//! `mainstay key`: make signing keys, look at them, and see what they signed.
//!
//! One file for each verb. A key is a file, encrypted or naming a token, with its public half beside
//! it; [`place`] tells the kinds apart.

mod export;
mod import;
mod link;
mod list;
mod new;
mod place;
mod show;
mod standing;
mod uses;

use clap::Subcommand;
use mainstay_trust::Algorithm;

use crate::failure::Failure;
use crate::output::Output;
use crate::verbs::root::change;

/// Make signing keys, look at them, and see what they signed.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  mainstay key new ana.key --holder ana@northwind.example")]
pub enum Key {
    /// Make a key: an encrypted private file, or a key inside a token; and beside it the public half
    /// (`.pub`) for the root.
    #[command(
        after_help = "Examples:\n  mainstay key new ana.key --holder ana@northwind.example\n  mainstay key new ana.key --holder ana@northwind.example --token 'pkcs11:token=Ana;object=release'"
    )]
    New(new::New),
    /// Make a key file of a key that is in a token already. Every verb then takes that file.
    #[command(
        after_help = "Example:\n  mainstay key link ana.key --holder ana@northwind.example --token 'pkcs11:token=Ana;object=release'"
    )]
    Link(link::Link),
    /// Write the `.pub` file of a key that was made elsewhere, so that a root can list it.
    Import(import::Import),
    /// List the keys of a folder or a token: whose they are, and what a root lets them do.
    #[command(
        after_help = "Examples:\n  mainstay key list keys --root root.cbor\n  mainstay key list 'pkcs11:token=Ana'"
    )]
    List(list::List),
    /// Show whose key it is, and, of a key in a token, whether it can be taken out.
    #[command(after_help = "Example:\n  mainstay key show ana.key.pub")]
    Show(show::Show),
    /// Give out the public half, as Mainstay's own file or for other programs.
    #[command(
        after_help = "Examples:\n  mainstay key export-public ana.key --format pem\n  mainstay key export-public 'pkcs11:token=Ana;object=release' --holder ana@northwind.example -o ana.pub"
    )]
    ExportPublic(export::ExportPublic),
    /// Show every use of a key, and whether the record is whole.
    #[command(after_help = "Example:\n  mainstay key uses ana.key")]
    Uses(uses::Uses),
    /// Let a key sign only what is numbered up to a last number: the same as `mainstay root retire`.
    #[command(
        after_help = "Example:\n  mainstay key retire ana.key.pub --after-sequence 41 --from root-1.cbor -o root-2.cbor"
    )]
    Retire(change::Retire),
    /// Refuse whatever a key has signed or signs: the same as `mainstay root revoke`.
    #[command(
        after_help = "Example:\n  mainstay key revoke ana.key.pub --compromised --from root-1.cbor -o root-2.cbor"
    )]
    Revoke(change::Revoke),
}

impl Key {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::New(verb) => verb.run(output),
            Self::Link(verb) => verb.run(output),
            Self::Import(verb) => verb.run(output),
            Self::List(verb) => verb.run(output),
            Self::Show(verb) => verb.run(output),
            Self::ExportPublic(verb) => verb.run(output),
            Self::Uses(verb) => verb.run(output),
            Self::Retire(verb) => verb.run(output),
            Self::Revoke(verb) => verb.run(output),
        }
    }
}

/// In any mixture of capitals; a name that can't sign is refused where keys are made.
fn algorithm(name: &str) -> Result<Algorithm, String> {
    let same = |algorithm: &Algorithm| algorithm.id().eq_ignore_ascii_case(name);
    let found = Algorithm::ALL.into_iter().find(same);
    found.ok_or_else(|| "use ESP256, ESP384, Ed25519, ML-DSA-65 or ML-DSA-87".to_owned())
}
