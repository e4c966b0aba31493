//! What becomes of each device of an import, by what is known of it. Read [`Judged`], then [`judge`].

use std::collections::BTreeSet;

use axum::http::StatusCode;
use jiff::Timestamp;
use mainstay_api::{Becomes, DeviceChange, ImportedDevice, ImportedView, NewDevice};
use mainstay_fleet::{ClientProfile, Device, DeviceClient, DeviceId, changes};
use mainstay_plan::Plan;
use mainstay_store::{Controller, Import, Registration};

use super::declared::{Unfit, changed, registered};
use super::put_behind::{Around, PutBehind};
use crate::problem::Refused;
use crate::token::kept_of;

/// What is known that a device of an import has to do with.
#[derive(Default)]
pub(super) struct Known {
    /// The device of its name.
    pub device: Option<Device>,
    /// What is known of that one under its client's name.
    pub controller: Option<Controller>,
    /// Whose controller id it brings along.
    pub of_controller: Option<DeviceId>,
    /// Whose token it brings along.
    pub of_token: Option<DeviceId>,
    /// The gateway that it stands behind.
    pub gateway: Option<DeviceId>,
    /// What is to be known of the one that is said.
    pub around: Around,
}

/// A device of an import, with the hash of the token that it brings along.
pub(super) struct Wanted {
    pub device: NewDevice,
    pub client: Option<ClientProfile>,
    pub token_hash: Option<[u8; 32]>,
}

impl Wanted {
    /// Takes the token of what is wanted for its hash.
    pub fn new(imported: ImportedDevice) -> Result<Self, (DeviceId, Unfit)> {
        let ImportedDevice { mut device, client } = imported;
        let token_hash = match device.token.take() {
            None => None,
            Some(token) => {
                let has_other_client = device.controller.is_some();
                if let Some(flaw) = token.flaw(has_other_client) {
                    let unfit = Unfit::new("devices.token", flaw, flaw.cure());
                    return Err((device.id, unfit));
                }
                kept_of(&token)
            }
        };
        Ok(Self {
            device,
            client,
            token_hash,
        })
    }
}

/// Under which terms devices are judged.
pub(super) struct Terms<'a> {
    pub plan: &'a Plan,
    pub now: Timestamp,
    /// Whether a new device may be without a token: it is only asked what would be.
    pub dry_run: bool,
}

/// What was found of all devices so far, and what is to be done about them.
#[derive(Default)]
pub(super) struct Judged {
    pub views: Vec<ImportedView>,
    pub import: Import,
    unfit: Vec<(DeviceId, Unfit)>,
    seen: Seen,
    put_behind: PutBehind,
}

/// What one device alone may have.
#[derive(Default)]
struct Seen {
    names: BTreeSet<String>,
    token_hashes: BTreeSet<[u8; 32]>,
}

impl Judged {
    /// Judges one more device.
    pub fn add(&mut self, wanted: Wanted, known: Known, terms: &Terms<'_>) {
        let id = wanted.device.id.clone();
        let alone = self.seen.alone(&wanted);
        let fits = alone.and_then(|()| self.stands(&wanted, &known));
        match fits.and_then(|()| judge(wanted, known, terms, &mut self.import)) {
            Ok(becomes) => self.views.push(ImportedView { id, becomes }),
            Err(unfit) => self.refuse(id, unfit),
        }
    }

    /// Puts it behind the gateway that it names, if it names one.
    fn stands(&mut self, wanted: &Wanted, known: &Known) -> Result<(), Unfit> {
        let Some(gateway) = &wanted.device.gateway else {
            return Ok(());
        };
        let (id, from) = (&wanted.device.id, known.gateway.as_ref());
        let put = self.put_behind.put(id, from, gateway, known.around);
        Ok(put?)
    }

    /// Notes that a device can't be imported.
    pub fn refuse(&mut self, id: DeviceId, unfit: Unfit) {
        let becomes = Becomes::Refused {
            id: unfit.id.to_owned(),
            because: unfit.because.clone(),
            cure: unfit.cure.to_owned(),
        };
        let view = ImportedView {
            id: id.clone(),
            becomes,
        };
        self.views.push(view);
        self.unfit.push((id, unfit));
    }

