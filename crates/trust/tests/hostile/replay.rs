//! A case, replayed as a device would live it: pinned root, next roots, revocations, offer, image.
//!
//! Nothing here allocates: all that it needs lies in the documents and on the stack.

use crate::scene::Facts;
use mainstay_trust::verify::{self, Verified};
use mainstay_trust::{
    Admitted, Authority, DeviceFacts, Freshness, List, Measuring, Offer, Refusal, Role, Root,
    RustCrypto, admit, check_payload,
};

/// The documents of a scene, read from their files.
#[derive(Default)]
pub struct Documents {
    pub given_roots: Vec<Vec<u8>>,
    pub given_revocations: Option<Vec<u8>>,
    pub roots: Vec<Vec<u8>>,
    pub revocations: Option<Vec<u8>>,
    pub envelope: Option<Vec<u8>>,
    pub status: Option<Vec<u8>>,
    pub bundle: Option<Vec<u8>>,
    pub schedule: Option<Vec<u8>>,
    pub image: Option<Vec<u8>>,
}

/// Lives through the scene; the first refusal ends it.
pub fn replay(documents: &Documents, device: &Facts) -> Result<(), Refusal> {
    let mut root = given_root(documents);
    let mut held = documents.given_revocations.as_ref().map(|signed| {
        verify::revocations(signed, &root, &RustCrypto).expect("what is given is believed")
    });
    let mut counters = device.counters;
    for signed in &documents.roots {
        let next = verify::next_root(signed, &root, &RustCrypto)?;
        counters.root_accepted(&root, &next);
        root = next;
    }
    // What was said in an epoch that has ended is void.
    let epoch = root.get().role(Role::Revocation).epoch;
    held = held.filter(|revocations| revocations.get().epoch == epoch);
    if let Some(signed) = &documents.revocations {
        let new = verify::revocations(signed, &root, &RustCrypto)?;
        new.get().check_follows(held.as_ref().map(Verified::get))?;
        counters.revocations_accepted(&new);
        held = Some(new);
    }
    let facts = DeviceFacts {
        device_id: &device.id,
        vendor_id: device.vendor,
        class_id: device.class,
        bootloader: device.bootloader,
        authority: Authority::new(&root, held.as_ref()),
        counters,
        confirmed: device.confirmed,
        returns_to: List::from(&device.returns_to[..]),
        nonce: device.nonce,
        clock: device.clock,
        slot_bytes: device.slot_bytes,
        bank: device.bank,
    };
    install(documents, &facts)
}

fn given_root(documents: &Documents) -> Verified<Root<'_>> {
    let [pinned, later @ ..] = &documents.given_roots[..] else {
        panic!("a device has a pinned root")
    };
    let pinned = verify::pinned_root(pinned, &RustCrypto).expect("what is given is believed");
    later.iter().fold(pinned, |root, signed| {
        verify::next_root(signed, &root, &RustCrypto).expect("what is given is believed")
    })
}

/// Where nothing is offered the story ends with the roots and revocations.
fn install(documents: &Documents, facts: &DeviceFacts<'_>) -> Result<(), Refusal> {
    let Some(envelope) = &documents.envelope else {
        return Ok(());
    };
    let offer = Offer {
        envelope,
        freshness: match &documents.bundle {
            Some(bundle) => Freshness::Bundle(bundle),
            None => Freshness::Status(documents.status.as_deref().unwrap_or_default()),
        },
        schedule: documents.schedule.as_deref(),
    };
    let admitted = admit(&offer, facts, &RustCrypto)?;
    documents
        .image
        .as_ref()
        .map_or(Ok(()), |image| receive(admitted, image))
}

fn receive(admitted: Admitted, image: &[u8]) -> Result<(), Refusal> {
    let mut measuring = Measuring::new(admitted.image().algorithm(), &RustCrypto);
    measuring.update(image);
    check_payload(admitted, &measuring.finish())
}
