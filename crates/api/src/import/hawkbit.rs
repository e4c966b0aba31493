//! What a hawkBit server's management API says of its targets, as JSON. Read [`Targets`], then [`Sources`].
//!
//! Written after hawkBit's `MgmtTarget`, `PagedList` and `MgmtTargetAttributes` (hawkbit-mgmt-api). What isn't needed here is passed over.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Deserialize;

use super::draft::{Draft, Field, FieldError, Place, dashed};
use crate::GivenToken;

/// The most targets that a page is asked for: hawkBit's own bound (`REQUEST_PARAMETER_PAGING_MAX_LIMIT`).
pub const PAGE_TARGETS_MAX: usize = 500;

/// One page of `GET /rest/v1/targets`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Targets {
    /// The targets of this page.
    pub content: Vec<Target>,
    /// How many there are on all pages.
    pub total: u64,
}

/// One target.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The name under which its client asks.
    pub controller_id: String,
    /// What people call it.
    pub name: Option<String>,
    /// Its group, such as `Europe/East`; only newer servers have any.
    pub group: Option<String>,
    /// What kind of target it is.
    pub target_type_name: Option<String>,
    /// The token that its client shows. hawkBit leaves it out for users who may not read it (`READ_TARGET_SECURITY_TOKEN`).
    pub security_token: Option<GivenToken>,
}

/// What a target's client said of itself: `GET /rest/v1/targets/{controllerId}/attributes`.
pub type Attributes = BTreeMap<String, Option<String>>;

/// Where something that Mainstay wants to know of a device stands in hawkBit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The target's name.
    Name,
    /// Its group.
    Group,
    /// The name of its type.
    Type,
    /// One of its attributes.
    Attribute(String),
}

/// Why something can't be taken from hawkBit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It isn't written as `FIELD=SOURCE`.
    #[error("{0:?} doesn't say where something is taken from")]
    Form(String),
    /// Nothing is called so there.
    #[error("{0:?} is nothing that hawkBit says of a target")]
    Unknown(String),
    /// It is always taken from the same place.
    #[error("a device's {0} is always what hawkBit says it is")]
    Fixed(Field),
    /// It is taken from two places.
    #[error("{0} is taken from two places")]
    Twice(Field),
    /// It isn't a field.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl SourceError {
    /// Stable id of this error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "import.source"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Field(error) => error.cure(),
            Self::Fixed(_) | Self::Twice(_) => "leave it out",
            Self::Form(_) | Self::Unknown(_) => {
                "write it like hardware=attribute.hw_revision; after the sign stands name, group, type, or attribute.NAME"
            }
        }
    }
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        match text {
            "name" => Ok(Self::Name),
            "group" => Ok(Self::Group),
            "type" => Ok(Self::Type),
            _ => match text.strip_prefix("attribute.") {
                Some(name) if !name.is_empty() => Ok(Self::Attribute(name.to_owned())),
                _ => Err(SourceError::Unknown(text.chars().take(64).collect())),
            },
        }
    }
}

/// What is taken from where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources(BTreeMap<Field, Source>);

impl Sources {
    /// Reads pairs such as `hardware=attribute.hw_revision`.
    ///
    /// # Errors
    /// The first that can't be.
    pub fn parse(pairs: &[String]) -> Result<Self, SourceError> {
        let mut sources = BTreeMap::new();
        for pair in pairs {
            let form = || SourceError::Form(pair.chars().take(64).collect());
            let (field, source) = pair.split_once('=').ok_or_else(form)?;
            let field: Field = field.parse()?;
            if matches!(field, Field::Controller | Field::Token) {
                return Err(SourceError::Fixed(field));
            }
            if sources.insert(field.clone(), source.parse()?).is_some() {
                return Err(SourceError::Twice(field));
            }
        }
        Ok(Self(sources))
    }

