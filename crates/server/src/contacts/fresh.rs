//! What the store has of devices, with what is only in memory yet put into it. So nobody who looks waits until that is written, and it can
//! be written a little at a time. Read [`Contacts::freshen`].

use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId, KeptInstant};
use mainstay_rollout::DeviceView;

use super::Contacts;

/// What is told of a device, and when that was last heard of is a part of it.
pub(crate) trait Seen {
    /// The device.
    fn id(&self) -> &DeviceId;

    /// It was heard of at `heard`, which counts if it is later than what is told.
    fn see(&mut self, heard: Timestamp);
}

impl Seen for Device {
    fn id(&self) -> &DeviceId {
        &self.id
    }

    fn see(&mut self, heard: Timestamp) {
        self.last_seen = self.last_seen.max(Some(heard));
    }
}

impl Seen for DeviceView {
    fn id(&self) -> &DeviceId {
        &self.id
    }

    fn see(&mut self, heard: Timestamp) {
        self.last_seen = self.last_seen().max(Some(heard)).map(KeptInstant::from);
    }
}

impl Contacts {
    /// Puts into each of `devices`, as the store has them, that it was heard of since. What other servers heard of them is there once they
    /// have written it: within seconds.
    pub fn freshen<'a, T: Seen + 'a>(&self, devices: impl IntoIterator<Item = &'a mut T>) {
        for device in devices {
            if let Some(heard) = self.heard(device.id()) {
                device.see(heard);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use mainstay_rollout::{Labels, Progress};

    use super::*;
    use crate::contacts::Contact;

    fn device(last_seen: Option<Timestamp>) -> Device {
        Device {
            id: DeviceId::new("th-1").expect("a name"),
            class: "thermostat".to_owned(),
            hardware: "B".to_owned(),
            zone: "America/Denver".to_owned(),
            bootloader: "1.4.0".to_owned(),
            registered_at: Timestamp::UNIX_EPOCH,
            last_seen,
            running: None,
            attributes: BTreeMap::new(),
        }
    }

    fn enrolled(last_seen: Option<Timestamp>) -> DeviceView {
        let mut labels = Labels::default();
        DeviceView {
            id: DeviceId::new("th-1").expect("a name"),
            hardware: labels.of("B"),
            site: None,
            zone: labels.of("America/Denver"),
            wave: 0,
            last_seen: last_seen.map(KeptInstant::from),
            progress: Progress::Waiting,
            running: None,
            before: None,
        }
    }

    /// What a device reports is in the store, and isn't noted here.
    #[test]
    fn the_later_word_counts_wherever_it_is() {
        let at = |second| Timestamp::from_second(second).ok();
        for (stored, heard, expected) in [
            (None, None, None),
            (at(5), None, at(5)),
            (None, at(7), at(7)),
            (at(5), at(7), at(7)),
            (at(9), at(7), at(9)),
        ] {
            let contacts = Contacts::default();
            let (mut device, mut enrolled) = (device(stored), enrolled(stored));
            if let Some(heard) = heard {
                let contact: Arc<Contact> = contacts.with(&device.id);
                contacts.hear(&contact, heard);
            }
            contacts.freshen([&mut device]);
            contacts.freshen([&mut enrolled]);
            assert_eq!(device.last_seen, expected, "{stored:?} {heard:?}");
            assert_eq!(enrolled.last_seen(), expected, "{stored:?} {heard:?}");
        }
    }
}
