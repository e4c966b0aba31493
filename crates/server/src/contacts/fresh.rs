//! What the store has of devices, with what is only in memory yet put into it. So nobody who looks waits until that is written, and it can
//! be written a little at a time. Read [`Contacts::freshen`].

use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId};
use mainstay_rollout::DeviceView;

use super::Contacts;

/// What is told of a device, and when that was last heard of is a part of it.
pub(crate) trait Seen {
    /// The device, and when it was last seen.
    fn seen(&mut self) -> (&DeviceId, &mut Option<Timestamp>);
}

impl Seen for Device {
    fn seen(&mut self) -> (&DeviceId, &mut Option<Timestamp>) {
        (&self.id, &mut self.last_seen)
    }
}

impl Seen for DeviceView {
    fn seen(&mut self) -> (&DeviceId, &mut Option<Timestamp>) {
        (&self.id, &mut self.last_seen)
    }
}

impl Contacts {
    /// Puts into each of `devices`, as the store has them, that it was heard of since. What other servers heard of them is there once they
    /// have written it: within seconds.
    pub fn freshen<'a, T: Seen + 'a>(&self, devices: impl IntoIterator<Item = &'a mut T>) {
        for device in devices {
            let (id, last_seen) = device.seen();
            *last_seen = (*last_seen).max(self.heard(id));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::contacts::Contact;

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
            let mut seen = OnlySeen(DeviceId::new("th-1").expect("a name"), stored);
            if let Some(heard) = heard {
                let contact: Arc<Contact> = contacts.with(&seen.0);
                contacts.hear(&contact, heard);
            }
            contacts.freshen([&mut seen]);
            assert_eq!(seen.1, expected, "{stored:?} {heard:?}");
        }
    }

    struct OnlySeen(DeviceId, Option<Timestamp>);

    impl Seen for OnlySeen {
        fn seen(&mut self) -> (&DeviceId, &mut Option<Timestamp>) {
            (&self.0, &mut self.1)
        }
    }
}
