//! Devices that nobody registered, and that show a certificate of a device authority: registered at their first request, if this server was told to welcome
//! some and operations made a welcome for them.
//!
//! Whoever shows no such certificate never gets here, and one that is revoked registers nobody. Which device it is says the certificate; all else the
//! welcome. Whoever isn't welcome is held to the rate of a device, by its certificate. Read [`look`].

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use mainstay_access::{
    AuthorityDigest, Newcomer, NotWelcome, Welcome, WelcomeTerms, welcome::choose,
};
use mainstay_api::NewDevice;
use mainstay_api::import::dashed;
use mainstay_fleet::{ControllerId, DeviceId, Site};
use mainstay_store::{Comes, LetIn, Registration, StoreError};

use crate::App;
use crate::operator::declared;
use crate::problem::Refused;
use crate::settings::UnregisteredDevices;
use crate::tls::PeerCertificate;
use crate::token::Token;

/// By which name a device asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AsksAs<'a> {
    /// Its own.
    Itself,
    /// That of its update client, which is another one than ours.
    Controller(&'a str),
}

/// When it was last told in the log that somebody isn't welcome, by the id of the reason: of each once a minute, however many come. One that comes all the
/// time hides no other.
#[derive(Debug, Default)]
pub(crate) struct ToldOf(Mutex<BTreeMap<String, i64>>);

impl ToldOf {
    fn is_due(&self, id: &str, now: Timestamp) -> bool {
        let now = now.as_second();
        // One look-up and one number: no panic leaves it half made.
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = told.get(id).is_none_or(|last| now.abs_diff(*last) >= 60);
        if is_due {
            told.insert(id.to_owned(), now);
        }
        is_due
    }
}

/// The names that a device is registered under.
struct Names {
    own: DeviceId,
    controller: Option<ControllerId>,
}

/// Looks at a device whose certificate counts and leads to none that is registered; whether it may be registered by now. Where that isn't switched on, it never
/// is.
///
/// # Errors
/// `flow.device` if it asks too often, `welcome.*` if it isn't welcome, and whatever the plan has against such a device; and if the store fails.
pub(crate) async fn look(
    app: &App,
    certificate: &PeerCertificate,
    name: &str,
    asks_as: AsksAs<'_>,
) -> Result<bool, Refused> {
    if app.config.unregistered_devices == UnregisteredDevices::Refused {
        return Ok(false);
    }
    let fingerprint = certificate.fingerprint();
    app.limiter.expect_seldom(fingerprint)?;
    // Whom one of another update client's names would mean is none of this one's.
    let is_its_own = match asks_as {
        AsksAs::Itself => true,
        AsksAs::Controller(asked) => asked == name,
    };
    if !is_its_own || app.store.is_revoked(fingerprint).await? {
        return Ok(false);
    }
    let looked = welcomed(app, certificate, name, asks_as).await;
    looked.inspect_err(|refused| {
        if app.door.not_welcome.is_due(refused.id(), app.now()) {
            let (fingerprint, id) = (hex::encode(fingerprint), refused.id());
            tracing::warn!(
                id,
                why = refused.cause(),
                name,
                fingerprint,
                "a device isn't let in"
            );
        }
    })
}

/// # Errors
/// As [`look`].
async fn welcomed(
    app: &App,
    certificate: &PeerCertificate,
    name: &str,
    asks_as: AsksAs<'_>,
) -> Result<bool, Refused> {
    let now = app.now();
    let names = Names::of(name, asks_as).ok_or(NotWelcome::Name)?;
    // The server gives certificates to those alone that are registered. So the device is one of a time that a restored store doesn't know of, or somebody
    // else has the issuer's key.
    let issuer = app.config.issuer.as_ref();
    if issuer.is_some_and(|issuer| issuer.gave(certificate, now)) {
        return Err(NotWelcome::Given.into());
    }
    let fingerprint = certificate.fingerprint();
    let comes = Comes {
        own: &names.own,
        controller: names.controller.as_ref(),
        by: fingerprint,
        at: now,
    };
    match app.store.stands_against(&comes).await? {
        Some(LetIn::Refused(why)) => return Err(why.into()),
        Some(_) => return came_before(app, certificate, name).await,
        None => {}
    }
    let all = app.store.working_welcomes(now).await?;
    let vouched_by = vouched_by(app, certificate, &all, now);
    let newcomer = Newcomer {
        name,
        vouched_by: &vouched_by,
    };
    let chosen = choose(&all, newcomer, now);
    // The last use may have been its own, by another request that came at the same time.
    if chosen == Err(NotWelcome::Nobody) && app.store.certified(name, fingerprint).await?.is_some()
    {
        return Ok(true);
    }
    let welcome = chosen?;
    let new = registration(app, &welcome.terms, names, now).await?;
    match app.store.let_in(welcome.id, &new, fingerprint).await? {
        LetIn::New => {
            let (welcome, by, device) = (welcome.id, &welcome.maker, &new.device.id);
            let fingerprint = hex::encode(fingerprint);
            tracing::info!(%welcome, %by, %device, fingerprint, "device let in");
            Ok(true)
        }
        LetIn::NotNew => came_before(app, certificate, name).await,
        LetIn::Refused(why) => Err(why.into()),
    }
}

