//! An independent SUIT processor verifies and reads our envelopes.
//!
//! It looks at the first signature only, so it can't judge our AND; it can judge the format.

use crate::people::{Person, engineer, good_envelope, manager, manifest};
use cose_minicbor::cose_keys::{CoseAlg, CoseKey, CoseKeySetBuilder, Curve, KeyType};
use std::cell::RefCell;
use suit_validator::crypto::CoseCrypto;
use suit_validator::handler::{
    GenericStartHandler, PairView, SuitSharedSequenceHandler, SuitStartHandler,
};
use suit_validator::suit_manifest::{SuitCondition, SuitEnvelope, SuitManifest, SuitSharedCommand};
use suit_validator::{SuitError, suit_decode};

/// Its key set names the older algorithm number for the same curve, and finds keys by it.
fn key_set(person: &Person) -> heapless::Vec<u8, 200> {
    let point = person.key.public.bytes();
    let mut key = CoseKey::new(KeyType::Ec2);
    key.alg(CoseAlg::ES256);
    key.crv(Curve::P256).unwrap();
    key.kid(&person.key.id.0);
    key.x(&point[1..33]).unwrap();
    key.y(&point[33..]).unwrap();
    let mut set = CoseKeySetBuilder::<200>::try_new().unwrap();
    set.push_key(key).unwrap();
    set.into_bytes().unwrap()
}

fn decode(bytes: &[u8], keys: &[u8], handler: &mut impl SuitStartHandler) -> Result<(), SuitError> {
    suit_decode(bytes, handler, &mut CoseCrypto::new(keys))
}

struct Shared(Vec<i64>);

impl SuitSharedSequenceHandler for Shared {
    fn on_conditions<'a>(
        &mut self,
        conditions: impl Iterator<Item = PairView<'a, SuitCondition>>,
    ) -> Result<(), SuitError> {
        conditions.for_each(|condition| self.0.push(condition.op()));
        Ok(())
    }

    fn on_commands<'a>(
        &mut self,
        mut commands: impl Iterator<Item = PairView<'a, SuitSharedCommand<'a>>>,
    ) -> Result<(), SuitError> {
        let ours = manifest();
        let only = commands.next().expect("one command").get()?;
        let SuitSharedCommand::OverrideParameters(read) = only else {
            panic!("another command")
        };
        assert_eq!(read.vendor_identifier, Some(&ours.vendor_id[..]));
        assert_eq!(read.class_identifier, Some(ours.class_id));
        assert_eq!(read.image_size, Some(u64::from(ours.image_bytes)));
        assert_eq!(
            read.image_digest.unwrap().get().unwrap().bytes,
            ours.image_digest.0
        );
        assert!(commands.next().is_none());
        Ok(())
    }
}

fn read_manifest(read: &SuitManifest<'_>) {
    assert_eq!(
        (read.version, read.sequence_number),
        (1, manifest().sequence)
    );
    let mut shared = Shared(Vec::new());
    let sequence = read.common.get().unwrap().shared_seq.unwrap();
    sequence
        .get()
        .unwrap()
        .decode_and_dispatch(&mut shared)
        .unwrap();
    assert_eq!(shared.0, [1, 2]);
}

#[test]
fn it_verifies_and_reads_our_envelope() {
    let seen = RefCell::new(false);
    let mut handler = GenericStartHandler {
        on_envelope: |envelope: &SuitEnvelope<'_>| {
            read_manifest(&envelope.manifest.get().unwrap());
            *seen.borrow_mut() = true;
        },
        on_manifest: |_: &SuitManifest<'_>| panic!("there is an envelope"),
    };
    decode(&good_envelope(), &key_set(&engineer()), &mut handler)
        .expect("a stock parser accepts it");
    assert!(seen.into_inner());
}

#[test]
fn it_refuses_another_key_and_another_byte() {
    let mut handler = GenericStartHandler {
        on_envelope: |_: &SuitEnvelope<'_>| panic!("it was accepted"),
        on_manifest: |_: &SuitManifest<'_>| panic!("it was accepted"),
    };
    assert!(decode(&good_envelope(), &key_set(&manager()), &mut handler).is_err());
    let mut changed = good_envelope();
    *changed.last_mut().unwrap() ^= 1;
    assert!(decode(&changed, &key_set(&engineer()), &mut handler).is_err());
}
