//! The scenarios: what a vendor publishes and a server offers, act by act, and how each act is to end.
//!
//! | scenario | acts |
//! |---|---|
//! | fresh-install | an empty device takes its first release |
//! | update | 1, then 2 |
//! | revert | 1; 2 fails its self-test |
//! | hang | 1; 2 hangs at once, and a watchdog restarts the device |
//! | confirm | 2 is on trial when the sweep begins, and is kept |
//! | over-failed | 2 is given up, then 3 is kept |
//! | superseded | half of 2 is fetched, then 3 is offered in its place |
//! | floor | 10 with floor 10 is given up; 3 is still fine; 11 with floor 11 is kept; the way back to 3 is closed |
//! | return | 2 is kept, then 1 again, which 2 names |
//! | root-rotation | three roots, in which everybody has an heir, and then 2 |
//! | revocation | 2 is withdrawn and refused, 3 is kept |
//! | impostors | of another class; approved by nobody; with another image; and then 2 |
//! | safe-mode | the only image is lost; the same release comes back |
//! | last-resort | 2 is kept and lost; 1 runs, and takes 2 again |
//!
//! With one slot alone nothing is left to go back to; so where a release is given up, the one before is offered
//! again, which a device with two slots runs already. Read [`Stage`].

use mainstay_trust::Refusal;

use crate::vendor::{Manner, Release, Size, Standing, Vendor, Wish};

/// A scenario by its name.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// Sets it up, for images of about this size.
    pub stage: fn(Size) -> Stage,
}

/// All scenarios.
pub const SCENARIOS: [Scenario; 14] = [
    scenario("fresh-install", fresh_install),
    scenario("update", update),
    scenario("revert", |size| given_up(size, Manner::Ill)),
    scenario("hang", |size| given_up(size, Manner::Hangs)),
    scenario("confirm", confirm),
    scenario("over-failed", over_failed),
    scenario("superseded", superseded),
    scenario("floor", floor),
    scenario("return", and_return),
    scenario("root-rotation", root_rotation),
    scenario("revocation", revocation),
    scenario("impostors", impostors),
    scenario("safe-mode", safe_mode),
    scenario("last-resort", last_resort),
];

const fn scenario(name: &'static str, stage: fn(Size) -> Stage) -> Scenario {
    Scenario { name, stage }
}

/// Everything that a scenario needs.
#[derive(Clone)]
pub struct Stage {
    /// Who signs.
    pub vendor: Vendor,
    /// Everything that is ever offered, and more.
    pub releases: Vec<Release>,
    /// What the factory put in, by index.
    pub factory: Option<usize>,
    /// What happens, in this order.
    pub acts: Vec<Act>,
}

/// What a server offers, until something has come of it.
#[derive(Debug, Clone, Copy)]
pub struct Act {
    /// The release that is offered, by index.
    pub offers: Option<usize>,
    /// Which papers are out.
    pub standing: Standing,
    /// Whether the confirmed image is damaged before.
    pub damages: bool,
    /// How it is to end.
    pub ends: Ends,
    /// Whether it only leads to where the sweep begins: nothing goes wrong in it.
    pub is_prelude: bool,
}

/// How an act is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// The release is kept.
    Runs(usize),
    /// The release is given up.
    GivesUp(usize),
    /// The release is refused.
    Refuses(usize, Refusal),
    /// The release is on trial.
    Tries(usize),
    /// Half of the release is fetched.
    HasHalf(usize),
}

fn act(offers: usize, ends: Ends) -> Act {
    Act {
        offers: Some(offers),
        standing: Standing {
            root_version: 1,
            revocations: 0,
        },
        damages: false,
        ends,
        is_prelude: false,
    }
}

fn runs(release: usize) -> Act {
    act(release, Ends::Runs(release))
}

fn gives_up(release: usize) -> Act {
    act(release, Ends::GivesUp(release))
}

fn refuses(release: usize, refusal: Refusal) -> Act {
    act(release, Ends::Refuses(release, refusal))
}

impl Act {
    fn as_prelude(self) -> Self {
        Self {
            is_prelude: true,
            ..self
        }
    }

    fn after_damage(self) -> Self {
        Self {
            damages: true,
            ..self
        }
    }

    fn under(self, root_version: u32, revocations: usize) -> Self {
        let standing = Standing {
            root_version,
            revocations,
        };
        Self { standing, ..self }
    }
}

fn stage(vendor: Vendor, releases: Vec<Release>, acts: Vec<Act>) -> Stage {
    Stage {
        vendor,
        releases,
        factory: Some(0),
        acts,
    }
}

fn healthy(sequence: u64, size: Size) -> Wish<'static> {
    Wish {
        sequence,
        size,
        ..Wish::default()
    }
}

/// Two healthy releases; the second is longer, and may be taken back to the first.
fn two(vendor: &Vendor, size: Size, manner: Manner) -> Vec<Release> {
    let first = vendor.release(&healthy(1, size));
    let wish = Wish {
        manner,
        returns_to: &[&first],
        ..healthy(2, size.longer())
    };
    let second = vendor.release(&wish);
    vec![first, second]
}

