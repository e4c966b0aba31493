//! Telling subscriptions by HTTP what happened: one server does for all, by its lease. Read [`keep_telling`].
//!
//! Events are made out to subscriptions as deliveries, in the store; then each delivery that is due is tried, of each subject the first one only.
//! Who hangs keeps nobody else waiting: each try is a task of its own. A try is noted when it is over: a server that is killed in between leaves it to be
//! made again, under the same id, and so do two servers that both tell for a moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mainstay_api::event::{Event, EventPage};
use mainstay_api::webhook::{Delivery, Outcome, sign};
use mainstay_store::webhooks::OPEN_DELIVERIES_MAX;
use mainstay_store::{EventsAsked, StoreError, StoredDelivery, StoredWebhook};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, sleep};

use super::answered;
use crate::{App, entropy};

/// How often it is looked whether something is to be told.
const LOOKED_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether anybody is to be told at all, while nobody is: another server may have been asked.
const NOBODY_LOOKED_EVERY: Duration = Duration::from_secs(10);

/// So many tries to one subscription are under way at a time: receivers are small programs.
const AT_ONCE_MAX: usize = 4;

/// So many events are made out to a subscription at a time.
const MADE_OUT_MAX: u32 = 200;

/// So long nothing is tried once a try couldn't be noted, as on a full disk: it would be made again each second.
const RESTS: Duration = Duration::from_secs(60);

/// The tries that are under way: which subscription, and which subject.
#[derive(Default)]
struct UnderWay {
    tries: JoinSet<Tried>,
    which: HashMap<Id, (String, String)>,
    /// Nothing is tried until then.
    rests_until: Option<Instant>,
}

/// A try that is over.
struct Tried {
    webhook: String,
    made: StoredDelivery,
    outcome: Outcome,
}

/// Tells until told to stop, while this server has the job.
pub(crate) async fn keep_telling(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let anybody = answered(app.store.webhooks()).await;
        if anybody.map_or(true, |webhooks| webhooks.is_empty()) {
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return,
                () = app.hooks.changed.notified() => {}
                () = sleep(NOBODY_LOOKED_EVERY) => {}
            }
            continue;
        }
        // One task for both: what keeps this server from telling keeps the lease from being renewed.
        tokio::select! {
            () = app.hooks.lease.keep(&*app.store, &*app.clock) => {}
            () = tell(&app, stopped.clone()) => {}
        }
        app.hooks.lease.give_back(&*app.store).await;
    }
}

/// Tells until told to stop, or nobody is to be told any more.
async fn tell(app: &Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(LOOKED_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut under_way = UnderWay::default();
    loop {
        let over = tokio::select! {
            () = told_to_stop(&mut stopped) => return,
            _ = ticks.tick() => None,
            () = app.hooks.changed.notified() => None,
            Some(over) = under_way.tries.join_next_with_id() => Some(over),
        };
        if let Some(over) = over {
            under_way.note(app, over).await;
        }
        if app.hooks.lease.is_anothers() {
            continue;
        }
        let at_work = app.hooks.lease.at_work();
        let begun = answered(under_way.begin(app)).await;
        drop(at_work);
        if let Err(error) = &begun {
            tracing::warn!(id = error.id(), %error, "nobody is told what happened; tried again");
        }
        app.hooks.lease.worked(begun.is_ok(), &*app.store).await;
        if matches!(begun, Ok(0)) {
            return;
        }
    }
}

async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it whoever would keep the server up.
    let _ = stopped.wait_for(|stop| *stop).await;
}

impl UnderWay {
    /// Makes out what happened, and begins the tries that are due. How many subscriptions there are. One that can't be read keeps no other
    /// waiting.
    async fn begin(&mut self, app: &Arc<App>) -> Result<usize, StoreError> {
        let webhooks = app.store.webhooks().await?;
        let mut failed = None;
        let is_on = |webhook: &&StoredWebhook| webhook.subscription.off.is_none();
        for webhook in webhooks.iter().filter(is_on) {
            match self.begin_of(app, webhook).await {
                // No other server reads it either: the job stays here.
                Err(error @ StoreError::Damaged { .. }) => {
                    tracing::warn!(webhook = %webhook.id, id = error.id(), %error, "a webhook can't be told anything");
                }
                begun => failed = failed.or(begun.err()),
            }
        }
        failed.map_or(Ok(webhooks.len()), Err)
    }

    async fn begin_of(
        &mut self,
        app: &Arc<App>,
        webhook: &StoredWebhook,
    ) -> Result<(), StoreError> {
        make_out(app, webhook).await?;
        for made in app.store.next_deliveries(&webhook.id).await? {
            let has_room = self.count(&webhook.id) < AT_ONCE_MAX;
            let is_free = has_room && !self.rests() && !self.has(&webhook.id, &made.subject);
            if is_free && made.delivery.is_due(app.now()) {
                self.try_once(app, webhook, made).await?;
            }
        }
        Ok(())
    }

