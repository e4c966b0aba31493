//! Reads `[role.*]`.

use super::reasons::TWICE;
use super::section::Section;
use super::value;
use super::words;
use crate::limits::PEOPLE_MAX;
use crate::roles::{Members, Roles};

pub(super) fn roles(root: &Section<'_>) -> Option<Roles> {
    let role = root.required_section(
        "role",
        "[role.engineer], [role.release-manager] and \
         [role.operations]",
    )?;
    let engineers = members(&role, "engineer");
    let release_managers = members(&role, "release-manager");
    let operations = members(&role, "operations");
    role.finish();
    Some(Roles {
        engineers: engineers?,
        release_managers: release_managers?,
        operations: operations?,
    })
}

fn members(role: &Section<'_>, key: &'static str) -> Option<Members> {
    let section = role.required_section(key, &format!("[role.{key}] with people = [...]"))?;
    let people = value::some(PEOPLE_MAX, words::email);
    let people = section.required("people", "people = [\"ana@company.example\"]", people);
    let deputies = section.or(
        "deputies",
        Vec::new(),
        value::list(PEOPLE_MAX, words::email),
    );
    section.finish();
    let members = Members {
        people: people?,
        deputies,
    };
    if members.distinct() < members.all().count() {
        let message = "Somebody is named twice.".to_owned();
        let fix = "name each person once, as one of the people or as a deputy".to_owned();
        section
            .reader()
            .report(&TWICE, &section.path_of("people"), message, fix);
    }
    Some(members)
}