/// Whether a device whose name is there is that one, by another request of its own that came first.
///
/// # Errors
/// `welcome.name-taken` if the name is another one's, as that of a client is from which the same own name was made.
async fn came_before(
    app: &App,
    certificate: &PeerCertificate,
    name: &str,
) -> Result<bool, Refused> {
    let fingerprint = certificate.fingerprint();
    if app.store.certified(name, fingerprint).await?.is_some() {
        return Ok(true);
    }
    match app.store.is_revoked(fingerprint).await? {
        true => Ok(false),
        false => Err(NotWelcome::Taken.into()),
    }
}

/// The device authorities that vouch for it. They are asked only where a welcome tells them apart.
fn vouched_by(
    app: &App,
    certificate: &PeerCertificate,
    all: &[Welcome],
    now: Timestamp,
) -> Vec<AuthorityDigest> {
    let tls = app.config.tls.as_ref();
    let asked = tls.filter(|_| all.iter().any(|one| one.terms.authority.is_some()));
    let found = asked.map(|tls| tls.behind(certificate, now));
    found.into_iter().flatten().map(AuthorityDigest).collect()
}

/// The device as its welcome declares it. Nobody knows its token: what is kept is the hash of one that is drawn and shown to nobody.
///
/// # Errors
/// If the plan has no place for such a device any more, or there is none.
async fn registration(
    app: &App,
    terms: &WelcomeTerms,
    names: Names,
    now: Timestamp,
) -> Result<Registration, Refused> {
    let declares = terms.declares.clone();
    let site = declares.site.map(Site::new).transpose();
    let id = names.own.clone();
    let device = NewDevice {
        id: names.own,
        class: declares.class,
        hardware: declares.hardware,
        zone: declares.zone,
        bootloader: declares.bootloader,
        controller: None,
        gateway: None,
        token: None,
        site: site.map_err(|flaw| StoreError::damaged("welcome", flaw))?,
        attributes: BTreeMap::new(),
    };
    let plan = app.active_plan().await?;
    let device = declared::registered(device, &plan.plan, now);
    Ok(Registration {
        device: device.map_err(|unfit| unfit.refused(&id, "registered"))?,
        token_hash: Token::draw(&*app.entropy).hash(),
        controller: names.controller,
    })
}

impl Names {
    /// A device of ours is called what its certificate says. With another client, that is what the client is called, and the device's own name is made of it
    /// as in an import. None if either can't be.
    fn of(name: &str, asks_as: AsksAs<'_>) -> Option<Self> {
        let (own, controller) = match asks_as {
            AsksAs::Itself => (name.to_owned(), None),
            AsksAs::Controller(_) => (dashed(name), Some(ControllerId::parse(name).ok()?)),
        };
        Some(Self {
            own: DeviceId::new(own).ok()?,
            controller,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: &str, asks_as: AsksAs<'_>) -> Option<(String, Option<String>)> {
        let names = Names::of(name, asks_as)?;
        let controller = names.controller.map(|id| id.as_str().to_owned());
        Some((names.own.to_string(), controller))
    }

    #[test]
    fn a_device_is_called_what_its_certificate_says() {
        let mac = "02:00:5e:10:00:01";
        let itself = |name: &str| names(name, AsksAs::Itself);
        let client = |name: &str| names(name, AsksAs::Controller(name));
        assert_eq!(itself("th-1"), Some(("th-1".to_owned(), None)));
        assert_eq!(itself(mac), None);
        assert_eq!(itself(&"x".repeat(65)), None);
        let dashed = "02-00-5e-10-00-01".to_owned();
        assert_eq!(client(mac), Some((dashed, Some(mac.to_owned()))));
        for name in ["a/b", "..", &"x".repeat(65)] {
            assert_eq!(client(name), None, "{name}");
        }
    }

    #[test]
    fn a_flood_is_told_of_once_a_minute() {
        let told = ToldOf::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let due: Vec<_> = [0, 0, 59, 60, 61, 10, 0]
            .map(|s| told.is_due("welcome.none", at(s)))
            .into();
        // A clock that was set back tells again, and not more often.
        assert_eq!(due, [true, false, false, true, false, false, true]);
        assert!(told.is_due("welcome.ambiguous", at(0)), "each for itself");
    }
}
