//! From what was said to what holds. Read [`read`].

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::answered::{Answered, Told};
use super::file::{self, Line};
use super::finding::{Finding, Severity, Wrong};
use super::near::nearest;
use super::source::Source;
use super::table::{Need, OTHER_VARIABLES, SETTINGS, Setting};
use super::values::Given;
use super::{Settings, acme, identity, oidc, secret};

/// Where settings may have been said.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The file of settings, if one was named.
    pub file: Option<PathBuf>,
    /// The environment: other variables too.
    pub variables: Vec<(OsString, OsString)>,
    /// The flags that were given, each by its setting's name.
    pub flags: Vec<(&'static str, OsString)>,
}

/// Reads all sources, and finds everything that is wrong. Nothing is opened but the file of settings; of files with secrets, whether
/// they are there and who may read them is looked at.
pub fn read(asked: &Asked) -> Answered {
    let mut reading = Reading {
        knows_the_file: true,
        settings: Settings::blank(),
        told: Vec::new(),
        findings: Vec::new(),
    };
    let lines = reading.file(asked.file.as_deref());
    for setting in SETTINGS {
        reading.setting(setting, asked, &lines);
    }
    reading.without_effect();
    reading.tls();
    reading.acme();
    reading.oidc();
    reading.identity();
    reading.unknown(asked, &lines);
    reading.findings.sort_by_key(|finding| finding.severity);
    Answered {
        settings: reading.settings,
        told: reading.told,
        findings: reading.findings,
    }
}

/// What was read so far.
struct Reading {
    /// Whether the file, if one was named, could be read: else nobody knows what it would have said.
    knows_the_file: bool,
    settings: Settings,
    told: Vec<Told>,
    findings: Vec<Finding>,
}

/// Something that was said of a setting.
struct Said<'a> {
    source: Source,
    text: Result<&'a str, Wrong>,
    base: &'a Path,
}

impl Reading {
    fn file(&mut self, path: Option<&Path>) -> Vec<Line> {
        let read = path.map_or(Ok(Vec::new()), file::read);
        read.unwrap_or_else(|findings| {
            self.knows_the_file = false;
            self.findings.extend(findings);
            Vec::new()
        })
    }

    /// Takes each value in the order of the sources, so that the last one counts; what goes before it and is wrong is only
    /// warned of.
    fn setting(&mut self, setting: &'static Setting, asked: &Asked, lines: &[Line]) {
        let said = all_said(setting, asked, lines);
        let Some(last) = said.last() else {
            return self.unset(setting);
        };
        let mut told = Told {
            name: setting.name,
            value: last.text.as_ref().ok().map(|text| (*text).to_owned()),
            source: last.source.clone(),
        };
        let counts = said.len() - 1;
        for (nth, said) in said.into_iter().enumerate() {
            let (source, taken) = (said.source.clone(), self.take(setting, said));
            if let Err((severity, id, wrong)) = taken {
                let severity = if nth == counts {
                    severity
                } else {
                    Severity::Warning
                };
                if severity == Severity::Error {
                    told.value = None;
                }
                self.add(severity, id, (setting.name, source), wrong);
            }
        }
        self.told.push(told);
    }

    fn take(
        &mut self,
        setting: &Setting,
        said: Said<'_>,
    ) -> Result<(), (Severity, &'static str, Wrong)> {
        let wrong = |wrong| (Severity::Error, "settings.value", wrong);
        let given = Given {
            text: said.text.map_err(wrong)?,
            base: said.base,
        };
        (setting.take)(&mut self.settings, given).map_err(wrong)?;
        match setting.is_secret_file {
            true => secret::judge(&given.base.join(given.text)),
            false => Ok(()),
        }
    }

