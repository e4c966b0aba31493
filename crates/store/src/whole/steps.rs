//! The steps that bring a store's tables up to date: which are missing, and what they ask of older programs. Read [`missing`].

use serde::Serialize;
use sqlx::{Connection as _, SqliteConnection};

use super::{StoreAt, rows_of_sqlite};
use crate::sqlite::file;
use crate::{PostgresStore, SqliteStore, StoreError, postgres, sqlite};

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The version that it makes.
    pub number: u32,
    /// What it is for, in a sentence.
    pub title: String,
    /// The oldest version of the tables that a program must know to work with them from then on, if the step says so. SQLite's don't:
    /// a file has one server at a time.
    pub min_reader: Option<u32>,
}

/// What is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Steps {
    /// The tables' version; 0 of an empty database.
    pub version: u32,
    /// The steps to take, in their order.
    pub missing: Vec<Step>,
}

/// Which steps the store there lacks. Nothing is changed.
///
/// # Errors
/// As opening it, but for what an empty PostgreSQL database lacks, which is everything.
pub async fn missing(at: &StoreAt) -> Result<Steps, StoreError> {
    let (version, all) = match at {
        StoreAt::File(path) => {
            file::inspect(path)?;
            let options = sqlite::options(path);
            let mut connection = SqliteConnection::connect_with(&options).await?;
            let (version, _) = rows_of_sqlite::version(&mut connection).await?;
            connection.close().await?;
            (version, &sqlite::migrate::MIGRATIONS[..])
        }
        StoreAt::Database(place) => {
            let mut connection = postgres::connect(&postgres::options_at(place)?).await?;
            let version = postgres::migrate::known(&mut connection).await?;
            connection.close().await?;
            (version, &postgres::migrate::MIGRATIONS[..])
        }
    };
    let missing = (1..).zip(all).skip(version as usize);
    let missing = missing.map(|(number, sql)| step(number, sql)).collect();
    Ok(Steps { version, missing })
}

/// Takes the steps that are missing, each whole or not at all.
///
/// # Errors
/// As opening it.
pub async fn migrate(at: &StoreAt) -> Result<(), StoreError> {
    match at {
        StoreAt::File(path) => SqliteStore::open(path).await?.close().await,
        StoreAt::Database(place) => PostgresStore::open_at(place).await?.close().await,
    }
    Ok(())
}

/// A step as its text tells of itself: by the first sentence of its comment, and by what it sets.
fn step(number: u32, sql: &str) -> Step {
    let lines = sql.lines().map_while(|line| line.strip_prefix("-- "));
    let told = lines.collect::<Vec<_>>().join(" ");
    let sentence = told.split_inclusive(". ").next().unwrap_or_default();
    Step {
        number,
        title: sentence.trim_end().to_owned(),
        min_reader: min_reader(sql),
    }
}

fn min_reader(sql: &str) -> Option<u32> {
    let first = sql.split_once("(version, min_reader) VALUES (1, ");
    let later = sql.split_once("min_reader = ");
    let (_, rest) = first.or(later)?;
    let end = rest.find(|sign: char| !sign.is_ascii_digit())?;
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_tells_what_it_is_for() {
        let all = sqlite::migrate::MIGRATIONS
            .iter()
            .chain(&postgres::migrate::MIGRATIONS);
        for sql in all {
            let step = step(1, sql);
            assert!(
                step.title.len() > 20 && step.title.ends_with('.'),
                "{step:?}"
            );
        }
    }

    #[test]
    fn a_step_says_who_may_go_on_beside_it() {
        let first = step(1, postgres::migrate::MIGRATIONS[0]);
        assert_eq!(first.min_reader, Some(1));
        let adds = step(2, "-- It adds.\nUPDATE schema SET version = 2;\n");
        assert_eq!((adds.title.as_str(), adds.min_reader), ("It adds.", None));
        let breaks = "-- It breaks. So.\nUPDATE schema SET version = 3, min_reader = 3;\n";
        let breaks = step(3, breaks);
        assert_eq!(
            (breaks.title.as_str(), breaks.min_reader),
            ("It breaks.", Some(3))
        );
    }
}
