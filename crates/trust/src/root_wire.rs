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
use crate::fields::{Fields, read_array, read_bytes};
use crate::key::{Algorithm, KeyId, PublicKey};
use crate::refusal::Refusal;
use crate::root::{ClassPolicy, Key, KeyState, ROOT_BYTES_MAX, Role, RoleRule, Root};
use heapless::Vec;
use minicbor::encode::{Error, Write};
use minicbor::{Decoder, Encoder};

pub(crate) fn read(bytes: &[u8]) -> Result<Root<'_>, Refusal> {
    let mut d = cbor::decoder(bytes, ROOT_BYTES_MAX)?;
    let mut fields = Fields::open(&mut d)?;
    let root = Root {
        version: fields.need(1, |d| Ok(d.u32()?))?,
        vendor: fields.need(2, |d| Ok(d.str()?))?,
        environment: fields.need(3, |d| Ok(d.str()?))?,
        issued: fields.need(4, |d| Ok(d.u64()?))?,
        expires: fields.need(5, |d| Ok(d.u64()?))?,
        keys: fields.need(6, |d| read_array(d, read_key))?,
        roles: fields.need(7, read_roles)?,
        policy: fields.need(8, |d| read_array(d, read_policy))?,
    };
    fields.end()?;
    Ok(root)
}

fn read_key<'b>(d: &mut Decoder<'b>) -> Result<Key<'b>, Refusal> {
    d.array()?;
    let id = KeyId(*read_bytes(d)?);
    let holder = d.str()?;
    let algorithm = read_algorithm(d)?;
    let public = PublicKey::new(algorithm, d.bytes()?).map_err(|_| Refusal::FieldInvalid)?;
    Ok(Key {
        id,
        holder,
        public,
        state: read_state(d)?,
    })
}

fn read_algorithm(d: &mut Decoder<'_>) -> Result<Algorithm, Refusal> {
    Algorithm::from_cose_id(d.i32()?).ok_or(Refusal::ForeignProfile)
}

fn read_state(d: &mut Decoder<'_>) -> Result<KeyState, Refusal> {
    d.array()?;
    match d.u8()? {
        0 => Ok(KeyState::Active),
        1 => Ok(KeyState::Retired {
            max_sequence: d.u64()?,
        }),
        2 => Ok(KeyState::Revoked),
        _ => Err(Refusal::ForeignProfile),
    }
}

fn read_roles(d: &mut Decoder<'_>) -> Result<[RoleRule; 6], Refusal> {
    let rules: Vec<RoleRule, 6> = read_array(d, read_rule)?;
    rules.into_array().map_err(|_| Refusal::ForeignProfile)
}

fn read_rule(d: &mut Decoder<'_>) -> Result<RoleRule, Refusal> {
    d.array()?;
    Ok(RoleRule {
        keys: read_array(d, |d| Ok(KeyId(*read_bytes(d)?)))?,
        threshold: d.u8()?,
        required_algorithms: read_array(d, read_algorithm)?,
        epoch: d.u32()?,
    })
}

fn read_policy(d: &mut Decoder<'_>) -> Result<ClassPolicy, Refusal> {
    d.array()?;
    Ok(ClassPolicy {
        class: *read_bytes(d)?,
        roles: read_array(d, read_role)?,
    })
}

fn read_role(d: &mut Decoder<'_>) -> Result<Role, Refusal> {
    Role::from_wire(d.u8()?).ok_or(Refusal::ForeignProfile)
}

impl Canonical for Root<'_> {
    fn write<W: Write>(&self, e: &mut Encoder<W>) -> Result<(), Error<W::Error>> {
        e.map(8)?.u8(1)?.u32(self.version)?;
        e.u8(2)?.str(self.vendor)?.u8(3)?.str(self.environment)?;
        e.u8(4)?.u64(self.issued)?.u8(5)?.u64(self.expires)?;
        e.u8(6)?.array(self.keys.len() as u64)?;
        self.keys.iter().try_for_each(|key| write_key(e, key))?;
        e.u8(7)?.array(self.roles.len() as u64)?;
        self.roles.iter().try_for_each(|rule| write_rule(e, rule))?;
        e.u8(8)?.array(self.policy.len() as u64)?;
        self.policy
            .iter()
            .try_for_each(|policy| write_policy(e, policy))
    }
}

fn write_key<W: Write>(e: &mut Encoder<W>, key: &Key<'_>) -> Result<(), Error<W::Error>> {
    e.array(5)?.bytes(&key.id.0)?.str(key.holder)?;
    e.i32(key.public.algorithm().cose_id())?
        .bytes(key.public.bytes())?;
    match key.state {
        KeyState::Active => e.array(1)?.u8(0)?.ok(),
        KeyState::Retired { max_sequence } => e.array(2)?.u8(1)?.u64(max_sequence)?.ok(),
        KeyState::Revoked => e.array(1)?.u8(2)?.ok(),
    }
}

fn write_rule<W: Write>(e: &mut Encoder<W>, rule: &RoleRule) -> Result<(), Error<W::Error>> {
    e.array(4)?.array(rule.keys.len() as u64)?;
    for id in &rule.keys {
        e.bytes(&id.0)?;
    }
    e.u8(rule.threshold)?
        .array(rule.required_algorithms.len() as u64)?;
    for algorithm in &rule.required_algorithms {
        e.i32(algorithm.cose_id())?;
    }
    e.u32(rule.epoch)?.ok()
}

fn write_policy<W: Write>(e: &mut Encoder<W>, policy: &ClassPolicy) -> Result<(), Error<W::Error>> {
    e.array(2)?
        .bytes(&policy.class)?
        .array(policy.roles.len() as u64)?;
    for role in &policy.roles {
        e.u8(*role as u8)?;
    }
    Ok(())
}
