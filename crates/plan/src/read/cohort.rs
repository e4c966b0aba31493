//! Reads `[cohort.*]`.

use toml::Spanned;
use toml::de::DeValue;

use super::reasons::WRONG_VALUE;
use super::section::Section;
use super::value::{Read, wrong};
use super::words;
use crate::cohort::Cohort;
use crate::limits::{COHORTS_MAX, QUERY_BYTES_MAX};
use crate::names::CohortName;

/// The cohorts, by name; nothing when one of them can't be read.
pub(super) fn cohorts(root: &Section<'_>) -> Option<Vec<Cohort>> {
    let Some(section) = root.section("cohort") else {
        return (!root.has("cohort")).then(Vec::new);
    };
    let named = section.each("cohort", COHORTS_MAX);
    let cohorts: Vec<_> = named.iter().map(|(name, at)| cohort(name, at)).collect();
    let mut cohorts: Vec<_> = cohorts.into_iter().collect::<Option<_>>()?;
    cohorts.sort_by(|one: &Cohort, next| one.name.cmp(&next.name));
    Some(cohorts)
}

fn cohort(name: &str, section: &Section<'_>) -> Option<Cohort> {
    let name = CohortName::new(name).map_err(|error| {
        let message = format!("The {error}.");
        let fix = "name it like [cohort.early-shops]".to_owned();
        section
            .reader()
            .report(&WRONG_VALUE, section.path(), message, fix);
    });
    let query = section.required("query", "query = 'hardware = \"B\"'", query);
    let about = section.optional("about", words::text);
    section.finish();
    Some(Cohort {
        name: name.ok()?,
        about,
        query: query?,
    })
}

/// A query's text; whether it is one, those say who know devices.
fn query(value: &Spanned<DeValue<'_>>) -> Read<String> {
    const EXAMPLE: &str = "'hardware = \"B\" and zone = \"America/Denver\"'";
    let fits = |text: &&str| (1..=QUERY_BYTES_MAX).contains(&text.len());
    match value.get_ref().as_str().filter(fits) {
        Some(text) => Ok(text.to_owned()),
        None => {
            let expected = format!("a query of 1 to {QUERY_BYTES_MAX} bytes");
            wrong(value, &expected, EXAMPLE)
        }
    }
}