fn fresh_install(size: Size) -> Stage {
    let vendor = Vendor::founded();
    let releases = vec![vendor.release(&healthy(1, size))];
    Stage {
        factory: None,
        ..stage(vendor, releases, vec![runs(0)])
    }
}

fn update(size: Size) -> Stage {
    let vendor = Vendor::founded();
    let releases = two(&vendor, size, Manner::Healthy);
    stage(vendor, releases, vec![runs(1)])
}

fn given_up(size: Size, manner: Manner) -> Stage {
    let vendor = Vendor::founded();
    let releases = two(&vendor, size, manner);
    stage(vendor, releases, vec![gives_up(1), runs(0)])
}

fn confirm(size: Size) -> Stage {
    let vendor = Vendor::founded();
    let releases = two(&vendor, size, Manner::Healthy);
    let tried = act(1, Ends::Tries(1)).as_prelude();
    stage(vendor, releases, vec![tried, runs(1)])
}

fn over_failed(size: Size) -> Stage {
    let vendor = Vendor::founded();
    let mut releases = two(&vendor, size, Manner::Ill);
    releases.push(vendor.release(&healthy(3, size)));
    let failed = gives_up(1).as_prelude();
    stage(vendor, releases, vec![failed, runs(2)])
}

fn superseded(size: Size) -> Stage {
    let vendor = Vendor::founded();
    let mut releases = two(&vendor, size, Manner::Healthy);
    releases.push(vendor.release(&healthy(3, size)));
    let half = act(1, Ends::HasHalf(1));
    stage(vendor, releases, vec![half, runs(2)])
}

fn floor(size: Size) -> Stage {
    let vendor = Vendor::founded();
    let first = vendor.release(&healthy(1, size));
    let ill = vendor.release(&Wish {
        floor: 10,
        manner: Manner::Ill,
        ..healthy(10, size)
    });
    let third = vendor.release(&healthy(3, size));
    let raised = vendor.release(&Wish {
        floor: 11,
        returns_to: &[&third],
        ..healthy(11, size)
    });
    let acts = vec![
        gives_up(1),
        runs(2),
        runs(3),
        refuses(2, Refusal::BelowFloor),
    ];
    stage(vendor, vec![first, ill, third, raised], acts)
}

fn and_return(size: Size) -> Stage {
    let vendor = Vendor::founded();
    let releases = two(&vendor, size, Manner::Healthy);
    stage(vendor, releases, vec![runs(1).as_prelude(), runs(0)])
}

fn root_rotation(size: Size) -> Stage {
    let mut vendor = Vendor::founded();
    let first = vendor.release(&healthy(1, size));
    vendor.rotate();
    let second = vendor.release(&healthy(2, size));
    let acts = vec![runs(0).under(4, 0), runs(1).under(4, 0)];
    stage(vendor, vec![first, second], acts)
}

fn revocation(size: Size) -> Stage {
    let mut vendor = Vendor::founded();
    let first = vendor.release(&healthy(1, size));
    vendor.appoint_guardian();
    vendor.revoke(&[]);
    let second = vendor.release(&healthy(2, size));
    let third = vendor.release(&healthy(3, size));
    vendor.revoke(&[&second]);
    let acts = vec![
        runs(0).under(2, 1),
        refuses(1, Refusal::RevokedRelease).under(2, 2),
        runs(2).under(2, 2),
    ];
    stage(vendor, vec![first, second, third], acts)
}

fn impostors(size: Size) -> Stage {
    let vendor = Vendor::founded();
    let releases = two(&vendor, size, Manner::Healthy);
    let foreign = vendor.release(&Wish {
        group: "C",
        ..healthy(3, size)
    });
    let unapproved = vendor.build(&healthy(4, size));
    let mut changed = vendor.release(&healthy(5, size));
    // In the image for either slot, where there are two.
    for at in [7, changed.payload.len() - 7] {
        changed.payload[at] ^= 1;
    }
    changed.is_genuine = false;
    let acts = vec![
        refuses(2, Refusal::WrongClass),
        refuses(3, Refusal::ApprovalMissing),
        refuses(4, Refusal::PayloadDigest),
        runs(0),
        runs(1),
    ];
    stage(
        vendor,
        [releases, vec![foreign, unapproved, changed]].concat(),
        acts,
    )
}

fn safe_mode(size: Size) -> Stage {
    let vendor = Vendor::founded();
    let releases = vec![vendor.release(&healthy(1, size))];
    stage(vendor, releases, vec![runs(0).after_damage()])
}

fn last_resort(size: Size) -> Stage {
    let vendor = Vendor::founded();
    let releases = two(&vendor, size, Manner::Healthy);
    let acts = vec![runs(1).as_prelude(), runs(1).after_damage()];
    stage(vendor, releases, acts)
}
