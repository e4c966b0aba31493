//! The file of settings, read as lines `name = value`: tables only group names. Read [`read`].

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::finding::{Finding, Wrong};
use super::source::Source;

/// The largest file of settings: a full one with all comments has 4 KiB.
pub const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Most mistakes of syntax told: after a few, one begets the next.
const SYNTAX_FINDINGS_MAX: usize = 10;

/// How deep tables may stand in each other before their names are of no interest.
const DEPTH_MAX: usize = 4;

/// One value of the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Its full name, as `log.level`.
    pub name: String,
    /// The line that its name stands in, from 1.
    pub number: usize,
    /// The value as text; what it is instead, if it isn't one value.
    pub value: Result<String, &'static str>,
}

/// All values of the file, and what can't be read of it.
pub(super) fn read(path: &Path) -> Result<Vec<Line>, Vec<Finding>> {
    let text = text(path).map_err(|(id, wrong)| vec![about(path, id, wrong)])?;
    let (table, errors) = DeTable::parse_recoverable(&text);
    if !errors.is_empty() {
        return Err(unreadable_lines(path, &text, &errors));
    }
    let mut lines = Vec::new();
    collect(&text, table.get_ref(), &[], &mut lines);
    lines.sort_by_key(|line| line.number);
    Ok(lines)
}

fn about(path: &Path, id: &'static str, wrong: Wrong) -> Finding {
    let path = path.to_owned();
    Finding::error(id, ("the file", Source::File { path, line: None }), wrong)
}

fn text(path: &Path) -> Result<String, (&'static str, Wrong)> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let what = format!("has more than {FILE_BYTES_MAX} bytes, the most that settings may have");
        let cure = "check that this is the file you meant";
        return Err(("settings.too-large", Wrong::new(what, cure)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let what = format!("isn't text: byte {at} isn't UTF-8");
        let cure = "check that this is the file you meant";
        ("settings.not-text", Wrong::new(what, cure))
    })
}

fn unreadable(error: &io::Error) -> (&'static str, Wrong) {
    match error.kind() {
        io::ErrorKind::NotFound => {
            let cure = "check the path after --settings, or in MAINSTAY_SETTINGS";
            ("settings.missing-file", Wrong::new("isn't there", cure))
        }
        _ => {
            let cure = "check that it is a file, and that this user may read it";
            let wrong = Wrong::new(format!("can't be read: {error}"), cure);
            ("settings.unreadable", wrong)
        }
    }
}

fn unreadable_lines(path: &Path, text: &str, errors: &[toml::de::Error]) -> Vec<Finding> {
    let mut found: Vec<(usize, Wrong)> = Vec::new();
    for error in errors {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        if found.last().is_none_or(|(last, _)| *last != line) {
            let said: String = error
                .message()
                .chars()
                .filter(|c| !c.is_control())
                .take(200)
                .collect();
            let cure = "write name = value, texts in double quotes, each name and table only once";
            found.push((line, Wrong::new(format!("can't be read: {said}"), cure)));
        }
    }
    found.truncate(SYNTAX_FINDINGS_MAX);
    let finding = |(line, wrong)| {
        let (path, line) = (path.to_owned(), Some(line));
        Finding::error(
            "settings.syntax",
            ("the file", Source::File { path, line }),
            wrong,
        )
    };
    found.into_iter().map(finding).collect()
}

fn collect(text: &str, table: &DeTable<'_>, above: &[&str], lines: &mut Vec<Line>) {
    for (key, value) in table {
        let mut path = above.to_vec();
        path.push(key.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() && path.len() < DEPTH_MAX => {
                collect(text, inner, &path, lines);
            }
            _ => lines.push(Line {
                name: path.join("."),
                number: line_of(text, key.span().start),
                value: plain(value),
            }),
        }
    }
}

/// One value as the text that a variable would have; or what it is instead.
fn plain(value: &Spanned<DeValue<'_>>) -> Result<String, &'static str> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        DeValue::Float(number) => Ok(number.to_string()),
        DeValue::Boolean(yes) => Ok(yes.to_string()),
        DeValue::Datetime(_) => Err("a date"),
        DeValue::Array(_) => Err("a list"),
        DeValue::Table(_) => Err("a table"),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}