    fn unset(&mut self, setting: &'static Setting) {
        let value = match setting.need {
            Need::Default(text) => Some(text.to_owned()),
            Need::Optional | Need::Required => None,
        };
        if let Some(text) = &value {
            let base = Path::new("");
            let taken = (setting.take)(&mut self.settings, Given { text, base });
            debug_assert_eq!(taken, Ok(()), "{}", setting.name);
        }
        if setting.need == Need::Required && self.knows_the_file {
            let cure = format!(
                "give --{} {}, set {}, or write {} = \"...\" into the file of settings",
                setting.flag, setting.form, setting.variable, setting.name
            );
            let wrong = Wrong::new("isn't set, and has no default", cure);
            let about = (setting.name, Source::Default);
            self.add(Severity::Error, "settings.missing", about, wrong);
        }
        self.told.push(Told {
            name: setting.name,
            value,
            source: Source::Default,
        });
    }

    /// Of what is refused nobody knows what it would have meant.
    fn without_effect(&mut self) {
        for (setting, because) in self.settings.homes.without_effect() {
            let told = |name: &str| self.told.iter().find(|told| told.name == name);
            let is_known = told(because).is_some_and(|told| told.value.is_some());
            let Some(source) = told(setting).map(|told| told.source.clone()) else {
                continue;
            };
            if is_known {
                let what = format!("has no effect, since {because} says otherwise");
                let wrong = Wrong::new(what, format!("take it out, or set {because} too"));
                self.add(
                    Severity::Warning,
                    "settings.no-effect",
                    (setting, source),
                    wrong,
                );
            }
        }
    }

    /// A certificate and its key come together, and links don't lead to where TLS isn't spoken.
    fn tls(&mut self) {
        let said = |name| {
            let told = self.told.iter().find(|told| told.name == name);
            told.filter(|told| told.source != Source::Default)
        };
        let both = ["tls_certificate", "tls_key"].map(said);
        let sources = both.map(|told| told.map(|told| told.source.clone()));
        let (has, lacks) = match &sources {
            [Some(source), None] => (source.clone(), ("tls_certificate", "tls_key")),
            [None, Some(source)] => (source.clone(), ("tls_key", "tls_certificate")),
            [None, None] | [Some(_), Some(_)] => return self.public_url_beside_tls(),
        };
        let what = format!("is set, and {} isn't", lacks.1);
        let wrong = Wrong::new(what, format!("set {} too, or neither", lacks.1));
        self.add(Severity::Error, "settings.half", (lacks.0, has), wrong);
    }

    /// An authority, the names that it is asked for, and that its terms were agreed to come together, and no files beside them.
    fn acme(&mut self) {
        let found = acme::together(&self.settings, |name| self.source_of(name));
        self.findings.extend(found);
    }

    /// The provider, its secret and the way back come together.
    fn oidc(&mut self) {
        let found = oidc::together(&self.settings, |name| self.source_of(name));
        self.findings.extend(found);
    }

    /// Where a setting was said, if anybody said it.
    fn source_of(&self, name: &str) -> Option<Source> {
        let told = self.told.iter().find(|told| told.name == name);
        let told = told.filter(|told| told.source != Source::Default);
        told.map(|told| told.source.clone())
    }

    fn public_url_beside_tls(&mut self) {
        let url = self.settings.public_url.as_ref();
        if !self.settings.speaks_tls() || url.is_none_or(|url| url.as_str().starts_with("https://"))
        {
            return;
        }
        let told = self.told.iter().find(|told| told.name == "public_url");
        let source = told.map_or(Source::Default, |told| told.source.clone());
        let cure = "begin it with https://, or take out what TLS is spoken by: tls_certificate and tls_key, or acme.directory";
        let wrong = Wrong::new(
            "begins with http://, and this server speaks TLS alone",
            cure,
        );
        self.add(
            Severity::Error,
            "settings.value",
            ("public_url", source),
            wrong,
        );
    }

