//! Where each setting of a plan stands in its file. Read [`Outline::place`].
//!
//! A setting is named by its path, such as `health.install.halt` or `class.0.hardware`.

use std::collections::{BTreeMap, BTreeSet};

use crate::cohort::{Cohort, Remark};
use crate::finding::{Finding, Place};

/// Lines by path, and what stands there and can't be read.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    lines: BTreeMap<String, u32>,
    unread: BTreeSet<String>,
}

impl Outline {
    /// Notes that `path` stands on `line`.
    pub fn note(&mut self, path: String, line: u32) {
        self.lines.insert(path, line);
    }

    /// Notes that what `path` is set to can't be read: what is judged instead is a stand-in.
    pub fn note_unread(&mut self, path: String) {
        self.unread.insert(path);
    }

    /// Whether nothing at `path` or below it stood there unread.
    pub fn was_read(&self, path: &str) -> bool {
        let is_there = |unread: &String| {
            let below = unread.strip_prefix(path);
            below.is_some_and(|below| below.is_empty() || below.starts_with('.'))
        };
        !self.unread.iter().any(is_there)
    }

    /// The place of `path`, or of the nearest table around it that the file has.
    pub fn place(&self, path: &str) -> Place {
        let mut around = path;
        loop {
            if let Some(line) = self.lines.get(around) {
                return Place {
                    section: section_of(path),
                    line: *line,
                };
            }
            match around.rsplit_once('.') {
                Some((parent, _)) => around = parent,
                None => {
                    return Place {
                        section: section_of(path),
                        line: 1,
                    };
                }
            }
        }
    }

    /// The place of a line: what it stands in is what begins last before it.
    pub fn line(&self, line: u32) -> Place {
        let before = self.lines.iter().filter(|(_, at)| **at <= line);
        let nearest = before.max_by_key(|(_, at)| **at);
        Place {
            section: nearest.map_or(String::new(), |(path, _)| section_of(path)),
            line,
        }
    }

    /// A remark on a cohort's query, at the line of the query.
    pub fn remarked(&self, cohort: &Cohort, remark: Remark) -> Finding {
        Finding {
            rule: remark.rule,
            severity: remark.severity,
            place: self.place(&format!("cohort.{}.query", cohort.name)),
            message: remark.message,
            why: remark.why.to_owned(),
            source: String::new(),
            fix: remark.fix,
        }
    }
}

/// The heading under which a reader finds `path`: `[health.install]`, `[[class]]`, `[rollout]`.
pub(crate) fn section_of(path: &str) -> String {
    let mut parts = path.split('.');
    match (parts.next().unwrap_or(""), parts.next()) {
        ("", _) => String::new(),
        (list @ ("class" | "waiver"), _) => format!("[[{list}]]"),
        ("delivery", Some("mirror")) => "[[delivery.mirror]]".to_owned(),
        (family @ ("role" | "track" | "gate" | "health" | "cohort" | "risk"), Some(name)) => {
            format!("[{family}.{name}]")
        }
        (table, _) => format!("[{table}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_read_as_in_the_file() {
        let cases = [
            ("health.install.halt", "[health.install]"),
            ("cohort.early.query", "[cohort.early]"),
            ("class.0.revert.boots", "[[class]]"),
            ("delivery.mirror.1.url", "[[delivery.mirror]]"),
            ("delivery.link", "[delivery]"),
            ("rollout.window.local", "[rollout]"),
            ("plan.name", "[plan]"),
            ("waiver.0.owner", "[[waiver]]"),
            ("gate.hil.on", "[gate.hil]"),
            ("risk.exploited.deadline", "[risk.exploited]"),
            ("track.hotfix.goals.p50_within", "[track.hotfix]"),
            ("", ""),
        ];
        for (path, expected) in cases {
            assert_eq!(section_of(path), expected, "{path}");
        }
    }

    #[test]
    fn what_is_unread_is_known_at_each_table_around_it() {
        let mut outline = Outline::default();
        outline.note_unread("rollout.window.days".into());
        assert!(!outline.was_read("rollout.window.days") && !outline.was_read("rollout.window"));
        assert!(outline.was_read("rollout.win") && outline.was_read("rollout.window.local"));
    }

    #[test]
    fn what_is_missing_is_placed_at_its_table() {
        let mut outline = Outline::default();
        outline.note("rollout".into(), 7);
        assert_eq!(outline.place("rollout.window.local").line, 7);
        assert_eq!(outline.place("trust").line, 1);
    }
}
