//! What an [`Operator`] can do about devices that join or are welcome, and about their tokens and certificates.

use mainstay_api::{
    DeviceToken, IssuedCertificateView, JoinCodeView, MadeJoinCode, NewJoinCode, NewWelcome,
    ReplaceToken, RevokeCertificate, RevokeCertificates, RevokedCertificateView, WelcomeView,
};
use mainstay_fleet::DeviceId;

use crate::exchange::Body;
use crate::{Answer, Operator};

impl Operator {
    /// Makes a code by which devices join.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn make_join_code(&self, wish: &NewJoinCode) -> Answer<MadeJoinCode> {
        self.0.post("/join-codes", Body::json(wish)?).await
    }

    /// All codes, page after page, newest first.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn join_codes(&self) -> Answer<Vec<JoinCodeView>> {
        self.all("/join-codes").await
    }

    /// Takes a code back.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn revoke_join_code(&self, id: &str) -> Answer<JoinCodeView> {
        let path = format!("/join-codes/{id}/revoke");
        self.0.post(&path, Body::Empty).await
    }

    /// Lets devices in that nobody registered and that show a certificate.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn make_welcome(&self, wish: &NewWelcome) -> Answer<WelcomeView> {
        self.0.post("/welcomes", Body::json(wish)?).await
    }

    /// All welcomes, page after page, newest first.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn welcomes(&self) -> Answer<Vec<WelcomeView>> {
        self.all("/welcomes").await
    }

    /// Takes a welcome back.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn revoke_welcome(&self, id: &str) -> Answer<WelcomeView> {
        let path = format!("/welcomes/{id}/revoke");
        self.0.post(&path, Body::Empty).await
    }

    /// Gives a device another token in place of the one that it has.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn replace_token(
        &self,
        device: &DeviceId,
        wish: &ReplaceToken,
    ) -> Answer<DeviceToken> {
        let path = format!("/devices/{device}/token");
        self.0.post(&path, Body::json(wish)?).await
    }

    /// Lets a certificate let nobody in any more.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn revoke_certificate(
        &self,
        which: &RevokeCertificate,
    ) -> Answer<RevokedCertificateView> {
        self.0
            .post("/revoked-certificates", Body::json(which)?)
            .await
    }

    /// All certificates that let nobody in any more, page after page, those revoked last first.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn revoked_certificates(&self) -> Answer<Vec<RevokedCertificateView>> {
        self.all("/revoked-certificates").await
    }

    /// The certificates that a device was given by this house, the newest first.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn certificates_of(&self, device: &DeviceId) -> Answer<Vec<IssuedCertificateView>> {
        let path = format!("/devices/{device}/certificates");
        self.0.get(&path).await
    }

    /// Lets all certificates that a device was given by this house let nobody in any more; tells which.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub async fn revoke_certificates_of(
        &self,
        device: &DeviceId,
        wish: &RevokeCertificates,
    ) -> Answer<Vec<RevokedCertificateView>> {
        let path = format!("/devices/{device}/certificates/revoke");
        self.0.post(&path, Body::json(wish)?).await
    }
}
