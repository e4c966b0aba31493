//! The root's bytes.
//!
//! ```text
//! { 1: version, 2: vendor, 3: environment, 4: issued, 5: expires,
//!   6: [* [kid, holder, algorithm, public key, state]],
//!   7: [6* [[* kid], threshold, [* algorithm], epoch]],
//!   8: [* [class id, [* role]]] }
//! state = [0] / [1, max sequence] / [2]         active, retired, revoked
//! ```

use crate::cbor::{self, Canonical};
use crate::decoder::Decoder;
use crate::document::Document;
use crate::encoder::Encoder;
use crate::fields::Fields;
use crate::key::{Algorithm, KeyId, PublicKey};
use crate::list::{Item, List};
use crate::refusal::Refusal;
use crate::root::{
    ALGORITHMS_MAX, CLASSES_MAX, ClassPolicy, KEYS_MAX, Key, KeyState, NAME_BYTES_MAX,
    ROLE_KEYS_MAX, ROOT_BYTES_MAX, Role, RoleRule, Root, is_holder,
};

/// The most roles: all there are.
const ROLES_MAX: u32 = Role::ALL.len() as u32;

impl<'a> Document<'a> for Root<'a> {
    const CONTENT_TYPE: &'static str = "application/vnd.mainstay.root+cbor";
    const ROLE: Role = Role::Root;
    const BYTES_MAX: usize = ROOT_BYTES_MAX;

    fn read(d: &mut Decoder<'a>) -> Self {
        let mut fields = Fields::open(d);
        let root = Root {
            version: fields.need(1).u32(),
            vendor: fields.need(2).str(),
            environment: fields.need(3).str(),
            issued: fields.need(4).u64(),
            expires: fields.need(5).u64(),
            keys: List::read(fields.need(6), KEYS_MAX),
            roles: List::read(fields.need(7), ROLES_MAX),
            policy: List::read(fields.need(8), CLASSES_MAX),
        };
        fields.end();
        root
    }

    /// Whether such a root is *valid* is asked by
    /// [`root_rules::check`](crate::root_rules::check).
    fn check(&self) -> Result<(), Refusal> {
        self.keys.check_within(KEYS_MAX)?;
        self.policy.check_within(CLASSES_MAX)?;
        for rule in self.roles.iter() {
            rule.keys.check_within(ROLE_KEYS_MAX)?;
            rule.required_algorithms.check_within(ALGORITHMS_MAX)?;
        }
        let plain = |name| cbor::is_plain_text(name, NAME_BYTES_MAX);
        let holders = self.keys.iter().all(|key| is_holder(key.holder));
        let lasts = self.issued < self.expires;
        let whole = self.roles.len() == Role::ALL.len();
        if plain(self.vendor) && plain(self.environment) && holders && lasts && whole {
            Ok(())
        } else {
            Err(Refusal::FieldInvalid)
        }
    }

    fn sequence(&self) -> u64 {
        self.version.into()
    }
}

impl Canonical for Root<'_> {
    fn write(&self, e: &mut Encoder<'_>) {
        e.map(8).int(1).uint(self.version.into());
        e.int(2).str(self.vendor).int(3).str(self.environment);
        e.int(4).uint(self.issued).int(5).uint(self.expires);
        self.keys.write(e.int(6));
        self.roles.write(e.int(7));
        self.policy.write(e.int(8));
    }
}

impl<'a> Item<'a> for Key<'a> {
    fn read(d: &mut Decoder<'a>) -> Self {
        d.array();
        let id = KeyId(*d.fixed());
        let holder = d.str();
        let algorithm = Algorithm::read(d);
        let public = PublicKey::new(algorithm, d.bytes()).unwrap_or_else(|_| {
            d.refuse(Refusal::FieldInvalid);
            PublicKey::NOBODYS
        });
        Key {
            id,
            holder,
            public,
            state: KeyState::read(d),
        }
    }

    fn write(&self, e: &mut Encoder<'_>) {
        self.id.write(e.array(5));
        e.str(self.holder);
        self.public.algorithm().write(e);
        self.state.write(e.bytes(self.public.bytes()));
    }
}

impl<'a> Item<'a> for KeyState {
    fn read(d: &mut Decoder<'a>) -> Self {
        d.array();
        let state = match d.u8() {
            0 => Some(KeyState::Active),
            1 => Some(KeyState::Retired {
                max_sequence: d.u64(),
            }),
            2 => Some(KeyState::Revoked),
            _ => None,
        };
        d.some_or(state, KeyState::Revoked)
    }

    fn write(&self, e: &mut Encoder<'_>) {
        match self {
            KeyState::Active => e.array(1).int(0),
            KeyState::Retired { max_sequence } => e.array(2).int(1).uint(*max_sequence),
            KeyState::Revoked => e.array(1).int(2),
        };
    }
}

impl<'a> Item<'a> for RoleRule<'a> {
    fn read(d: &mut Decoder<'a>) -> Self {
        d.array();
        RoleRule {
            keys: List::read(d, ROLE_KEYS_MAX),
            threshold: d.u8(),
            required_algorithms: List::read(d, ALGORITHMS_MAX),
            epoch: d.u32(),
        }
    }

    fn write(&self, e: &mut Encoder<'_>) {
        self.keys.write(e.array(4));
        self.required_algorithms
            .write(e.uint(self.threshold.into()));
        e.uint(self.epoch.into());
    }
}

impl<'a> Item<'a> for ClassPolicy<'a> {
    fn read(d: &mut Decoder<'a>) -> Self {
        d.array();
        ClassPolicy {
            class: *d.fixed(),
            roles: List::read(d, ROLES_MAX),
        }
    }

    fn write(&self, e: &mut Encoder<'_>) {
        self.roles.write(e.array(2).bytes(&self.class));
    }
}

impl<'a> Item<'a> for Role {
    fn read(d: &mut Decoder<'a>) -> Self {
        let role = Role::from_wire(d.u8());
        d.some_or(role, Role::Status)
    }

    fn write(&self, e: &mut Encoder<'_>) {
        e.uint(*self as u64);
    }
}
