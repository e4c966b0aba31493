//! Tables as an older program left them. Read [`taken_back`].

use std::fs;
use std::path::{Path, PathBuf};

/// What takes back the tables and indexes that a back end's steps after this one make, the newest first. A step that does more than that to
/// what was there before can't be taken back like this.
pub fn taken_back(backend: &str, last: usize) -> String {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/src");
    let files = fs::read_dir(store.join(backend).join("migrations")).expect("it is there");
    let paths = files.map(|file| file.expect("readable").path());
    let is_step = |path: &PathBuf| path.extension().is_some_and(|end| end == "sql");
    let mut steps: Vec<_> = paths.filter(is_step).collect();
    steps.sort();
    let mut statements = Vec::new();
    for step in steps.iter().skip(last) {
        let text = fs::read_to_string(step).expect("readable");
        statements.extend(text.lines().filter_map(taken));
    }
    assert!(!statements.is_empty(), "{backend} has no step after {last}");
    statements.reverse();
    statements.join("\n")
}

/// What takes back what this line makes, if it makes something. An index goes with its table.
fn taken(line: &str) -> Option<String> {
    let made = line.strip_prefix("CREATE ")?;
    let (kind, rest) = made.trim_start_matches("UNIQUE ").split_once(' ')?;
    let name = rest.split_whitespace().next()?;
    Some(format!("DROP {kind} IF EXISTS {name};"))
}
