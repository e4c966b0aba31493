//! The same scene with a conquered server: it offers a forged release to every device, past all of its
//! own checks, and the devices must refuse it by themselves.
//!
//! Afterwards a good release goes exactly the same way, to show that the way itself was open.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use mainstay_artifact::ClassName;
use mainstay_fleet::DeviceId;
use mainstay_plan::Plan;
use mainstay_server::ForcedOffer;
use mainstay_trust::Digest;

use super::cast::Cast;
use super::error::DemoError;
use super::event::{AttackSummary, Event};
use super::folder::Folder;
use super::goods::{Order, Release, class_name, packed};
use super::images::{GOOD_VERSION, Images};
use super::scene::{Scene, Setting, take_port};
use super::{Audience, Options, PLAN, check, start};
use crate::behaviour::Behaviours;
use crate::population::Hardship;

/// So long every device has checked in many times over.
const LASTS: SignedDuration = SignedDuration::from_hours(12);
/// Nothing goes wrong by chance in an attack: each refusal is the device's own.
const HARDSHIP: Hardship = Hardship::NONE;

/// What the conquered server offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attack {
    /// A release that nobody signed.
    Unsigned,
    /// A release that its builder signed and nobody approved: a stolen build key.
    Unapproved,
    /// A release for another class, properly signed and approved.
    WrongClass,
    /// An old release, properly signed and approved, that nobody may return to.
    Downgrade,
    /// A good release with one bit of its image changed.
    Tampered,
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Unsigned,
        Self::Unapproved,
        Self::WrongClass,
        Self::Downgrade,
        Self::Tampered,
    ];

    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Unapproved => "unapproved",
            Self::WrongClass => "wrong-class",
            Self::Downgrade => "downgrade",
            Self::Tampered => "tampered",
        }
    }
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl FromStr for Attack {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::id).join(", ");
        let attack = Self::ALL.into_iter().find(|attack| attack.id() == text);
        attack.ok_or_else(|| format!("no attack is called {text:?}; there are: {}", known()))
    }
}

/// Shows one attack.
///
/// # Errors
/// If a step fails. An attack that succeeds is no error: [`AttackSummary::is_safe`] says so.
pub async fn show(
    options: &Options,
    attack: Attack,
    audience: &mut dyn Audience,
) -> Result<AttackSummary, DemoError> {
    check(options)?;
    let plan = mainstay_plan::parse(&PLAN).map_err(|_| DemoError::Options {
        what: "the demonstration's plan is damaged".to_owned(),
        cure: "build Mainstay again from a clean checkout",
    })?;
    let listener = take_port(options.port).await?;
    let folder = Folder::create(&options.folder)?;
    folder.write("plan.toml", PLAN.as_bytes())?;
    let cast = Cast::assemble(&folder, &plan, options.seed, start())?;
    let class = class_name(&plan, &plan.classes[0])?;
    let forge = Forge {
        cast: &cast,
        plan: &plan,
        class,
        images: &options.images,
    };
    // The devices come with sequence 2, so that there is something older to go back to.
    let factory = forge.approved("1.0.0", 2, &[], &options.images.factory)?;
    factory.keep(&folder)?;
    let mut scene =
        Scene::set(&setting(options, &folder, &plan, &cast, &factory), listener).await?;
    audience.hear(&Event::Started {
        devices: options.devices,
        seed: options.seed,
        server: scene.base.clone(),
    });
    let summary = stage(&mut scene, &forge, attack, &factory).await?;
    audience.hear(&Event::AttackSummary(summary.clone()));
    scene.end(std::future::ready(())).await?;
    Ok(summary)
}

async fn stage(
    scene: &mut Scene,
    forge: &Forge<'_>,
    attack: Attack,
    factory: &Release,
) -> Result<AttackSummary, DemoError> {
    let forged = forge.forged(attack, factory)?;
    let offered = offer(scene, &forged).await?;
    let installed = scene
        .crowd
        .devices()
        .filter(|device| device.ever_ran(&forged.manifest))
        .count();
    let refused = refusals(scene, &forged.manifest).await?;
    let control = forge.approved(GOOD_VERSION, 4, &[factory.manifest], &forge.images.good)?;
    offer(scene, &control).await?;
    let settled = |device: &&crate::SimulatedDevice| {
        device.running_release() == Some(control.manifest) && device.is_settled()
    };
    Ok(AttackSummary {
        attack: attack.id().to_owned(),
        offered,
        installed,
        refused,
        control_installed: scene.crowd.devices().filter(settled).count(),
    })
}