    /// Whether all of it can be done; `anew` if devices may be declared otherwise than they are.
    ///
    /// # Errors
    /// The first device that can't be imported, or is declared otherwise; and how many more there are.
    pub fn check(&self, anew: bool) -> Result<(), Refused> {
        if let Some((id, unfit)) = self.unfit.first() {
            let refused = unfit.refused(id, "imported");
            let cause = and_more(refused.cause(), self.unfit.len());
            return Err(Refused::new(
                refused.status(),
                refused.id(),
                cause,
                refused.cure(),
            ));
        }
        let different: Vec<_> = self.views.iter().filter_map(difference).collect();
        match different.first() {
            Some((id, changes)) if !anew => {
                let changes = changes.join(", ");
                let cause = format!("The device {id} is declared otherwise: {changes}.");
                let cause = and_more(&cause, different.len());
                let cure = "Send it with `anew` to declare them so, or leave them out.";
                Err(Refused::new(
                    StatusCode::CONFLICT,
                    "devices.differ",
                    cause,
                    cure,
                ))
            }
            _ => Ok(()),
        }
    }

    /// Whether nothing is to be done.
    pub fn is_nothing(&self) -> bool {
        self.import == Import::default()
    }
}

fn difference(view: &ImportedView) -> Option<(&DeviceId, &[String])> {
    match &view.becomes {
        Becomes::Changed { changes } => Some((&view.id, changes)),
        _ => None,
    }
}

fn and_more(cause: &str, all: usize) -> String {
    match all {
        0 | 1 => cause.to_owned(),
        all => format!(
            "{cause} So it is with {} more: ask with `dry_run`, which tells all.",
            all - 1
        ),
    }
}

impl Seen {
    fn alone(&mut self, wanted: &Wanted) -> Result<(), Unfit> {
        let NewDevice { id, controller, .. } = &wanted.device;
        // No device's name has a space, so that neither is taken for the other.
        let controller = controller.as_ref().map(|it| format!("controller {it}"));
        let fresh = self.names.insert(id.to_string())
            & controller.is_none_or(|controller| self.names.insert(controller))
            & wanted
                .token_hash
                .is_none_or(|hash| self.token_hashes.insert(hash));
        match fresh {
            true => Ok(()),
            false => Err(Unfit::new(
                "devices.twice",
                "its name, its controller or its token comes twice",
                "Send each device once, with a token of its own.",
            )),
        }
    }
}

/// What becomes of one device; what is to be done for it goes into `import`.
///
/// # Errors
/// Why it can't be imported. Nothing is added then.
fn judge(
    wanted: Wanted,
    known: Known,
    terms: &Terms<'_>,
    import: &mut Import,
) -> Result<Becomes, Unfit> {
    check_client(&wanted, &known)?;
    let id = &wanted.device.id;
    if let Some(whose) = known.of_controller.as_ref().filter(|whose| *whose != id) {
        let because = format_args!("the device {whose} has its controller id").to_string();
        let cure = "Import it by that name if it is the same device; else give it the controller id that its own client asks as.";
        return Err(Unfit::new("devices.controller", because, cure));
    }
    if let Some(whose) = known.of_token.as_ref().filter(|whose| *whose != id) {
        let because = format_args!("the device {whose} has its token").to_string();
        let cure = "Give each device a token of its own: who knows one could speak for both.";
        return Err(Unfit::new("devices.token", because, cure));
    }
    match known.device {
        None => new(wanted, terms, import),
        Some(ref before) => again(&wanted, before, &known, terms, import),
    }
}

/// Whether it can run the client that it is said to.
fn check_client(wanted: &Wanted, known: &Known) -> Result<(), Unfit> {
    let asks_elsewhere = wanted.device.controller.is_some() || known.controller.is_some();
    match wanted.client {
        Some(client) if client.speaks_hawkbit() != asks_elsewhere => Err(Unfit::new(
            "devices.client",
            "it can't run the client that it is said to",
            "Give the controller id that its client asks as, or leave the client out.",
        )),
        _ => Ok(()),
    }
}

