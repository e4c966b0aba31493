//! How a server behaves, beside what the plan says. Read [`AppConfig`].

use std::sync::Arc;
use std::time::Duration;

use crate::acme::Acme;
use crate::delivery::DeliveryKey;
use crate::flow::Limits;
use crate::front::{Bounds, tls::Tls};
use crate::guard::Times;
use crate::issuing::DeviceIssuer;
use crate::settings::{
    DeviceCertificates, Passwords, PublicUrl, Tenant, TrustedProxies, UnregisteredDevices,
};
use crate::sign_in::Provider;
use crate::webhooks::WebhookRules;

/// How the server behaves, beside what the plan says.
#[derive(Debug, Clone, Default)]
pub struct AppConfig {
    /// Who may look at the pages.
    pub pages: PagesAccess,
    /// Who calls [`crate::jobs::advance_rollouts::run`].
    pub advance: Advance,
    /// What links to this server begin with; none if they begin as each request says that it came.
    pub public_url: Option<PublicUrl>,
    /// Whose word about a client's address is believed.
    pub trusted_proxies: TrustedProxies,
    /// The provider by which people sign in, if they do.
    pub provider: Option<Arc<Provider>>,
    /// Who may sign in with a password.
    pub passwords: Passwords,
    /// What hawkBit clients call its tenant.
    pub tenant: Tenant,
    /// How long requests under way may go on once it was told to stop.
    pub grace: Grace,
    /// What connections are held to.
    pub bounds: Bounds,
    /// What it shows to those who connect; none if it speaks no TLS itself.
    pub tls: Option<Arc<Tls>>,
    /// Who asks for the certificate that it shows; none if somebody brings that.
    pub acme: Option<Arc<Acme>>,
    /// Whether devices may come without a certificate.
    pub device_certificates: DeviceCertificates,
    /// What becomes of devices that nobody registered.
    pub unregistered_devices: UnregisteredDevices,
    /// Who gives certificates to devices that ask; none if nobody does.
    pub issuer: Option<Arc<DeviceIssuer>>,
    /// How long one request may take.
    pub times: Times,
    /// What signs links to payloads; none if there are none.
    pub delivery_key: Option<DeliveryKey>,
    /// How often one device may ask, and one address show what is no token.
    pub limits: Limits,
    /// What others may be told by HTTP, and with which key their secrets are kept.
    pub webhooks: WebhookRules,
}

/// How long requests in flight may go on after the signal to stop. A download that is cut resumes at its next try, so a short wait
/// is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grace(pub Duration);

impl Default for Grace {
    fn default() -> Self {
        Self(Duration::from_secs(10))
    }
}

/// Who may look at the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PagesAccess {
    /// People who have signed in, and programs with a token.
    #[default]
    People,
    /// Whoever reaches the port: only for a demonstration on this machine.
    Anyone,
}

/// What moves rollouts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Advance {
    /// [`crate::serve::run`], at a period that follows from the plan's poll.
    #[default]
    ByPlan,
    /// [`crate::serve::run`], at this period.
    Every(Duration),
    /// The caller, in its own time.
    ByCaller,
}
