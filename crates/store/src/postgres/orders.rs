//! The orders, in PostgreSQL. Opening one is part of a promise: [`number`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_rollout::order::log::LogEntry;
use mainstay_rollout::order::{
    Order, OrderNumber, OrderState, asks_for_version, close, ends_unknown, heed, may_run,
};
use mainstay_rollout::{Candidate, Ending, Offer, Progress, RolloutId};
use mainstay_telemetry::event_of;
use sqlx::PgConnection;

use super::failure::taken;
use super::values::{from_json, order_number, release_digest, to_json};
use super::{PostgresStore, Write, controllers, order_log, releases, reports, retried, timeline};
use crate::orders::{DRAWN_MAX, FIRST_ORDER, check_save};
use crate::pulse::is_given_up_by_people;
use crate::{
    HeardWord, HeedRefusal, Heeded, Known, OrderFold, Orders, PromiseRefusal, StoreError,
    TimelineKind,
};

type Row = (String,);

/// A query for orders of a device, $1, with what follows its condition.
macro_rules! select {
    ($rest:literal) => {
        sqlx::query_as::<_, Row>(concat!(
            "SELECT value FROM orders WHERE device = (SELECT key FROM devices WHERE id = $1) ",
            $rest
        ))
    };
}

#[async_trait]
impl Orders for PostgresStore {
    async fn begin_order_numbers(&self, drawn: u32) -> Result<(), StoreError> {
        let begun: Option<(i64,)> = sqlx::query_as("SELECT last FROM order_numbers")
            .fetch_optional(&mut *self.read().await?)
            .await?;
        if begun.is_some() {
            return Ok(());
        }
        let mut tx = self.write().await?;
        sqlx::query("INSERT INTO order_numbers (last) VALUES ($1) ON CONFLICT DO NOTHING")
            .bind(i64::from(FIRST_ORDER + drawn % DRAWN_MAX))
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    async fn open_order(&self, device: &DeviceId) -> Result<Option<Order>, StoreError> {
        let row = select!("AND is_open").bind(device.as_str());
        row.fetch_optional(&mut *self.read().await?)
            .await?
            .map(order)
            .transpose()
    }

    async fn order(
        &self,
        device: &DeviceId,
        number: OrderNumber,
    ) -> Result<Option<Order>, StoreError> {
        let row = select!("AND number = $2").bind(device.as_str());
        row.bind(i64::from(number.get()))
            .fetch_optional(&mut *self.read().await?)
            .await?
            .map(order)
            .transpose()
    }

    async fn newest_installed(&self, device: &DeviceId) -> Result<Option<OrderNumber>, StoreError> {
        let newest: Option<(i64,)> = sqlx::query_as(
            "SELECT number FROM orders WHERE device = (SELECT key FROM devices WHERE id = $1)
             AND ending IN ('verified', 'taken-at-its-word') ORDER BY number DESC LIMIT 1",
        )
        .bind(device.as_str())
        .fetch_optional(&mut *self.read().await?)
        .await?;
        newest.map(|(number,)| order_number(number)).transpose()
    }

    async fn recent_orders(&self, device: &DeviceId, limit: u32) -> Result<Vec<Order>, StoreError> {
        let rows = select!("ORDER BY number DESC LIMIT $2").bind(device.as_str());
        let rows = rows
            .bind(i64::from(limit))
            .fetch_all(&mut *self.read().await?)
            .await?;
        rows.into_iter().map(order).collect()
    }

    async fn unverified(&self, rollout: RolloutId) -> Result<u32, StoreError> {
        let (count,): (i64,) = sqlx::query_as(
            "SELECT count(*) FROM orders WHERE rollout = $1 AND is_open AND state = 'installed'",
        )
        .bind(rollout.0)
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    async fn in_hand(&self, rollout: RolloutId, since: Timestamp) -> Result<u32, StoreError> {
        let (count,): (i64,) = sqlx::query_as(
            "SELECT count(DISTINCT o.device) FROM orders AS o
             JOIN enrolments AS e ON e.rollout = o.rollout AND e.device = o.device
             WHERE o.rollout = $1 AND (o.is_open OR o.ending IN ('cancelled', 'given-up'))
             AND ((o.value::jsonb #>> '{seen,fetches}')::bigint > 0 OR (o.value::jsonb #>> '{seen,whole}')::boolean)
             AND (o.is_open OR extract(epoch FROM (o.value::jsonb #>> '{state,at}')::timestamptz) >= $2::bigint + 1
               AND e.state = 'began')",
        )
        .bind(rollout.0)
        .bind(since.as_second())
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    async fn order_log(
        &self,
        device: &DeviceId,
        number: OrderNumber,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError> {
        order_log::of_order(self, device, number, limit).await
    }

    async fn heed(
        &self,
        heard: &HeardWord<'_>,
        fold: &OrderFold<'_>,
    ) -> Result<Heeded, HeedRefusal> {
        retried(|| async move {
            let mut tx = self.write().await?;
            let (device, acknowledged) = reports::acknowledged(&mut tx, heard.device).await?;
            let before = of_device(&mut tx, device, heard.number).await?;
            let logged = before.seen.log;
            let (order, told) = heed(before.clone(), heard.word, heard.at)?;
            let heeded = Heeded { order, told };
            if heeded.order != before {
                save(&mut tx, &heeded.order).await?;
            }
            if let Some(entry) = heard.entry.filter(|_| heeded.order.seen.log > logged) {
                order_log::add(&mut tx, heard.number, entry).await?;
            }
            reports::hear(&mut tx, device, (heard.at, heard.running), acknowledged).await?;
            tell(&mut tx, device, &heeded, heard.at).await?;
            let folded = |candidate: &Candidate, progress: Progress, known: Known| {
                fold(&heeded, candidate, progress, known)
            };
            reports::fold_all(&mut tx, device, acknowledged, &folded).await?;
            tx.commit().await.map_err(StoreError::from)?;
            Ok(heeded)
        })
        .await
    }

    async fn save_order(
        &self,
        device: &DeviceId,
        before: &Order,
        after: &Order,
        entry: Option<&LogEntry>,
    ) -> Result<(), StoreError> {
        let number = before.number;
        retried(|| async move {
            let mut tx = self.write().await?;
            let (device, _) = reports::acknowledged(&mut tx, device).await?;
            let found = of_device(&mut tx, device, number).await?;
            check_save(before, &found, after)?;
            save(&mut tx, after).await?;
            if ends_unknown(after) {
                controllers::ask(&mut tx, device).await?;
            }
            if let Some(entry) = entry {
                order_log::add(&mut tx, number, entry).await?;
            }
            tell_of_belief(&mut tx, device, after).await?;
            match is_given_up_by_people(after, entry) {
                true => self.commit_raised(tx).await,
                false => Ok(tx.commit().await?),
            }
        })
        .await
    }
}

/// The number of the order that stands for this promise: the open one, if that is it; else a new one, which closes the open one.
pub(super) async fn number(
    tx: &mut Write,
    device: i64,
    rollout: RolloutId,
    offer: &Offer,
    at: Timestamp,
) -> Result<OrderNumber, PromiseRefusal> {
    match open(tx, device).await? {
        Some(open) if open.promises(rollout, offer) => return Ok(open.number),
        Some(other) => save(tx, &close(other, Ending::Superseded, at)).await?,
        None => {}
    }
    let number = next_number(tx).await?;
    insert(tx, device, &Order::open(number, rollout, *offer, at)).await?;
    order_log::forget_old(tx, device).await?;
    Ok(number)
}

/// The open order of the device with this key.
pub(super) async fn open(tx: &mut Write, device: i64) -> Result<Option<Order>, StoreError> {
    let open: Option<Row> =
        sqlx::query_as("SELECT value FROM orders WHERE device = $1 AND is_open")
            .bind(device)
            .fetch_optional(&mut **tx)
            .await?;
    open.map(order).transpose()
}

/// Whether the device with this name may run what it hasn't named ([`may_run`]).
pub(super) async fn leaves_a_question(
    connection: &mut PgConnection,
    device: &DeviceId,
) -> Result<bool, StoreError> {
    let row: Option<(String, Option<Vec<u8>>)> = sqlx::query_as(
        "SELECT o.value, d.running_release FROM orders AS o JOIN devices AS d ON d.key = o.device
         WHERE d.id = $1 ORDER BY o.number DESC LIMIT 1",
    )
    .bind(device.as_str())
    .fetch_optional(connection)
    .await?;
    let Some((value, running)) = row else {
        return Ok(false);
    };
    Ok(may_run(
        &order((value,))?,
        release_digest("device", running)?,
    ))
}

async fn next_number(tx: &mut Write) -> Result<OrderNumber, PromiseRefusal> {
    let last: Option<(i64,)> =
        sqlx::query_as("UPDATE order_numbers SET last = last + 1 RETURNING last")
            .fetch_optional(&mut **tx)
            .await
            .map_err(StoreError::from)?;
    let not_begun = || StoreError::damaged("order numbers", "nobody has drawn where they begin");
    let (last,) = last.ok_or_else(not_begun)?;
    let number = u32::try_from(last).ok().and_then(OrderNumber::new);
    number.ok_or(PromiseRefusal::NumbersUsedUp)
}

async fn insert(tx: &mut Write, device: i64, order: &Order) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO orders (number, device, rollout, is_open, state, ending, value)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(i64::from(order.number.get()))
    .bind(device)
    .bind(order.rollout.0)
    .bind(order.is_open())
    .bind(order.state.id())
    .bind(order.ending().map(Ending::id))
    .bind(to_json("order", order)?)
    .execute(&mut **tx)
    .await
    .map_err(|error| taken(error, "order", order.number))?;
    Ok(())
}

async fn of_device(tx: &mut Write, device: i64, number: OrderNumber) -> Result<Order, StoreError> {
    let row: Option<Row> =
        sqlx::query_as("SELECT value FROM orders WHERE number = $1 AND device = $2")
            .bind(i64::from(number.get()))
            .bind(device)
            .fetch_optional(&mut **tx)
            .await?;
    let row = row.ok_or_else(|| StoreError::not_found("order", number))?;
    order(row)
}

async fn save(tx: &mut Write, order: &Order) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE orders SET is_open = $2, state = $3, ending = $4, value = $5 WHERE number = $1",
    )
    .bind(i64::from(order.number.get()))
    .bind(order.is_open())
    .bind(order.state.id())
    .bind(order.ending().map(Ending::id))
    .bind(to_json("order", order)?)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts what the rollout is told into the device's timeline, and lets its version be asked for where that may be new.
async fn tell(
    tx: &mut Write,
    device: i64,
    heeded: &Heeded,
    at: Timestamp,
) -> Result<(), StoreError> {
    let release = heeded.order.offer.release;
    let events = heeded
        .told
        .iter()
        .filter_map(|told| event_of(*told, release));
    let events: Vec<_> = events.collect();
    for event in &events {
        let text = event.phrase(&releases::name(tx, &release).await?);
        let (kind, event) = (TimelineKind::Reported, to_json("timeline", event)?);
        timeline::add(tx, device, at, kind, &text, Some(&event)).await?;
    }
    if !events.is_empty() {
        timeline::prune(tx, device).await?;
    }
    match asks_for_version(&heeded.told) {
        true => controllers::ask(tx, device).await,
        false => Ok(()),
    }
}

/// That nobody proved what a device counts as running stands in its timeline, beside the devices that did.
async fn tell_of_belief(tx: &mut Write, device: i64, order: &Order) -> Result<(), StoreError> {
    let OrderState::Closed {
        at,
        how: Ending::TakenAtItsWord,
    } = order.state
    else {
        return Ok(());
    };
    let version = releases::name(tx, &order.offer.release).await?;
    let text = format!("counts as running {version} by its client's word alone");
    timeline::add(tx, device, at, TimelineKind::Reported, &text, None).await?;
    timeline::prune(tx, device).await
}

fn order((value,): Row) -> Result<Order, StoreError> {
    from_json("order", &value)
}
