//! The people, in SQLite.

use async_trait::async_trait;
use mainstay_access::{Duty, Email, Person};

use super::failure::taken;
use super::{SqliteStore, Write, accounts};
use crate::people::{check_new_person, person};
use crate::{People, StoreError};

type Row = (String, String);

#[async_trait]
impl People for SqliteStore {
    async fn add_person(&self, person: &Person, token_hash: [u8; 32]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let account = accounts::account(&mut tx, &person.email).await?;
        check_new_person(person, account.as_ref())?;
        sqlx::query("INSERT INTO people (email, duty, token_hash) VALUES (?1, ?2, ?3)")
            .bind(person.email.as_str())
            .bind(person.duty.id())
            .bind(&token_hash[..])
            .execute(&mut *tx)
            .await
            .map_err(|error| taken(error, "person", &person.email))?;
        Ok(tx.commit().await?)
    }

    async fn by_token_hash(&self, token_hash: &[u8; 32]) -> Result<Option<Person>, StoreError> {
        let row: Option<Row> =
            sqlx::query_as(
                "SELECT email, duty FROM people WHERE token_hash = ?1 AND NOT EXISTS
                   (SELECT 1 FROM accounts AS a WHERE a.email = people.email AND a.closed IS NOT NULL)",
            )
            .bind(&token_hash[..])
            .fetch_optional(self.read())
            .await?;
        row.map(person).transpose()
    }

    async fn people(&self) -> Result<Vec<Person>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as("SELECT email, duty FROM people ORDER BY email")
            .fetch_all(self.read())
            .await?;
        rows.into_iter().map(person).collect()
    }
}

/// The duty of an address as a person, as part of `tx`.
pub(super) async fn duty_of(tx: &mut Write, who: &Email) -> Result<Option<Duty>, StoreError> {
    let row: Option<Row> = sqlx::query_as("SELECT email, duty FROM people WHERE email = ?1")
        .bind(who.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.map(person).transpose()?.map(|person| person.duty))
}
