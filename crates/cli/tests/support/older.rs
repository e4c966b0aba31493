//! Tables as an older program left them. Read [`taken_back`].

use std::fs;
use std::path::{Path, PathBuf};

/// What takes back the tables that a back end's steps after this one make, the newest first. A step that does more than that to what was there
/// before can't be taken back like this.
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
        let made = text.split("CREATE TABLE ").skip(1);
        statements.extend(made.map(|rest| {
            let name = rest.split_whitespace().next().expect("a table has a name");
            format!("DROP TABLE {name};")
        }));
    }
    assert!(!statements.is_empty(), "{backend} has no step after {last}");
    statements.reverse();
    statements.join("\n")
}
