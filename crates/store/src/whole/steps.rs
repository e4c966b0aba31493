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
/// As opening it; of PostgreSQL also [`StoreError::Empty`], if there is no fleet in it, and [`StoreError::InUse`], if servers are connected
/// that couldn't work beside such a step.
pub async fn migrate(at: &StoreAt) -> Result<(), StoreError> {
    match at {
        StoreAt::File(path) => SqliteStore::open(path).await?.close().await,
        StoreAt::Database(place) => {
            PostgresStore::look_at(place).await?;
            PostgresStore::open_at(place).await?.close().await;
        }
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
        min_reader: postgres::migrate::min_reader(sql),
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// SHA-256 of each step's text.
    const OF_SQLITE: &[&str] = &[
        "b679d84a8d12a32e68c738712c61424a2c37f3afaeaf8b2adbad8ac094601af8",
        "8d7f8a6a9d95799f11f9ae62a04ebc8d6fa34fd42badf254e96f92cf800c8f23",
        "ae4f9e7811de6b39bad4099bbe71c3ef7da821db8e9c14061f9d99e024ddc227",
        "d5b5f06d6cb7cc72b71c53bc6a4d35d2143bf94465bcdee2738f16a948ce21b4",
        "cd0d16af49c1405a049ad6e3411a6fafacdbfeb1a6f782a55b2c3764bbdb6f1f",
        "68fb14004ace0afbafc9782c32a7e512f11bf87620579bc76af0bb5c8cd4b552",
        "c15c7f976d6086d2f10f504316568abd633b812e4df74f02b670cd97ade8ab70",
        "c44ecb81439fbdc61f09490d3a34100c39ecc360f4a7d146e59def3c4687e1f6",
        "6738745e4513f2a87b9334a725b958d7ab07606b1af8f9a6cf715c3c5fa09425",
        "f39f7d6f014024be8468e8cacdebfe96bc7cd342cfbe7db0e16922b940eed754",
        "49b73d7c4568277884561ab8316cd8a58d5a76e82cd6bcee28c6a63e5a6b7bc1",
        "d9fbe5631794ae175bb422333c373498041e207e55a54c1ec7674af47db9636c",
        "674418d75b16b87439db79b07e329c04a38862173a7452e44574ed18277ac699",
        "9ad02f1089e4dbdc2755d9b42803066ab94f5c9b2526f9a4cf580562551d0a97",
        "0c4a0698b68f9871ad9abfddab70b64cc0cde141c363139241fb5da5860749a8",
        "48d3067dbc59d7999099d808cf555e6c7c8e8292ea3721869153dad57ffe776d",
        "d7c0994999d13b74a45fc9184985d2d411441478608fadcf92924654d8230ab6",
        "7af6b92fceac909f1076c934c86446de6feb9c62b10b4a72fe2e4aa7025f8f3c",
        "fed235248dbfe9adc1933fd94fde10a20b91c44130d727b56130b0c3d28d2b64",
    ];
    const OF_POSTGRES: &[&str] = &[
        "6c5b0900bd375423e12316bf4d08ad6ba25fe6f7bbe307686afdcfb8ec49cd6a",
        "702f9e72aec566082ff2d5b67a7393c1d4ef06af9485c8ba2181b31a91aaf3e0",
        "e37d116c4087b8c776b27736b7fdd1ad3803a0589a716682cf692133ba2409d6",
        "9bca71a7a8d7d88a47fa599b2719efae86b97b2de711fd7ec3f647dbf88bf3fb",
        "9e5527e8d108f77d312f12b2c89f21e91df053a604c5ce9a747fe4e3752f33f1",
        "0dec4d3db3d86baaff265fcabc95ddd8b67c5413eb0a16c3fca02e32dfc0a6bb",
        "16bfe3030fa378e1104e705a0665d96d96e5d45b4009a29cd52243acca2d5ac8",
        "71d795b532ebc1f47d9d49b69f231d844240f1730b21d8bfbcbc66c01b2f7cfa",
        "a495397024027ef2bb217328bed3834fb80c32c4c711c8c2bcd6e6a79ca057c7",
        "60ab9a8966734cb6761bb0dc26701e494aec6c6a3479afc270c13c4e83b86e09",
        "7336317f3916142dc41cf479d52208f5428dc0faddbdbcd1fc7d693d7619dc3f",
        "6226afd58f35e2111509814f86a3784e65c7d9968ce02a2e99224dda01a2f4f0",
        "7d007a6f2e862afdcdc4d458ffcda37f404efd6bc57d8f1f5d6b145c75e6258c",
        "689d0729874bc1d2a48890f639e79a8186e463fac15256fcb4663b8b89500eba",
    ];

    /// A database that took a step keeps what it made then: changed afterwards, it would lead to two kinds of tables with one number.
    #[test]
    fn no_step_is_changed_that_somebody_may_have_taken() {
        for (name, steps, known) in [
            ("sqlite", &sqlite::migrate::MIGRATIONS[..], OF_SQLITE),
            ("postgres", &postgres::migrate::MIGRATIONS[..], OF_POSTGRES),
        ] {
            for (number, sql) in (1..).zip(steps) {
                let sum = hex::encode(Sha256::digest(sql));
                let expected = known.get(number - 1).copied();
                assert_eq!(
                    expected,
                    Some(sum.as_str()),
                    "step {number} of {name}: if it was ever released, put its text back and write what is new as another step; \
                     if it is new, add the sum on the right to the list in this file"
                );
            }
            assert_eq!(
                steps.len(),
                known.len(),
                "a step of {name} is gone: put it back"
            );
        }
    }

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