    /// Certificates of devices come over TLS, and from somebody; tickets come over TLS, too.
    fn identity(&mut self) {
        let Some((setting, lacks)) = identity::lacking(&self.settings) else {
            return;
        };
        let told = self.told.iter().find(|told| told.name == setting);
        let source = told.map_or(Source::Default, |told| told.source.clone());
        let what = format!("is set, and {lacks} isn't");
        let wrong = Wrong::new(what, format!("set {lacks} too, or take {setting} out"));
        self.add(Severity::Error, "settings.half", (setting, source), wrong);
    }

    /// A name of the file that is none is a mistake; a variable that is none may be another program's, and is told only if it is near
    /// one of ours.
    fn unknown(&mut self, asked: &Asked, lines: &[Line]) {
        let names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        for line in lines.iter().filter(|line| !names.contains(&&*line.name)) {
            let cure = match nearest(&line.name, &names) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("take it out; there are {}", names.join(", ")),
            };
            let source = in_file(asked, line);
            let wrong = Wrong::new("is no setting", cure);
            self.add(
                Severity::Error,
                "settings.unknown",
                (&line.name, source),
                wrong,
            );
        }
        let variables: Vec<_> = SETTINGS.iter().map(|setting| setting.variable).collect();
        for (name, _) in &asked.variables {
            let Some(name) = name.to_str().filter(|name| is_stray(name, &variables)) else {
                continue;
            };
            if let Some(near) = nearest(name, &variables) {
                let source = Source::Variable {
                    name: name.to_owned(),
                };
                let wrong = Wrong::new("is no setting", format!("did you mean {near}?"));
                self.add(Severity::Warning, "settings.unknown", (name, source), wrong);
            }
        }
    }

    fn add(&mut self, severity: Severity, id: &'static str, about: (&str, Source), wrong: Wrong) {
        let finding = Finding::error(id, about, wrong);
        self.findings.push(Finding {
            severity,
            ..finding
        });
    }
}

fn is_stray(name: &str, variables: &[&str]) -> bool {
    name.starts_with("MAINSTAY_") && !variables.contains(&name) && !OTHER_VARIABLES.contains(&name)
}

/// All that was said of a setting: file, older variable, variable, flag. An empty variable counts as not set.
fn all_said<'a>(setting: &Setting, asked: &'a Asked, lines: &'a [Line]) -> Vec<Said<'a>> {
    let lines = lines.iter().filter(|line| line.name == setting.name);
    let in_file = lines.map(|line| Said {
        source: in_file(asked, line),
        text: line.value.as_deref().map_err(|is| not_one_value(is)),
        base: asked
            .file
            .as_deref()
            .and_then(Path::parent)
            .unwrap_or(Path::new("")),
    });
    let variables = [setting.older, Some(setting.variable)]
        .into_iter()
        .flatten();
    let in_environment = variables.filter_map(|name| {
        let mut found = asked
            .variables
            .iter()
            .filter(|(known, _)| known.as_os_str() == name);
        let (_, value) = found.next_back().filter(|(_, value)| !value.is_empty())?;
        let name = name.to_owned();
        Some(said_outside(Source::Variable { name }, value))
    });
    let flags = asked.flags.iter().filter(|(name, _)| *name == setting.name);
    let as_flag = flags.map(|(_, value)| {
        let name = format!("--{}", setting.flag);
        said_outside(Source::Flag { name }, value)
    });
    in_file.chain(in_environment).chain(as_flag).collect()
}

fn said_outside(source: Source, value: &OsString) -> Said<'_> {
    let cure = "write it in UTF-8";
    Said {
        source,
        text: value.to_str().ok_or_else(|| Wrong::new("isn't text", cure)),
        base: Path::new(""),
    }
}

fn in_file(asked: &Asked, line: &Line) -> Source {
    Source::File {
        path: asked.file.clone().unwrap_or_default(),
        line: Some(line.number),
    }
}

fn not_one_value(is: &str) -> Wrong {
    let what = format!("is {is}, and must be one value");
    Wrong::new(what, "write it in double quotes, after the equals sign")
}