/// Makes the conquered server offer a release to everyone for a while. Returns to how many devices it
/// did.
async fn offer(scene: &mut Scene, release: &Release) -> Result<usize, DemoError> {
    let devices: BTreeSet<DeviceId> = scene.crowd.devices().map(|d| d.home.id.clone()).collect();
    let attack = scene.app.attack();
    attack.force(ForcedOffer {
        envelope: release.envelope.clone(),
        image: release.image_digest,
        payload: release.image.clone(),
        devices,
    });
    let until = scene.now().saturating_add(LASTS).unwrap_or(scene.now());
    while scene.now() < until {
        scene.tick().await?;
    }
    let offered = scene.app.attack().offered_to().len();
    scene.app.attack().stop();
    Ok(offered)
}

/// What the devices told the server: how many of them refused the release, by reason.
async fn refusals(scene: &Scene, manifest: &Digest) -> Result<BTreeMap<String, usize>, DemoError> {
    let mut refused = BTreeMap::new();
    for device in scene.crowd.devices() {
        for reason in scene.refusals_of(&device.home.id, manifest).await? {
            *refused.entry(reason).or_default() += 1;
        }
    }
    Ok(refused)
}

/// Makes releases that nobody should ever install.
struct Forge<'a> {
    cast: &'a Cast,
    plan: &'a Plan,
    class: ClassName,
    images: &'a Images,
}

impl Forge<'_> {
    fn packed(
        &self,
        class: &ClassName,
        version: &str,
        sequence: u64,
        image: &[u8],
    ) -> Result<Release, DemoError> {
        packed(&Order {
            class: class.clone(),
            version,
            sequence,
            returns_to: &[],
            image,
        })
    }

    fn approved(
        &self,
        version: &str,
        sequence: u64,
        returns_to: &[Digest],
        image: &[u8],
    ) -> Result<Release, DemoError> {
        let class = self.class.clone();
        packed(&Order {
            class,
            version,
            sequence,
            returns_to,
            image,
        })?
        .built(self.cast)?
        .approved(self.cast, self.plan)
    }

    fn forged(&self, attack: Attack, factory: &Release) -> Result<Release, DemoError> {
        let image = &self.images.bad;
        match attack {
            Attack::Unsigned => self.packed(&self.class, "1.0.1", 3, image),
            Attack::Unapproved => self
                .packed(&self.class, "1.0.1", 3, image)?
                .built(self.cast),
            Attack::WrongClass => self
                .packed(&self.other_class()?, "1.0.1", 3, image)?
                .built(self.cast)?
                .approved(self.cast, self.plan),
            Attack::Downgrade => self.approved("0.9.0", 1, &[], image),
            Attack::Tampered => {
                let mut release = self.approved("1.0.1", 3, &[factory.manifest], image)?;
                let middle = release.image.len() / 2;
                release.image[middle] ^= 1;
                Ok(release)
            }
        }
    }

    /// A class of the same vendor and environment that the devices aren't of.
    fn other_class(&self) -> Result<ClassName, DemoError> {
        let mut class = self.plan.classes[0].clone();
        class.hardware = vec!["Z".to_owned()];
        class_name(self.plan, &class)
    }
}

fn setting<'a>(
    options: &Options,
    folder: &'a Folder,
    plan: &'a Plan,
    cast: &'a Cast,
    factory: &'a Release,
) -> Setting<'a> {
    Setting {
        folder,
        plan_text: &PLAN,
        plan,
        cast,
        factory,
        image_bytes_max: options.images.bytes_max(),
        behaviours: Behaviours::default(),
        hardship: HARDSHIP,
        devices: options.devices,
        seed: options.seed,
        start: start(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attack_is_known_by_its_id() {
        for attack in Attack::ALL {
            assert_eq!(attack.id().parse(), Ok(attack));
        }
        assert!(
            "bribery"
                .parse::<Attack>()
                .is_err_and(|error| error.contains("tampered"))
        );
    }
}
