//! What the plan says of clients, for what is under way: by the revision that its rollout keeps. Read [`rules`].

use mainstay_plan::{ClassId, ClientRules};
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
    let Some(order) = order else {
        return Ok(client.rules.clone());
    };
    let Some(rollout) = app.store.rollout(order.rollout).await? else {
        return Ok(client.rules.clone());
    };
    let in_force = app.plan().await?;
    if in_force.is_some_and(|active| active.revision == rollout.plan_revision) {
        return Ok(client.rules.clone());
    }
    let kept = app.plan_of_revision(&rollout.plan_revision).await?;
    let class = kept.zip(ClassId::new(&client.device.class).ok());
    let rules = class.and_then(|(plan, id)| Some(plan.class(&id)?.clients.clone()));
    Ok(rules.unwrap_or_else(|| client.rules.clone()))
}