fn new(wanted: Wanted, terms: &Terms<'_>, import: &mut Import) -> Result<Becomes, Unfit> {
    let Wanted {
        device,
        client,
        token_hash,
    } = wanted;
    let (id, controller, gateway) = (
        device.id.clone(),
        device.controller.clone(),
        device.gateway.clone(),
    );
    let device = registered(device, terms.plan, terms.now)?;
    match token_hash {
        Some(token_hash) => import.new.push(Registration {
            device,
            token_hash,
            controller,
        }),
        None if terms.dry_run => {}
        None => {
            let because = "it is new, and brings no token along";
            let cure =
                "Draw 64 hexadecimal digits for it, keep them for the device, and send them.";
            return Err(Unfit::new("devices.token", because, cure));
        }
    }
    let clients = said(client).map(|client| (id.clone(), client));
    import.clients.extend(clients);
    let behind = gateway.map(|gateway| (id, Some(gateway)));
    import.behind.extend(behind);
    Ok(Becomes::New)
}

/// The client, if it is one that can be said.
fn said(client: Option<ClientProfile>) -> Option<ClientProfile> {
    client.filter(|client| client.speaks_hawkbit())
}

/// A device that is known already. What isn't said of it stays, and what never changes must be as it is.
fn again(
    wanted: &Wanted,
    before: &Device,
    known: &Known,
    terms: &Terms<'_>,
    import: &mut Import,
) -> Result<Becomes, Unfit> {
    check_lasting(wanted, before, known)?;
    let after = changed(before, change(&wanted.device, before), terms.plan)?;
    let mut differences = changes(before, &after);
    if !differences.is_empty() {
        import.anew.push((before.clone(), after));
    }
    let is = known.controller.as_ref().and_then(|it| it.client);
    let client = said(wanted.client).filter(|it| is != Some(DeviceClient::chosen(Some(*it))));
    if let Some(client) = client {
        differences.push(format!("client to {client}"));
        import.clients.push((before.id.clone(), client));
    }
    let gateway = wanted.device.gateway.as_ref();
    if let Some(gateway) = gateway.filter(|gateway| known.gateway.as_ref() != Some(gateway)) {
        let is = known.gateway.as_ref().map_or("nothing", DeviceId::as_str);
        differences.push(format!("gateway from {is} to {gateway}"));
        let behind = (before.id.clone(), Some(gateway.clone()));
        import.behind.push(behind);
    }
    Ok(match differences.is_empty() {
        true => Becomes::Same,
        false => Becomes::Changed {
            changes: differences,
        },
    })
}

/// What an import says of a device that is declared otherwise. What it doesn't change isn't held to the plan, which may be another one by now.
fn change(wanted: &NewDevice, before: &Device) -> DeviceChange {
    let other = |wanted: &String, is: &String| (wanted != is).then(|| wanted.clone());
    let attributes = wanted.attributes.clone().into_iter();
    DeviceChange {
        hardware: other(&wanted.hardware, &before.hardware),
        zone: other(&wanted.zone, &before.zone),
        bootloader: other(&wanted.bootloader, &before.bootloader),
        site: wanted.site.clone().map(Some),
        gateway: None,
        attributes: attributes
            .map(|(name, value)| (name, Some(value)))
            .collect(),
    }
}

/// Its class, its controller and its token are what it was registered with.
fn check_lasting(wanted: &Wanted, before: &Device, known: &Known) -> Result<(), Unfit> {
    let cure = "Leave it out, or give it another name if it is another device.";
    let is_other = |because| Err(Unfit::new("devices.registered-otherwise", because, cure));
    if wanted.device.class != before.class {
        return is_other("a device of this name is registered, of another class");
    }
    let controller = known.controller.as_ref().map(|it| &it.id);
    let wants_other = wanted.device.controller.as_ref();
    if wants_other.is_some_and(|wants| Some(wants) != controller) {
        return is_other("a device of this name is registered, with another controller id or none");
    }
    if wanted.token_hash.is_some() && known.of_token.as_ref() != Some(&before.id) {
        return is_other("a device of this name is registered, with another token");
    }
    Ok(())
}
