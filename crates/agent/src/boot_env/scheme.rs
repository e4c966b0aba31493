//! Which variables say which slot is started, and how often it may be tried. The boot loader's scripts that go
//! with them stand in `docs/agent.md`.
//!
//! [`Scheme::Order`], as RAUC's scripts for U-Boot and Barebox know it:
//!
//! | variable | says |
//! |---|---|
//! | `BOOT_ORDER` | the slots, such as `B A`: the first that has tries left is started, and no other slot ever |
//! | `BOOT_A_LEFT`, `BOOT_B_LEFT` | tries left; the boot loader takes one before each start |
//!
//! A slot that is written to isn't in the order. Until an image in it is whole and verified, whatever lies there may be
//! anything, also what a conquered server sent; and a boot loader that has nothing better would start it.
//!
//! [`Scheme::Count`], as U-Boot's own boot counter knows it:
//!
//! | variable | says |
//! |---|---|
//! | `mainstay_slot` | the slot to be started, `a` or `b` |
//! | `upgrade_available` | 1 while it is on trial, else 0 |
//! | `bootcount` | starts of it so far; the boot loader counts while `upgrade_available` is 1 |
//! | `bootlimit` | starts that it gets; beyond, the boot loader starts the other slot |

use mainstay_device::Slot;

use super::Variables;

/// Tries of a slot that is kept: the agent gives them back whenever it starts.
pub const SETTLED_TRIES: u8 = 3;

/// Which variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `BOOT_ORDER` and tries left.
    Order,
    /// `bootcount` and its limit.
    Count,
}

impl Scheme {
    /// What makes a boot loader try a slot next, `boots` times at most.
    #[must_use]
    pub fn arm(self, slot: Slot, boots: u8) -> Vec<(String, String)> {
        match self {
            Self::Order => vec![
                ("BOOT_ORDER".to_owned(), order(slot)),
                (left(slot), boots.to_string()),
                (left(slot.other()), SETTLED_TRIES.to_string()),
            ],
            Self::Count => count(slot, true, boots),
        }
    }

    /// What keeps it from ever starting a slot, until that is armed.
    #[must_use]
    pub fn exclude(self, slot: Slot) -> Vec<(String, String)> {
        match self {
            Self::Order => vec![
                ("BOOT_ORDER".to_owned(), name(slot.other()).to_owned()),
                (left(slot), "0".to_owned()),
            ],
            // It knows another slot than the kept one only while that is tried.
            Self::Count => Vec::new(),
        }
    }

    /// What makes it start a slot from now on; a slot that is excluded stays so.
    #[must_use]
    pub fn settle(self, slot: Slot, variables: &Variables) -> Vec<(String, String)> {
        let order_now = variables.get("BOOT_ORDER").map_or("", String::as_str);
        let is_alone = order_now.trim() == name(slot);
        match self {
            Self::Order if is_alone => vec![(left(slot), SETTLED_TRIES.to_string())],
            Self::Order => vec![
                ("BOOT_ORDER".to_owned(), order(slot)),
                (left(slot), SETTLED_TRIES.to_string()),
            ],
            Self::Count => count(slot, false, SETTLED_TRIES),
        }
    }

    /// Whether `slot` was armed, and all its boots are used up.
    #[must_use]
    pub fn is_spent(self, slot: Slot, variables: &Variables) -> bool {
        let text = |name: &str| variables.get(name).map_or("", String::as_str);
        let number = |name: &str| text(name).parse::<u32>().unwrap_or(0);
        match self {
            Self::Order => text("BOOT_ORDER").starts_with(name(slot)) && number(&left(slot)) == 0,
            Self::Count => {
                text("mainstay_slot").eq_ignore_ascii_case(name(slot))
                    && number("upgrade_available") == 1
                    && number("bootcount") > number("bootlimit")
            }
        }
    }
}

/// `A` or `B`.
#[must_use]
pub fn name(slot: Slot) -> &'static str {
    match slot {
        Slot::A => "A",
        Slot::B => "B",
    }
}

/// The slot of this name, in either case.
#[must_use]
pub fn parse(text: &str) -> Option<Slot> {
    [Slot::A, Slot::B]
        .into_iter()
        .find(|slot| text.eq_ignore_ascii_case(name(*slot)))
}

fn order(first: Slot) -> String {
    format!("{} {}", name(first), name(first.other()))
}

fn left(slot: Slot) -> String {
    format!("BOOT_{}_LEFT", name(slot))
}