    fn rests(&self) -> bool {
        self.rests_until.is_some_and(|until| Instant::now() < until)
    }

    fn count(&self, webhook: &str) -> usize {
        self.which.values().filter(|(id, _)| id == webhook).count()
    }

    fn has(&self, webhook: &str, subject: &str) -> bool {
        let mut which = self.which.values();
        which.any(|(id, about)| id == webhook && about == subject)
    }

    async fn try_once(
        &mut self,
        app: &Arc<App>,
        webhook: &StoredWebhook,
        made: StoredDelivery,
    ) -> Result<(), StoreError> {
        let Some(event) = event(app, made.event).await? else {
            let delivery = made.delivery.forgotten();
            let given_up = StoredDelivery { delivery, ..made };
            let saved = app
                .store
                .save_delivery(&webhook.id, &given_up, &webhook.subscription);
            return saved.await;
        };
        let key = (webhook.id.clone(), made.subject.clone());
        let (app, webhook) = (app.clone(), webhook.clone());
        let task = self.tries.spawn(async move {
            let id = sign::id(&webhook.id, event.number);
            let outcome = app.hooks.tell(&app, &webhook, &id, &event).await;
            Tried {
                webhook: webhook.id,
                made,
                outcome,
            }
        });
        self.which.insert(task.id(), key);
        Ok(())
    }

    /// Notes what a try came to. What can't be noted is tried again, after a while.
    async fn note(&mut self, app: &App, over: Result<(Id, Tried), JoinError>) {
        let (task, tried) = match over {
            Ok((task, tried)) => (task, Some(tried)),
            Err(broken) => (broken.id(), None),
        };
        self.which.remove(&task);
        let noted = match tried {
            Some(tried) => answered(kept(app, tried)).await,
            None => Err(StoreError::Failed("the try broke".into())),
        };
        if let Err(error) = noted {
            tracing::warn!(id = error.id(), %error, "a delivery isn't noted; it is made again");
            self.rests_until = Some(Instant::now() + RESTS);
        }
    }
}

async fn kept(app: &App, tried: Tried) -> Result<(), StoreError> {
    let Tried {
        webhook: id,
        made,
        outcome,
    } = tried;
    let Some(webhook) = app.store.webhook(&id).await? else {
        return Ok(());
    };
    let now = app.now();
    let subscription = webhook.subscription.tried(&outcome, now);
    if let Some(off) = &subscription.off {
        tracing::warn!(webhook = %id, because = off.because, "a webhook is switched off");
    } else if !outcome.is_well() {
        tracing::info!(webhook = %id, event = made.event, %outcome, "a delivery failed");
    }
    let chance = entropy::number(&*app.entropy);
    let delivery = made.delivery.tried(outcome, now, chance);
    let made = StoredDelivery { delivery, ..made };
    app.store.save_delivery(&id, &made, &subscription).await
}

/// Makes out to a subscription what happened since it was looked at last.
async fn make_out(app: &App, webhook: &StoredWebhook) -> Result<(), StoreError> {
    let from = webhook.position;
    let open = app.store.open_deliveries(&webhook.id).await?;
    let room = u64::from(OPEN_DELIVERIES_MAX).saturating_sub(open);
    let limit = MADE_OUT_MAX.min(u32::try_from(room).unwrap_or(u32::MAX));
    if limit == 0 {
        return Ok(());
    }
    let asked = EventsAsked {
        after: from,
        limit,
        kind: None,
        subject: None,
    };
    let found = app.store.events(&asked).await?;
    let page = EventPage::of(found.events, from, limit, found.newest, found.oldest);
    if page.next == from {
        return Ok(());
    }
    if page.oldest > from + 1 {
        tracing::warn!(webhook = %webhook.id, from, oldest = page.oldest, "a webhook wasn't told of events that are forgotten");
    }
    let wanted = page
        .events
        .iter()
        .filter(|event| webhook.subscription.wants(&event.happened));
    let made: Vec<_> = wanted.map(|event| new(event, app)).collect();
    match app
        .store
        .make_out(&webhook.id, (from, page.next), &made)
        .await
    {
        // Another server was faster, or somebody removed it.
        Err(StoreError::Conflict { .. }) => Ok(()),
        done => done,
    }
}

fn new(event: &Event, app: &App) -> StoredDelivery {
    StoredDelivery {
        event: event.number,
        subject: event.happened.subject.clone(),
        delivery: Delivery::new(app.now()),
    }
}

/// The event of this number, if it is still kept.
async fn event(app: &App, number: i64) -> Result<Option<Event>, StoreError> {
    let asked = EventsAsked {
        after: number - 1,
        limit: 1,
        kind: None,
        subject: None,
    };
    let found = app.store.events(&asked).await?;
    let mut events = found.events.into_iter();
    Ok(events.next().filter(|event| event.number == number))
}
