//! The repository's fixtures, read as bytes: where every campaign starts.

use std::fs;
use std::path::{Path, PathBuf};

/// The files below `fixtures/` and `plans/`.
pub struct Fixtures {
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Fixtures {
    /// Reads them all; some hundred small files.
    ///
    /// # Panics
    /// If they can't be read: a campaign without seeds would find nothing and say all is well.
    pub fn load() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut files = Vec::new();
        for folder in ["fixtures", "plans", "crates/keys/src/tests/data"] {
            collect(&root.join(folder), &mut files);
        }
        files.sort();
        Self { files }
    }

    /// The bytes of all hexadecimal files whose name has `word` in it.
    pub fn hex(&self, word: &str) -> Vec<Vec<u8>> {
        let found = self.named(".hex").filter(|(name, _)| name.contains(word));
        found.map(|(_, text)| unhex(text)).collect()
    }

    /// The bytes of the one golden document of this name.
    ///
    /// # Panics
    /// If it is missing.
    pub fn golden(&self, name: &str) -> Vec<u8> {
        let end = format!("good/trust/{name}.hex");
        let file = self.files.iter().find(|(path, _)| path.ends_with(&end));
        unhex(&file.expect("a golden document").1)
    }

    /// All files below a folder whose name ends so, in the order of their names.
    pub fn below(&self, folder: &str, end: &str) -> Vec<Vec<u8>> {
        let inside = |(path, _): &&(PathBuf, Vec<u8>)| {
            let path = path.to_string_lossy();
            path.contains(folder) && path.ends_with(end)
        };
        let found = self.files.iter().filter(inside);
        found.map(|(_, bytes)| bytes.clone()).collect()
    }

    /// All files whose name ends so.
    pub fn ending(&self, end: &str) -> Vec<Vec<u8>> {
        self.named(end).map(|(_, bytes)| bytes.to_vec()).collect()
    }

    fn named<'a>(&'a self, end: &'a str) -> impl Iterator<Item = (String, &'a [u8])> {
        let name = |path: &Path| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        let files = self
            .files
            .iter()
            .map(move |(path, bytes)| (name(path), &**bytes));
        files.filter(move |(name, _)| name.ends_with(end))
    }
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry of it").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            let bytes = fs::read(&path).expect("a file of the repository");
            files.push((path, bytes));
        }
    }
}

fn unhex(text: &[u8]) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let digits: Vec<u32> = text.iter().filter_map(digit).collect();
    let byte = |pair: &[u32]| u8::try_from(pair[0] << 4 | pair[1]).expect("two digits are a byte");
    digits.chunks_exact(2).map(byte).collect()
}
