//! What an [`Operator`] has told to others by HTTP.

use mainstay_api::{DeliveryView, MadeWebhook, NewWebhook, WebhookTest, WebhookView};

use crate::exchange::Body;
use crate::{Answer, Operator};

impl Operator {
    /// Has an address told what happens from now on.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn add_webhook(&self, new: &NewWebhook) -> Answer<MadeWebhook> {
        self.0.post("/webhooks", Body::json(new)?).await
    }

    /// Who is told what.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn webhooks(&self) -> Answer<Vec<WebhookView>> {
        self.0.get("/webhooks").await
    }

    /// Has an address told nothing any more.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn remove_webhook(&self, id: &str) -> Answer<()> {
        self.0.delete(&format!("/webhooks/{id}")).await
    }

    /// Tells an address something that didn't happen, once and now.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn test_webhook(&self, id: &str) -> Answer<WebhookTest> {
        let path = format!("/webhooks/{id}/test");
        self.0.post(&path, Body::Empty).await
    }

    /// The newest deliveries to an address.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn webhook_deliveries(&self, id: &str) -> Answer<Vec<DeliveryView>> {
        self.0.get(&format!("/webhooks/{id}/deliveries")).await
    }
}
