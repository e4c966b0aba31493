//! What an [`Operator`] can do about incidents.

use mainstay_api::{IncidentView, ReopenRequest, ReviewRequest};

use crate::exchange::Body;
use crate::{Answer, Operator};

impl Operator {
    /// All incidents, page after page, newest first.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn incidents(&self) -> Answer<Vec<IncidentView>> {
        self.all("/incidents").await
    }

    /// One incident, as `INC-1`.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn incident(&self, incident: &str) -> Answer<IncidentView> {
        self.0.get(&format!("/incidents/{incident}")).await
    }

    /// Writes parts of an incident's review.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn review(&self, incident: &str, review: &ReviewRequest) -> Answer<IncidentView> {
        let path = format!("/incidents/{incident}/review");
        self.0.post(&path, Body::json(review)?).await
    }

    /// Closes an incident.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn close_incident(&self, incident: &str) -> Answer<IncidentView> {
        let path = format!("/incidents/{incident}/close");
        self.0.post(&path, Body::Empty).await
    }

    /// Takes a closed incident up again; returns the new one.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn reopen_incident(&self, incident: &str, why: &str) -> Answer<IncidentView> {
        let why = why.to_owned();
        let path = format!("/incidents/{incident}/reopen");
        self.0
            .post(&path, Body::json(&ReopenRequest { why })?)
            .await
    }
}
