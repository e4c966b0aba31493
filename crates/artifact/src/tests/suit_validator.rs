//! A SUIT parser that we didn't write reads and verifies a release of ours.
//!
//! It looks at the first block only (any-of, where our devices demand all), calls ESP256 by its old
//! name ES256, and needs the key's id beside the key.

use cose_minicbor::cose_keys::{CoseAlg, CoseKey, CoseKeySetBuilder, Curve, KeyType};
use mainstay_trust::{DigestAlgorithm, Primitives as _, RustCrypto};
use suit_validator::SuitError;
use suit_validator::crypto::CoseCrypto;
use suit_validator::handler::{PairView, SuitSharedSequenceHandler, SuitStartHandler};
use suit_validator::suit_manifest::{
    HashAlg, SuitCondition, SuitEnvelope, SuitManifest, SuitSharedCommand,
};

use super::fixture;
use crate::signer::{FakeSigner, Signer as _};

/// What the foreign parser found.
#[derive(Debug, Default, PartialEq)]
struct Found {
    sequence: u64,
    vendor_id: Vec<u8>,
    class_id: Vec<u8>,
    digest: Vec<u8>,
    size: u64,
    conditions: usize,
    integrated_payload: bool,
}

impl SuitStartHandler for Found {
    fn on_envelope<'a>(&mut self, envelope: SuitEnvelope<'a>) -> Result<(), SuitError> {
        let manifest = envelope.manifest.get()?;
        self.sequence = manifest.sequence_number;
        self.integrated_payload = envelope.payload.is_some();
        let common = manifest.common.get()?;
        common
            .shared_seq
            .expect("a shared sequence")
            .get()?
            .decode_and_dispatch(self)
    }

    fn on_manifest<'a>(&mut self, _: SuitManifest<'a>) -> Result<(), SuitError> {
        panic!("an envelope was expected, not a bare manifest")
    }
}

impl SuitSharedSequenceHandler for Found {
    fn on_conditions<'a>(
        &mut self,
        conditions: impl Iterator<Item = PairView<'a, SuitCondition>>,
    ) -> Result<(), SuitError> {
        self.conditions = conditions.count();
        Ok(())
    }

    fn on_commands<'a>(
        &mut self,
        commands: impl Iterator<Item = PairView<'a, SuitSharedCommand<'a>>>,
    ) -> Result<(), SuitError> {
        for command in commands {
            let SuitSharedCommand::OverrideParameters(parameters) = command.get()? else {
                continue;
            };
            let digest = parameters
                .image_digest
                .as_ref()
                .expect("an image digest")
                .get()?;
            assert!(matches!(digest.hash_alg, HashAlg::Sha256));
            self.digest = digest.bytes.to_vec();
            self.vendor_id = parameters.vendor_identifier.expect("a vendor id").to_vec();
            self.class_id = parameters.class_identifier.expect("a class id").to_vec();
            self.size = parameters.image_size.expect("an image size");
        }
        Ok(())
    }
}

/// Lets the foreign parser verify `envelope` by the key of `signer`.
fn read(envelope: &[u8], signer: &FakeSigner) -> Result<Found, SuitError> {
    let (public, kid) = (signer.public_key(), signer.key_id());
    let (x, y) = public.bytes()[1..].split_at(32);
    let mut key = CoseKey::new(KeyType::Ec2);
    key.alg(CoseAlg::ES256);
    key.kid(&kid.0);
    key.crv(Curve::P256).unwrap();
    key.x(x).unwrap();
    key.y(y).unwrap();
    let mut keys = CoseKeySetBuilder::<200>::try_new().unwrap();
    keys.push_key(key).unwrap();
    let keys = keys.into_bytes().unwrap();
    let mut found = Found::default();
    suit_validator::suit_decode(envelope, &mut found, &mut CoseCrypto::new(&keys))?;
    Ok(found)
}

#[test]
fn it_verifies_our_envelope_and_reads_what_we_wrote() {
    let class = fixture::request().class;
    let expected = Found {
        sequence: 2,
        vendor_id: class.vendor_id().to_vec(),
        class_id: class.class_id().to_vec(),
        digest: RustCrypto.digest(fixture::PAYLOAD).0.to_vec(),
        size: fixture::PAYLOAD.len() as u64,
        conditions: 2,
        integrated_payload: false,
    };
    assert_eq!(read(&fixture::signed(), &fixture::ana()).unwrap(), expected);
    assert_eq!(
        read(&fixture::approved(), &fixture::ana()).unwrap(),
        expected
    );
}

/// The SHA-384 is of the bytes that it hashes too, and has the number that it knows.
#[test]
fn it_verifies_what_is_bound_by_sha384() {
    let bound = fixture::approved_under(DigestAlgorithm::Sha384);
    let found = read(&bound, &fixture::ana()).unwrap();
    assert_eq!(found, read(&fixture::approved(), &fixture::ana()).unwrap());
    let mut changed = bound;
    let at = changed.windows(5).position(|window| window == b"1.1.0");
    changed[at.unwrap()] = b'9';
    assert!(read(&changed, &fixture::ana()).is_err());
}

#[test]
fn it_refuses_another_key_and_a_changed_manifest() {
    assert!(read(&fixture::approved(), &fixture::li()).is_err());
    let mut changed = fixture::approved();
    let at = changed
        .windows(5)
        .position(|window| window == b"1.1.0")
        .unwrap();
    changed[at] = b'9';
    assert!(read(&changed, &fixture::ana()).is_err());
}
