//! The people, in PostgreSQL.

use async_trait::async_trait;
use mainstay_access::{Duty, Email, Person};

use super::PostgresStore;
use super::failure::taken;
use crate::{People, StoreError};

type Row = (String, String);

#[async_trait]
impl People for PostgresStore {
    async fn add_person(&self, person: &Person, token_hash: [u8; 32]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("INSERT INTO people (email, duty, token_hash) VALUES ($1, $2, $3)")
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
            sqlx::query_as("SELECT email, duty FROM people WHERE token_hash = $1")
                .bind(&token_hash[..])
                .fetch_optional(&mut *self.read().await?)
                .await?;
        row.map(person).transpose()
    }

    async fn people(&self) -> Result<Vec<Person>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as("SELECT email, duty FROM people ORDER BY email")
            .fetch_all(&mut *self.read().await?)
            .await?;
        rows.into_iter().map(person).collect()
    }
}

fn person((email, duty): Row) -> Result<Person, StoreError> {
    let email = Email::new(&email).map_err(|error| StoreError::damaged("person", error))?;
    let unknown = || StoreError::damaged("person", format_args!("{duty:?} is no duty"));
    let duty = Duty::from_id(&duty).ok_or_else(unknown)?;
    Ok(Person { email, duty })
}
