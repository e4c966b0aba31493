//! What must hold of every parser of outside bytes, whatever the bytes.
//!
//! A [`Target`] is one parser with its property: a function that takes any bytes and panics if the
//! property is broken. Two drivers share them. `cargo xtask fuzz` runs them under libFuzzer, which
//! follows coverage; `tests/short.rs` runs them in every test run with the bounded, repeatable
//! [`mutator`], on any machine. Both start from `fixtures/`.
//!
//! Nothing here knows a defect in advance: that is what `fixtures/hostile` is for. Read [`TARGETS`]
//! first.

mod admission;
mod bundles;
mod companions;
mod ddi;
mod files;
pub mod fixtures;
mod images;
mod imports;
mod keys;
mod messages;
pub mod mutator;
mod papers;
mod policy;
#[path = "../../server/src/device_protocol/range.rs"]
mod range;
mod serial;
mod signatures;
mod storage;
mod texts;
mod trust;

pub use fixtures::Fixtures;

/// One parser of outside bytes and what must hold of it.
pub struct Target {
    /// Its name: of the libFuzzer program, of the corpus, of the figure.
    pub name: &'static str,
    /// Inputs up to this size are tried: a little over the parser's own bound where it has a small one,
    /// so that the bound itself is tried too; else as much as still mutates well.
    pub bytes_max: usize,
    /// Panics if the property doesn't hold of these bytes.
    pub check: fn(&[u8]),
    /// Where to start from.
    pub seeds: fn(&Fixtures) -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    trust::CBOR,
    trust::BLOCK,
    trust::BUNDLE,
    trust::ENVELOPE,
    trust::MANIFEST,
    trust::REVOCATIONS,
    trust::ROOT,
    trust::SCHEDULE,
    trust::SIGNED,
    trust::STATUS,
    policy::PINNED_ROOT,
    policy::RELEASE,
    policy::STATUS_POLICY,
    policy::ROLES,
    admission::ADMISSION,
    messages::ACKNOWLEDGED,
    messages::CHECK_IN,
    messages::DIRECTIVE,
    messages::JOIN,
    messages::REPORTS,
    bundles::BUNDLE_CHECK,
    bundles::BUNDLE_FILE,
    bundles::DOCUMENT_FILE,
    companions::PROVENANCE,
    companions::SBOM,
    companions::STATEMENT,
    ddi::CONFIG_DATA,
    ddi::FEEDBACK,
    files::CONTAINER,
    files::INSPECT,
    images::BOOT_KEY,
    images::MCUBOOT,
    imports::TABLE,
    imports::TARGETS,
    keys::IMPORTED_KEY,
    keys::TOKEN_FILE,
    keys::TOKEN_URI,
    keys::USE_LOG,
    papers::PAPERS,
    serial::BUNDLE_START,
    serial::SMP,
    signatures::LMS,
    signatures::SIGNATURE,
    storage::RECORD,
    storage::SLOT,
    texts::CLASS_NAME,
    texts::PLAN,
    texts::PUBLIC_HALF,
    texts::QUERY,
    texts::RANGE,
    texts::SEALED_KEY,
];

/// The target of this name.
pub fn named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Runs a target by name; for the programs in `fuzz/`.
///
/// # Panics
/// If there is no such target, or its property is broken.
pub fn run(name: &str, bytes: &[u8]) {
    let target = named(name).expect("a program in fuzz/ is named after a target");
    (target.check)(bytes);
}