fn count(slot: Slot, on_trial: bool, limit: u8) -> Vec<(String, String)> {
    [
        ("mainstay_slot", name(slot).to_ascii_lowercase()),
        ("upgrade_available", u8::from(on_trial).to_string()),
        ("bootcount", "0".to_owned()),
        ("bootlimit", limit.to_string()),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot_env::Environment as _;
    use crate::boot_env::fake::FakeEnvironment;

    /// What the boot loader's script does, for each scheme: counts, and says which slot it starts.
    fn boot(scheme: Scheme, variables: &mut Variables) -> Slot {
        match scheme {
            Scheme::Order => {
                let order = variables["BOOT_ORDER"].clone();
                for slot in order.split(' ') {
                    let left = format!("BOOT_{slot}_LEFT");
                    let tries: u8 = variables[&left].parse().expect("a number");
                    if tries > 0 {
                        variables.insert(left, (tries - 1).to_string());
                        return parse(slot).expect("a slot");
                    }
                }
                for slot in order.split(' ') {
                    variables.insert(format!("BOOT_{slot}_LEFT"), "3".to_owned());
                }
                boot(scheme, variables)
            }
            Scheme::Count => {
                let slot = parse(&variables["mainstay_slot"]).expect("a slot");
                if variables["upgrade_available"] != "1" {
                    return slot;
                }
                let count: u8 = variables["bootcount"].parse().expect("a number");
                let limit: u8 = variables["bootlimit"].parse().expect("a number");
                variables.insert("bootcount".to_owned(), (count + 1).to_string());
                if count + 1 > limit {
                    slot.other()
                } else {
                    slot
                }
            }
        }
    }

    fn settle(scheme: Scheme, env: &mut FakeEnvironment, slot: Slot) {
        let changes = scheme.settle(slot, &env.variables);
        env.set(&changes).expect("sets");
    }

    #[test]
    fn a_slot_that_is_written_to_is_never_started_however_often_the_other_fails() {
        for scheme in [Scheme::Order, Scheme::Count] {
            let mut env = FakeEnvironment::default();
            // An update was kept, so that both slots have tries; the next one is being fetched.
            env.set(&scheme.arm(Slot::A, 3)).expect("sets");
            settle(scheme, &mut env, Slot::A);
            env.set(&scheme.exclude(Slot::B)).expect("sets");
            for round in 0..12 {
                // The agent comes up now and then.
                if round % 5 == 4 {
                    settle(scheme, &mut env, Slot::A);
                }
                assert_eq!(boot(scheme, &mut env.variables), Slot::A, "{scheme:?}");
            }
            env.set(&scheme.arm(Slot::B, 2)).expect("sets");
            assert_eq!(boot(scheme, &mut env.variables), Slot::B, "{scheme:?}");
            settle(scheme, &mut env, Slot::B);
            assert_eq!(boot(scheme, &mut env.variables), Slot::B, "{scheme:?}");
        }
    }

    #[test]
    fn an_armed_slot_is_tried_so_often_and_then_spent() {
        for scheme in [Scheme::Order, Scheme::Count] {
            let mut env = FakeEnvironment::default();
            settle(scheme, &mut env, Slot::A);
            env.set(&scheme.arm(Slot::B, 3)).expect("sets");
            for _ in 0..3 {
                assert!(!scheme.is_spent(Slot::B, &env.variables), "{scheme:?}");
                assert_eq!(boot(scheme, &mut env.variables), Slot::B, "{scheme:?}");
            }
            assert_eq!(boot(scheme, &mut env.variables), Slot::A, "{scheme:?}");
            assert!(scheme.is_spent(Slot::B, &env.variables), "{scheme:?}");
            for _ in 0..5 {
                settle(scheme, &mut env, Slot::A);
                assert_eq!(boot(scheme, &mut env.variables), Slot::A, "{scheme:?}");
            }
        }
    }

    #[test]
    fn a_confirmed_slot_is_started_from_then_on() {
        for scheme in [Scheme::Order, Scheme::Count] {
            let mut env = FakeEnvironment::default();
            env.set(&scheme.arm(Slot::B, 1)).expect("sets");
            assert_eq!(boot(scheme, &mut env.variables), Slot::B);
            settle(scheme, &mut env, Slot::B);
            assert_eq!(boot(scheme, &mut env.variables), Slot::B);
            assert!(!scheme.is_spent(Slot::B, &env.variables));
        }
    }
}
