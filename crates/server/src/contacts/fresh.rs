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
