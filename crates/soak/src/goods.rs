//! The releases of a life, class by class: the factory's, the first new one, and those that may follow it.

use mainstay_plan::{Class, Plan};
use mainstay_simulator::Behaviours;
use mainstay_simulator::demo::DemoError;
use mainstay_simulator::demo::cast::Cast;
use mainstay_simulator::demo::goods::{Order, Release, class_name, packed};
use mainstay_trust::Digest;

use crate::kind::Kind;
use crate::world::World;

/// Bytes of an image: more than a page of flash, so that an installation has many operations to cut.
const IMAGE_BYTES: usize = 5000;

/// A release as its builder signed it, and as it was approved.
pub struct Made {
    /// Of which devices.
    pub kind: Kind,
    /// Signed by its builder.
    pub built: Release,
    /// Signed by both.
    pub approved: Release,
}

/// All of them, in their order.
pub struct Goods(Vec<Made>);

/// The versions of each class, the factory's first.
const VERSIONS: [&str; 3] = ["1.0.0", "1.1.0", "1.2.0"];

/// How many releases a class has beside the factory's.
pub const NEW_RELEASES: usize = VERSIONS.len() - 1;

impl Goods {
    /// Packs, signs and approves those of all classes that the plan has.
    ///
    /// # Errors
    /// If one can't be packed or signed.
    pub fn made(plan: &Plan, cast: &Cast) -> Result<Self, DemoError> {
        let mut made = Vec::new();
        for (kind, class) in Kind::ALL.into_iter().zip(&plan.classes) {
            made.extend(Self::of_class(kind, class, plan, cast)?);
        }
        Ok(Self(made))
    }

    /// Each may return to all before it.
    fn of_class(
        kind: Kind,
        class: &Class,
        plan: &Plan,
        cast: &Cast,
    ) -> Result<Vec<Made>, DemoError> {
        let mut made: Vec<Made> = Vec::new();
        for (sequence, version) in (1..).zip(VERSIONS) {
            let before: Vec<Digest> = made.iter().map(|one| one.built.manifest).collect();
            let class = class_name(plan, class)?;
            let image = image(kind, version);
            let order = Order {
                class,
                version,
                sequence,
                returns_to: &before,
                image: &image,
            };
            let built = packed(&order)?.built(cast)?;
            let approved = built.clone().approved(cast, plan)?;
            made.push(Made {
                kind,
                built,
                approved,
            });
        }
        Ok(made)
    }

    /// The one of this class and number; 0 is the factory's.
    pub fn number(&self, kind: Kind, number: usize) -> &Made {
        let mut of_kind = self.0.iter().filter(|made| made.kind == kind);
        of_kind
            .nth(number)
            .expect("who asks for a class knows its releases")
    }

    /// All of them.
    pub fn all(&self) -> &[Made] {
        &self.0
    }

    /// How their images behave.
    pub fn behaviours(&self, world: &World) -> Behaviours {
        let mut behaviours = Behaviours::default();
        let candidate = &self.number(Kind::Thermostat, 1).built;
        behaviours.declare(candidate.image_digest, world.candidate.clone());
        behaviours
    }
}

/// An image that differs from all others everywhere, so that no piece of one passes for a piece of another.
fn image(kind: Kind, version: &str) -> Vec<u8> {
    let text = match kind {
        Kind::Thermostat => version.to_owned(),
        Kind::Gateway => format!("gateway {version}"),
    };
    text.bytes().cycle().take(IMAGE_BYTES).collect()
}
