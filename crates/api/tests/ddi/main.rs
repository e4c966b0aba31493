//! hawkBit's device protocol, byte for byte: `fixtures/good/ddi`, what is hostile in `fixtures/hostile/ddi-*`, and what holds of all.

mod hostile;
mod incoming;
mod outgoing;
mod properties;

use std::path::PathBuf;

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn good(name: &str) -> String {
    let path = fixtures().join("good/ddi").join(format!("{name}.json"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
