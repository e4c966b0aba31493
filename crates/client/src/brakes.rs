//! What an [`Operator`] can do to stop devices, and the signed papers that it hands in.

use mainstay_api::{
    DOCUMENT_MEDIA_TYPE, HoldRequest, HoldView, RevocationsView, RootView, ScheduleView,
};

use crate::exchange::Body;
use crate::{Answer, Operator};

impl Operator {
    /// Puts a release on hold.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn hold(&self, release: &str, reason: &str) -> Answer<HoldView> {
        let reason = reason.to_owned();
        let body = Body::json(&HoldRequest { reason })?;
        self.0
            .post(&format!("/releases/{release}/hold"), body)
            .await
    }

    /// Asks to release a hold, or agrees with who asked.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn release_hold(&self, release: &str) -> Answer<HoldView> {
        let path = format!("/releases/{release}/hold/release");
        self.0.post(&path, Body::Empty).await
    }

    /// The holds in force.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn holds(&self) -> Answer<Vec<HoldView>> {
        self.0.get("/holds").await
    }

    /// Hands in the next signed root.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn publish_root(&self, signed: Vec<u8>) -> Answer<RootView> {
        self.0.post("/roots", document(signed)).await
    }

    /// All roots of the server.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn roots(&self) -> Answer<Vec<RootView>> {
        self.0.get("/roots").await
    }

    /// Hands in signed revocations.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn publish_revocations(&self, signed: Vec<u8>) -> Answer<RevocationsView> {
        self.0.post("/revocations", document(signed)).await
    }

    /// The newest revocations.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn revocations(&self) -> Answer<RevocationsView> {
        self.0.get("/revocations").await
    }

    /// Hands in a signed schedule of a release.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn publish_schedule(&self, release: &str, signed: Vec<u8>) -> Answer<ScheduleView> {
        let path = format!("/releases/{release}/schedules");
        self.0.post(&path, document(signed)).await
    }
}

fn document(signed: Vec<u8>) -> Body<'static> {
    Body::Bytes(signed, DOCUMENT_MEDIA_TYPE)
}
