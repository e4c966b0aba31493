//! The events, in PostgreSQL.

use async_trait::async_trait;
use mainstay_api::event::Happened;

use super::values::{micros, to_json};
use super::{PostgresStore, Write};
use crate::events::{EVENTS_MAX, event};
use crate::{Events, EventsAsked, EventsFound, StoreError};

type Row = (i64, String);

#[async_trait]
impl Events for PostgresStore {
    async fn events(&self, asked: &EventsAsked<'_>) -> Result<EventsFound, StoreError> {
        // In this order: what comes meanwhile is found the next time, and what goes meanwhile is told.
        let newest = self.newest_event().await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT number, value FROM events
             WHERE number > $1 AND kind = coalesce($2, kind) AND subject = coalesce($3, subject)
             ORDER BY number LIMIT $4",
        )
        .bind(asked.after)
        .bind(asked.kind)
        .bind(asked.subject)
        .bind(i64::from(asked.limit))
        .fetch_all(&mut *self.read().await?)
        .await?;
        let (oldest,) = sqlx::query_as("SELECT coalesce(min(number), 0) FROM events")
            .fetch_one(&mut *self.read().await?)
            .await?;
        let events: Result<Vec<_>, _> = rows.into_iter().map(event).collect();
        Ok(EventsFound {
            events: events?,
            newest,
            oldest,
        })
    }

    async fn newest_event(&self) -> Result<i64, StoreError> {
        let (newest,) = sqlx::query_as("SELECT last FROM event_numbers")
            .fetch_one(&mut *self.read().await?)
            .await?;
        Ok(newest)
    }
}

/// Notes what happened, as part of `tx` and as the last thing in it: whoever gives a number keeps all others from giving one until the
/// commit, so that who sees a number sees all below it. The oldest events make room.
pub(super) async fn note(tx: &mut Write, happened: &[Happened]) -> Result<(), StoreError> {
    for one in happened {
        let (number,): (i64,) =
            sqlx::query_as("UPDATE event_numbers SET last = last + 1 RETURNING last")
                .fetch_one(&mut **tx)
                .await?;
        sqlx::query(
            "INSERT INTO events (number, at, kind, subject, value) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(number)
        .bind(micros(one.at))
        .bind(&one.kind)
        .bind(&one.subject)
        .bind(to_json("event", one)?)
        .execute(&mut **tx)
        .await?;
        sqlx::query("DELETE FROM events WHERE number <= $1")
            .bind(number - EVENTS_MAX)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
