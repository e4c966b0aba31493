//! `mainstay webhook`: who is told by HTTP what happens.

use clap::Subcommand;
use mainstay_api::{DeliveryView, NewWebhook, WebhookView};
use serde_json::json;

use crate::failure::Failure;
use crate::operator::{self, ServerAccess};
use crate::output::Output;

/// Have other programs told by HTTP what happens, and see what they took.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  mainstay webhook add https://hooks.example/mainstay --kind rollout.halted --kind incident.opened --token-file kim.token\n  mainstay webhook list --token-file kim.token"
)]
pub enum Webhook {
    /// Have an address told what happens from now on. Shows the secret that deliveries are signed with, this once.
    #[command(
        after_help = "Example:\n  mainstay webhook add https://hooks.example/mainstay --kind rollout.halted --token-file kim.token"
    )]
    Add {
        #[command(flatten)]
        access: ServerAccess,
        /// Where: an address that begins with https.
        url: String,
        /// Only events of this kind, such as rollout.halted; may be given more than once. Without it, all of them.
        #[arg(long = "kind", value_name = "KIND")]
        kinds: Vec<String>,
    },
    /// List who is told what, and whether it gets through.
    #[command(after_help = "Example:\n  mainstay webhook list --token-file kim.token")]
    List {
        #[command(flatten)]
        access: ServerAccess,
    },
    /// Tell an address nothing any more.
    #[command(
        after_help = "Example:\n  mainstay webhook remove wh_5d41402abc4b2a76 --token-file kim.token"
    )]
    Remove {
        #[command(flatten)]
        access: ServerAccess,
        /// The webhook, as `webhook list` names it.
        webhook: String,
    },
    /// Send something that didn't happen, once and now, and say what came of it.
    #[command(
        after_help = "Example:\n  mainstay webhook test wh_5d41402abc4b2a76 --token-file kim.token"
    )]
    Test {
        #[command(flatten)]
        access: ServerAccess,
        /// The webhook, as `webhook list` names it.
        webhook: String,
    },
    /// List the newest deliveries to a webhook, and what became of them.
    #[command(
        after_help = "Example:\n  mainstay webhook deliveries wh_5d41402abc4b2a76 --token-file kim.token"
    )]
    Deliveries {
        #[command(flatten)]
        access: ServerAccess,
        /// The webhook, as `webhook list` names it.
        webhook: String,
    },
}

impl Webhook {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Add { access, url, kinds } => add(&NewWebhook { url, kinds }, &access, output),
            Self::List { access } => list(&access, output),
            Self::Remove { access, webhook } => remove(&webhook, &access, output),
            Self::Test { access, webhook } => test(&webhook, &access, output),
            Self::Deliveries { access, webhook } => deliveries(&webhook, &access, output),
        }
    }
}

fn add(new: &NewWebhook, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let made = access.ask(|operator| async move { operator.add_webhook(new).await })?;
    let text = || {
        format!(
            "{}\n  secret  {}\n  Keep it where the receiver finds it: it isn't shown again.",
            line(&made.webhook),
            made.secret
        )
    };
    output.say(text, &made);
    Ok(())
}

fn list(access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let webhooks = access.ask(|operator| async move { operator.webhooks().await })?;
    output.list(&webhooks, "nobody is told anything", line);
    Ok(())
}

fn remove(webhook: &str, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let id = operator::name("webhook", webhook)?;
    access.ask(|operator| async move { operator.remove_webhook(id).await })?;
    output.say(
        || format!("{id} is told nothing any more"),
        &json!({ "removed": id }),
    );
    Ok(())
}

/// A test that isn't taken is a refusal: scripts go by it.
fn test(webhook: &str, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let id = operator::name("webhook", webhook)?;
    let tried = access.ask(|operator| async move { operator.test_webhook(id).await })?;
    if !tried.delivered {
        return Err(Failure::refusal(
            "webhook.not-taken",
            format!("{id} didn't take it: {}", tried.outcome),
            "see that the receiver is up and answers with 200 to 299, and check its address: `mainstay webhook list`",
        ));
    }
    output.say(|| format!("{id} took it: {}", tried.outcome), &tried);
    Ok(())
}

fn deliveries(webhook: &str, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let id = operator::name("webhook", webhook)?;
    let made = access.ask(|operator| async move { operator.webhook_deliveries(id).await })?;
    output.list(&made, "nothing was told yet", delivery);
    Ok(())
}

fn line(webhook: &WebhookView) -> String {
    let kinds = match &webhook.kinds[..] {
        [] => "all that happens".to_owned(),
        kinds => kinds.join(", "),
    };
    let state = match (&webhook.off_because, webhook.failing_since) {
        (Some(because), _) => {
            format!("\n  switched off: {because}; remove it, and add it again once it is mended")
        }
        (None, Some(since)) => format!(
            "\n  nothing got through since {}",
            since.strftime("%Y-%m-%d %H:%M UTC")
        ),
        (None, None) => String::new(),
    };
    let WebhookView {
        id,
        url,
        by,
        waiting,
        ..
    } = webhook;
    format!("{id} tells {url} of {kinds}\n  by {by}; {waiting} waiting{state}")
}

fn delivery(made: &DeliveryView) -> String {
    let DeliveryView {
        event,
        subject,
        state,
        tries,
        ..
    } = made;
    let last = made.last.as_deref().unwrap_or("it wasn't tried yet");
    let next = made.next_at.map(|at| {
        let at = at.strftime("%Y-%m-%d %H:%M:%S UTC");
        format!("; next at {at}")
    });
    let next = next.unwrap_or_default();
    format!("event {event} about {subject}: {state} after {tries} tries: {last}{next}")
}