    /// Whether something is taken from attributes, which are one more request for each target.
    #[must_use]
    pub fn want_attributes(&self) -> bool {
        let is_one = |source: &Source| matches!(source, Source::Attribute(_));
        self.0.values().any(is_one)
    }

    /// What is known of a target. Names and sites have dashes for signs that they can't have here.
    #[must_use]
    pub fn draft(&self, target: &Target, attributes: &Attributes) -> Draft {
        let mut draft = Draft::new(Place::Target(target.controller_id.clone()));
        draft.say(Field::Controller, &target.controller_id);
        if let Some(GivenToken(token)) = &target.security_token {
            draft.say(Field::Token, token);
        }
        for (field, source) in &self.0 {
            let said = match source {
                Source::Name => target.name.as_deref(),
                Source::Group => target.group.as_deref(),
                Source::Type => target.target_type_name.as_deref(),
                Source::Attribute(name) => attributes.get(name).and_then(Option::as_deref),
            };
            let said = said.unwrap_or_default().trim();
            match field {
                Field::Id | Field::Site => draft.say(field.clone(), &dashed(said)),
                _ => draft.say(field.clone(), said),
            }
        }
        draft
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As hawkBit answers: links, dates and all.
    const PAGE: &str = include_str!("../../../../fixtures/good/hawkbit/targets.json");

    fn page() -> Targets {
        serde_json::from_str(PAGE).expect("as hawkBit writes it")
    }

    fn sources(pairs: &[&str]) -> Result<Sources, SourceError> {
        let pairs: Vec<_> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        Sources::parse(&pairs)
    }

    #[test]
    fn a_page_is_read_as_hawkbit_writes_it() {
        let Targets { content, total } = page();
        assert_eq!((content.len(), total), (3, 3));
        assert_eq!(content[0].controller_id, "8c:1f:64:00:0a:21");
        assert_eq!(content[0].group.as_deref(), Some("Europe/East"));
        assert_eq!(content[1].target_type_name, None);
        assert_eq!(content[2].security_token, None, "it may not be read");
        let told = format!("{content:?}");
        assert!(!told.contains("949f1c34"), "{told}");
    }

    #[test]
    fn each_thing_comes_from_where_it_is_said_to_stand() {
        let sources = sources(&[
            "site=group",
            "class=type",
            "hardware=attribute.hw.rev",
            "attribute.label=name",
        ]);
        let sources = sources.expect("all are known");
        assert!(sources.want_attributes());
        let attributes: Attributes = serde_json::from_str(include_str!(
            "../../../../fixtures/good/hawkbit/attributes.json"
        ))
        .expect("as hawkBit writes them");
        let draft = sources.draft(&page().content[0], &attributes);
        let label: Field = "attribute.label".parse().expect("a good name");
        for (field, said) in [
            (Field::Controller, Some("8c:1f:64:00:0a:21")),
            (Field::Token, Some("949f1c3487125467464a960d750373c1")),
            (Field::Site, Some("Europe-East")),
            (Field::Class, Some("device-v1")),
            (Field::Hardware, Some("A")),
            (label, Some("Hall 3, gateway")),
            (Field::Id, None),
        ] {
            assert_eq!(draft.said(&field), said, "{field}");
        }
        let told = format!("{draft:?}");
        assert!(!told.contains("949f1c34"), "{told}");
    }

    #[test]
    fn what_cant_be_taken_is_refused() {
        for (pair, says) in [
            ("hardware", "doesn't say where"),
            ("colour=name", "nothing that is said of a device"),
            ("hardware=tags", "nothing that hawkBit says"),
            ("hardware=attribute.", "nothing that hawkBit says"),
            ("token=attribute.token", "always what hawkBit says"),
        ] {
            let refused = sources(&[pair]).expect_err("not that");
            assert!(refused.to_string().contains(says), "{refused}");
        }
        let twice = sources(&["site=group", "site=name"]).expect_err("one of them");
        assert_eq!(twice, SourceError::Twice(Field::Site));
        assert!(!Sources::default().want_attributes());
    }
}
