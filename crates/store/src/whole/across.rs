//! What must hold across rows, and the tables alone can't promise. Read [`Across`].

use std::collections::BTreeMap;

use mainstay_release::Release;
use mainstay_rollout::Rollout;
use mainstay_trust::Digest;
use sha2::{Digest as _, Sha256};

use super::cells::Row;
use super::check::{Finding, about};
use crate::values::from_json;
use crate::{Blobs, StoreError};

/// What rows said that others must agree with.
#[derive(Default)]
pub(super) struct Across {
    last_rollout: Option<i64>,
    last_order: Option<i64>,
    last_event: Option<i64>,
    /// How many waves each rollout has.
    waves: BTreeMap<i64, usize>,
    /// The rollout that is under way in a class.
    under_way: BTreeMap<String, i64>,
    /// Each release's name, its payload and its size.
    payloads: Vec<(String, Digest, u64)>,
    /// Whether each table that holds one row has it.
    counts: BTreeMap<&'static str, u32>,
}

impl Across {
    /// Takes in a row that can be read, and compares it with what came before. Tables come in the order of the list.
    ///
    /// # Errors
    /// What doesn't agree.
    pub fn note(&mut self, row: &Row) -> Result<(), StoreError> {
        match row.table.name {
            name @ ("rollout_numbers" | "order_numbers" | "event_numbers" | "standing"
            | "pulse") => self.number(name, row),
            "events" => {
                let last = self.last_event.unwrap_or(0);
                behind("event", row.number("number")?, last)
            }
            "rollouts" => self.rollout(row),
            "enrolments" => self.enrolment(row),
            "orders" => {
                let last = self.last_order.unwrap_or(0);
                behind("order", row.number("number")?, last)
            }
            "plans" => plan(row),
            "releases" => self.release(row),
            _ => Ok(()),
        }
    }

    fn number(&mut self, name: &'static str, row: &Row) -> Result<(), StoreError> {
        *self.counts.entry(name).or_default() += 1;
        match name {
            "rollout_numbers" => self.last_rollout = row.maybe_number("last")?,
            "order_numbers" => self.last_order = row.maybe_number("last")?,
            "event_numbers" => self.last_event = row.maybe_number("last")?,
            _ => {}
        }
        Ok(())
    }

    fn rollout(&mut self, row: &Row) -> Result<(), StoreError> {
        let rollout: Rollout = from_json("rollout", row.text("value")?)?;
        self.waves.insert(rollout.id.0, rollout.waves.len());
        if matches!(row.text("phase")?, "rolling" | "awaits-human") {
            let class = rollout.candidate.class.clone();
            if let Some(other) = self.under_way.insert(class, rollout.id.0) {
                let because = format!("rollout {other} is under way in its class too");
                return Err(StoreError::damaged("rollout", because));
            }
        }
        behind("rollout", rollout.id.0, self.last_rollout.unwrap_or(0))
    }

    fn enrolment(&mut self, row: &Row) -> Result<(), StoreError> {
        let waves = self.waves.get(&row.number("rollout")?).copied();
        let wave = usize::try_from(row.number("wave")?).ok();
        match (waves, wave) {
            (Some(waves), Some(wave)) if wave < waves => Ok(()),
            (None, _) => Err(StoreError::damaged(
                "enrolment",
                "its rollout can't be read or isn't there",
            )),
            _ => Err(StoreError::damaged(
                "enrolment",
                "its rollout has no such wave",
            )),
        }
    }

    fn release(&mut self, row: &Row) -> Result<(), StoreError> {
        let release: Release = from_json("release", row.text("value")?)?;
        let facts = &release.facts;
        let payload = (release.id.to_string(), facts.image, facts.image_bytes);
        self.payloads.push(payload);
        Ok(())
    }

    /// What is wrong with more than one row.
    pub fn findings(&self) -> Vec<Finding> {
        let one = [
            ("rollout_numbers", 1),
            ("standing", 1),
            ("pulse", 1),
            ("event_numbers", 1),
            ("order_numbers", 0),
        ];
        let wrong = one.into_iter().filter(|(name, least)| {
            let rows = self.counts.get(name).copied().unwrap_or(0);
            !(*least..=1).contains(&rows)
        });
        let told = |(name, _)| about(name, String::new(), "it must have one row".to_owned());
        wrong.map(told).collect()
    }

    /// The releases whose payload isn't in its home, or has another size.
    pub async fn without_blobs(&self, blobs: &dyn Blobs) -> Result<Vec<Finding>, StoreError> {
        let mut findings = Vec::new();
        for (id, image, bytes) in &self.payloads {
            let because = match blobs.size(image).await? {
                Some(found) if found == *bytes => continue,
                Some(found) => {
                    format!("its payload {image} has {found} bytes, and must have {bytes}")
                }
                None => format!("its payload {image} isn't there"),
            };
            findings.push(about("releases", id.clone(), because));
        }
        Ok(findings)
    }
}

fn plan(row: &Row) -> Result<(), StoreError> {
    match row.bytes("digest")? == &Sha256::digest(row.text("text")?)[..] {
        true => Ok(()),
        false => Err(StoreError::damaged("plan", "its digest isn't its text's")),
    }
}

/// That a number isn't beyond the last one that was given away: it would be given away once more.
fn behind(noun: &'static str, number: i64, last: i64) -> Result<(), StoreError> {
    match number <= last {
        true => Ok(()),
        false => {
            let because = format!("its number is beyond {last}, the last one that was given away");
            Err(StoreError::damaged(noun, because))
        }
    }
}
