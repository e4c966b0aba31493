//! What the plan says of clients, for what is under way: by the revision that its rollout keeps. Read [`rules`].

use mainstay_plan::ClientRules;
use mainstay_rollout::Rollout;
use mainstay_rollout::order::Order;
use mainstay_store::StoreError;

use super::login::Client;
use crate::App;

/// What is said of the clients of the device's class by the revision under which `order` was given, or by the plan in force if there is no order, or
/// the revision isn't here. A plan that believes more than before changes nothing for what is under way.
///
/// # Errors
/// If the store fails.
pub(super) async fn rules(
    app: &App,
    client: &Client,
    order: Option<&Order>,
) -> Result<ClientRules, StoreError> {
    let rollout = match order {
        Some(order) => app.store.rollout(order.rollout).await?,
        None => None,
    };
    match rollout {
        Some(rollout) => of_rollout(app, client, &rollout).await,
        None => Ok(client.rules.clone()),
    }
}

/// The same, by the revision of this rollout.
///
/// # Errors
/// If the store fails.
pub(super) async fn of_rollout(
    app: &App,
    client: &Client,
    rollout: &Rollout,
) -> Result<ClientRules, StoreError> {
    let in_force = app.plan().await?;
    if in_force.is_some_and(|active| active.revision == rollout.plan_revision) {
        return Ok(client.rules.clone());
    }
    let kept = app.plan_of_revision(&rollout.plan_revision).await?;
    let class = kept
        .as_ref()
        .and_then(|plan| plan.class_named(&client.device.class));
    let rules = class.map_or(&client.rules, |class| &class.clients);
    Ok(rules.clone())
}
