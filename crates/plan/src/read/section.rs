//! A table of the file, and the questions a reader may ask it. Read [`Section::required`] first.
//!
//! Asking for a key notes it as known; [`Section::finish`] reports every key nobody asked for.

use std::borrow::Cow;
use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::near::nearest;
use super::outline::section_of;
use super::reader::Reader;
use super::reasons::{MISSING, Reason, TWICE, UNKNOWN_KEY, WRONG_VALUE};
use super::value::{Read, quoted};
use crate::finding::Place;

/// One table of the file.
pub(crate) struct Section<'a> {
    reader: &'a Reader,
    path: String,
    table: &'a DeTable<'a>,
    asked: RefCell<Vec<&'static str>>,
    refused: RefCell<Vec<String>>,
}

impl<'a> Section<'a> {
    /// The file itself.
    pub fn root(reader: &'a Reader, table: &'a DeTable<'a>) -> Self {
        Self::new(reader, String::new(), table)
    }

    fn new(reader: &'a Reader, path: String, table: &'a DeTable<'a>) -> Self {
        Self {
            reader,
            path,
            table,
            asked: RefCell::default(),
            refused: RefCell::default(),
        }
    }

    pub fn reader(&self) -> &'a Reader {
        self.reader
    }

    /// Which of its list's tables it is in the file, from 0; 0 for a table of no list.
    pub fn index(&self) -> usize {
        let (_, last) = self.path.rsplit_once('.').unwrap_or_default();
        last.parse().unwrap_or(0)
    }

    /// Reports each value of the list `key` that stands there a second time.
    pub fn report_twice<T: PartialEq + std::fmt::Display>(&self, key: &'static str, values: &[T]) {
        for (nth, value) in values.iter().enumerate() {
            if values[..nth].contains(value) {
                let message = format!("`{key}` names {value} twice.");
                let fix = "name it once".to_owned();
                self.reader.report(&TWICE, &self.path_of(key), message, fix);
            }
        }
    }

    /// The value of a key that must be there.
    pub fn required<T>(
        &self,
        key: &'static str,
        example: &str,
        read: impl Fn(&Spanned<DeValue<'_>>) -> Read<T>,
    ) -> Option<T> {
        if !self.has(key) {
            self.missing(&MISSING, key, example);
        }
        self.optional(key, read)
    }

    /// The value of a key that `reason` demands; `stand_in` when it is missing or wrong.
    pub fn demanded<T>(
        &self,
        key: &'static str,
        (reason, example): (&Reason, &str),
        stand_in: T,
        read: impl Fn(&Spanned<DeValue<'_>>) -> Read<T>,
    ) -> T {
        if !self.has(key) {
            self.missing(reason, key, example);
        }
        self.or(key, stand_in, read)
    }

    /// The value of a key, or `default` when it is missing (or wrong, which is reported).
    pub fn or<T>(
        &self,
        key: &'static str,
        default: T,
        read: impl Fn(&Spanned<DeValue<'_>>) -> Read<T>,
    ) -> T {
        self.optional(key, read).unwrap_or(default)
    }

    /// The value of a key that may be missing.
    pub fn optional<T>(
        &self,
        key: &'static str,
        read: impl Fn(&Spanned<DeValue<'_>>) -> Read<T>,
    ) -> Option<T> {
        let value = self.find(key)?;
        read(value)
            .map_err(|wrongs| self.report_wrongs(key, wrongs))
            .ok()
    }

    /// Reports a key that may not be there, for a better reason than being unknown.
    pub fn refuse(&self, key: &str, reason: &Reason, message: String, fix: String) {
        if let Some((name, _)) = self.table.get_key_value(key) {
            let section = section_of(&self.path_of(key));
            let place = Place {
                section,
                line: self.reader.line(name.span().start),
            };
            self.reader.push(reason, place, message, fix);
            self.refused.borrow_mut().push(key.to_owned());
        }
    }

    /// The table below `key` that must be there.
    pub fn required_section(&self, key: &'static str, example: &str) -> Option<Section<'a>> {
        if !self.has(key) {
            self.missing(&MISSING, key, example);
        }
        self.section(key)
    }

    /// The table below `key`, if there is one.
    pub fn section(&self, key: &'static str) -> Option<Section<'a>> {
        let value = self.find(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Self::new(self.reader, self.path_of(key), table)),
            other => {
                let message = format!("`{key}` must be a table, not {}.", other.type_str());
                self.wrong(key, message, format!("write a table [{key}]"));
                None
            }
        }
    }

    /// The tables of `[[key]]`, at most `max`; none when the key is missing or something else.
    pub fn sections(&self, key: &'static str, max: usize) -> Vec<Section<'a>> {
        let Some(value) = self.find(key) else {
            return Vec::new();
        };
        let Some(array) = value.get_ref().as_array() else {
            let message = format!("`{key}` must be a list of tables.");
            self.wrong(key, message, format!("write [[{key}]], with two brackets"));
            return Vec::new();
        };
        if array.len() > max {
            let message = format!(
                "There are {} [[{key}]] tables; {max} are allowed.",
                array.len()
            );
            self.wrong(key, message, "divide the plan".to_owned());
        }
        let indexed = array.iter().take(max).enumerate();
        indexed
            .filter_map(|(index, value)| self.element(key, index, value))
            .collect()
    }

    /// The tables below this one with their names, at most `max`; `[key.*]` is what they are called.
    pub fn each(&self, key: &'static str, max: usize) -> Vec<(&'a str, Section<'a>)> {
        if self.table.len() > max {
            let message = format!(
                "There are {} [{key}.*]; {max} are allowed.",
                self.table.len()
            );
            let fix = "divide the plan".to_owned();
            self.reader.report(&WRONG_VALUE, &self.path, message, fix);
        }
        let keys = self.table.iter().take(max);
        keys.filter_map(|(name, value)| self.below(key, name, value))
            .collect()
    }

    /// The table in `value`, which is called `name`.
    fn below(
        &self,
        key: &'static str,
        name: &'a Spanned<Cow<'a, str>>,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Option<(&'a str, Self)> {
        let path = self.path_of(name.get_ref());
        let line = self.reader.line(name.span().start);
        self.reader.note(path.clone(), line);
        let Some(table) = value.get_ref().as_table() else {
            let message = format!("{} isn't a table.", quoted(name.get_ref()));
            let fix = format!("write a table [{key}.name]");
            self.reader.report(&WRONG_VALUE, &path, message, fix);
            return None;
        };
        Some((name.get_ref(), Self::new(self.reader, path, table)))
    }

    /// Where it is in the file's outline.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Reports every key that was never asked for.
    pub fn finish(&self) {
        let asked = self.asked.borrow();
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if !asked.contains(&name) && !self.refused.borrow().iter().any(|key| key == name) {
                self.report_unknown(name, key.span().start, &asked);
            }
        }
    }

    /// Whether the key stands there, without asking for it.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The path of `key` in the file's outline.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn find(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(key);
        let (name, value) = self.table.get_key_value(key)?;
        let line = self.reader.line(name.span().start);
        self.reader.note(self.path_of(key), line);
        Some(value)
    }

    fn element(&self, key: &str, index: usize, value: &'a Spanned<DeValue<'a>>) -> Option<Self> {
        let path = self.path_of(&format!("{key}.{index}"));
        let line = self.reader.line(value.span().start);
        self.reader.note(path.clone(), line);
        let table = value.get_ref().as_table();
        if table.is_none() {
            let message = format!("`{key}` must hold tables only.");
            self.wrong(key, message, format!("write [[{key}]], with two brackets"));
        }
        table.map(|table| Self::new(self.reader, path, table))
    }

    fn missing(&self, reason: &Reason, key: &str, example: &str) {
        let message = match self.path.is_empty() {
            true => format!("The plan has no [{key}]."),
            false => format!("`{key}` is missing."),
        };
        self.reader.report(
            reason,
            &self.path_of(key),
            message,
            format!("add {example}"),
        );
    }

    fn wrong(&self, key: &str, message: String, fix: String) {
        self.reader
            .report(&WRONG_VALUE, &self.path_of(key), message, fix);
    }

    fn report_wrongs(&self, key: &str, wrongs: Vec<super::value::Wrong>) {
        self.reader.note_unread(self.path_of(key));
        for wrong in wrongs {
            let section = section_of(&self.path_of(key));
            let place = Place {
                section,
                line: self.reader.line(wrong.at),
            };
            let message = format!("`{key}` {}.", wrong.says);
            self.reader.push(wrong.reason, place, message, wrong.fix);
        }
    }

    fn report_unknown(&self, name: &str, at: usize, asked: &[&'static str]) {
        let place = Place {
            section: section_of(&self.path),
            line: self.reader.line(at),
        };
        let whose = match self.path.is_empty() {
            true => "a table of a plan".to_owned(),
            false => format!("a setting of {}", self.name()),
        };
        let fix = match nearest(name, asked) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("remove it; known here: {}", asked.join(", ")),
        };
        let message = format!("{} isn't {whose}.", quoted(name));
        self.reader.push(&UNKNOWN_KEY, place, message, fix);
    }

    /// The table in words: `[rollout]`, or `window` in `[rollout]`.
    fn name(&self) -> String {
        let heading = section_of(&self.path);
        let last = self.path.rsplit('.').next().unwrap_or("");
        let is_heading = heading.contains(last) || last.parse::<usize>().is_ok();
        if is_heading {
            heading
        } else {
            format!("`{last}` in {heading}")
        }
    }
}
