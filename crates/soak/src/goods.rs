//! The releases of a life: the factory's, the candidate, and one that follows it.

use mainstay_plan::Plan;
use mainstay_simulator::Behaviours;
use mainstay_simulator::demo::DemoError;
use mainstay_simulator::demo::cast::Cast;
use mainstay_simulator::demo::goods::{Order, Release, class_name, packed};
use mainstay_trust::Digest;

use crate::world::World;

/// Bytes of an image: more than a page of flash, so that an installation has many operations to cut.
const IMAGE_BYTES: usize = 5000;

/// A release as its builder signed it, and as it was approved.
pub struct Made {
    /// Signed by its builder.
    pub built: Release,
    /// Signed by both.
    pub approved: Release,
}

/// All of them, in their order; the first is the factory's.
pub struct Goods(Vec<Made>);

impl Goods {
    /// Packs, signs and approves them. Each may return to all before it.
    ///
    /// # Errors
    /// If one can't be packed or signed.
    pub fn made(plan: &Plan, cast: &Cast) -> Result<Self, DemoError> {
        let mut made: Vec<Made> = Vec::new();
        for (sequence, version) in (1..).zip(["1.0.0", "1.1.0", "1.2.0"]) {
            let before: Vec<Digest> = made.iter().map(|one| one.built.manifest).collect();
            let class = class_name(plan, &plan.classes[0])?;
            let image = image(version);
            let order = Order {
                class,
                version,
                sequence,
                returns_to: &before,
                image: &image,
            };
            let built = packed(&order)?.built(cast)?;
            let approved = built.clone().approved(cast, plan)?;
            made.push(Made { built, approved });
        }
        Ok(Self(made))
    }

    /// The one of this number, from 0.
    pub fn number(&self, number: usize) -> &Made {
        &self.0[number]
    }

    /// All of them.
    pub fn all(&self) -> &[Made] {
        &self.0
    }

    /// How their images behave.
    pub fn behaviours(&self, world: &World) -> Behaviours {
        let mut behaviours = Behaviours::default();
        behaviours.declare(self.0[1].built.image_digest, world.candidate.clone());
        behaviours
    }
}

/// An image that differs from all others everywhere, so that no piece of one passes for a piece of another.
fn image(version: &str) -> Vec<u8> {
    version.bytes().cycle().take(IMAGE_BYTES).collect()
}
