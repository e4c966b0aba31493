//! Who has which duty.

use std::collections::BTreeMap;

use crate::duty::{Duty, Person};
use crate::email::Email;

/// People and their duties, each person with one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignments(BTreeMap<Email, Duty>);

/// One person was given two duties.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{who} can't have the duties {first} and {second} at once")]
pub struct DutyConflict {
    /// The person.
    pub who: Email,
    /// The duty that came first.
    pub first: Duty,
    /// The one that came after it.
    pub second: Duty,
}

impl DutyConflict {
    /// Stable id of this refusal.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "access.two-duties"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        "give one of the two duties to somebody else; a deputy counts as well"
    }
}

impl Assignments {
    /// The duties of these people; naming somebody twice for one duty is harmless.
    ///
    /// # Errors
    /// Every person who was given two duties.
    pub fn new(people: impl IntoIterator<Item = Person>) -> Result<Self, Vec<DutyConflict>> {
        let mut assignments = Self::default();
        let mut conflicts = Vec::new();
        for person in people {
            conflicts.extend(assignments.assign(person).err());
        }
        if conflicts.is_empty() {
            Ok(assignments)
        } else {
            Err(conflicts)
        }
    }

    /// Gives one more person a duty.
    ///
    /// # Errors
    /// If they have another one already; nothing changes then.
    pub fn assign(&mut self, person: Person) -> Result<(), DutyConflict> {
        let Person { email, duty } = person;
        match self.0.get(&email) {
            Some(first) if *first != duty => Err(DutyConflict {
                who: email,
                first: *first,
                second: duty,
            }),
            _ => {
                self.0.insert(email, duty);
                Ok(())
            }
        }
    }

    /// The duty of a person, if they have one.
    #[must_use]
    pub fn duty_of(&self, who: &Email) -> Option<Duty> {
        self.0.get(who).copied()
    }

    /// Everybody, by address.
    pub fn people(&self) -> impl Iterator<Item = Person> + '_ {
        self.0.iter().map(|(email, duty)| Person {
            email: email.clone(),
            duty: *duty,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str, duty: Duty) -> Person {
        Person {
            email: Email::new(&format!("{name}@x.example")).expect("an address"),
            duty,
        }
    }

    #[test]
    fn every_conflict_is_named() {
        let people = [
            person("ana", Duty::Engineer),
            person("sam", Duty::ReleaseManager),
            person("ana", Duty::ReleaseManager),
            person("SAM", Duty::Operations),
            person("ana", Duty::Engineer),
        ];
        let conflicts = Assignments::new(people).expect_err("two people have two duties");
        let names: Vec<&str> = conflicts.iter().map(|c| c.who.as_str()).collect();
        assert_eq!(names, ["ana@x.example", "sam@x.example"]);
    }

    #[test]
    fn one_duty_each_is_fine() {
        let people = [
            person("ana", Duty::Engineer),
            person("kim", Duty::Operations),
        ];
        let assignments = Assignments::new(people.clone()).expect("no conflict");
        assert_eq!(
            assignments.duty_of(&people[1].email),
            Some(Duty::Operations)
        );
        assert_eq!(assignments.people().count(), 2);
    }
}
