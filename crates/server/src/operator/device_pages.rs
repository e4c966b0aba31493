//! Lists of devices, a page at a time: a fleet fits into no answer. Read [`page`].

use std::time::Duration;

use mainstay_api::DevicePage;
use mainstay_api::device::DEVICE_PAGE_MAX;
use mainstay_fleet::{Device, DeviceId, Query, ReleaseDigest};
use serde::Deserialize;
use tokio::time::Instant;

use crate::App;
use crate::problem::Refused;

/// So many devices are looked at for one page at most, if a query means few of them.
const LOOKED_AT_MAX: u32 = 10 * DEVICE_PAGE_MAX;

/// So many are read at once for a query: on a machine that has much to do some hundredths of a second.
const READ_AT_ONCE: u32 = 500;

/// No more of them are read once it took so long: on a machine that has much to do, whoever asks gets shorter pages and more of them, none of which keeps them
/// waiting, and which keep nobody else waiting either.
const LOOKS_FOR: Duration = Duration::from_millis(50);

/// The words of a list that is asked for by page alone.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    /// What the page before gave as its next one.
    pub after: Option<String>,
    /// How many at most.
    pub limit: Option<u32>,
}

/// Where a page begins, and how long it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageAsked {
    after: Option<DeviceId>,
    limit: u32,
}

impl PageAsked {
    /// As somebody asks for it; without a limit, as long as pages are.
    ///
    /// # Errors
    /// `devices.page` if there can't be such a page.
    pub(super) fn read(after: Option<&str>, limit: Option<u32>) -> Result<Self, Refused> {
        let after = after.map(DeviceId::new).transpose();
        let limit = limit.unwrap_or(DEVICE_PAGE_MAX);
        match after {
            Ok(after) if (1..=DEVICE_PAGE_MAX).contains(&limit) => Ok(Self { after, limit }),
            _ => Err(no_page()),
        }
    }
}

/// The refusal of a page that there can't be.
pub(super) fn no_page() -> Refused {
    Refused::bad(
        "devices.page",
        "There is no such page of a list of devices.",
        format_args!(
            "Say as `limit` a whole number from 1 to {DEVICE_PAGE_MAX}, and as `after` what the page before gave as `next`; or neither."
        ),
    )
}

/// Of which devices a list is.
#[derive(Clone, Copy)]
pub(super) enum Among<'a> {
    /// Of those that all of these mean.
    Meant(&'a [Query]),
    /// Of those that run this release, by their own word.
    Running(&'a ReleaseDigest),
}

/// A page of a list, in the order of the devices' names. Whatever comes and goes meanwhile, a walk over all pages has no device twice.
///
/// # Errors
/// If the store fails.
pub(super) async fn page(
    app: &App,
    from: PageAsked,
    among: Among<'_>,
) -> Result<DevicePage, Refused> {
    let PageAsked { mut after, limit } = from;
    let (mut devices, mut looked_at) = (Vec::new(), 0);
    let (queries, running): (&[Query], _) = match among {
        Among::Meant(queries) => (queries, None),
        Among::Running(release) => (&[], Some(release)),
    };
    let now = app.now();
    let is_meant = |device: &Device| queries.iter().all(|query| query.matches(device, now));
    let begun = Instant::now();
    while looked_at == 0 || (looked_at < LOOKED_AT_MAX && begun.elapsed() < LOOKS_FOR) {
        let left = limit.saturating_sub(u32::try_from(devices.len()).unwrap_or(u32::MAX));
        let most = match queries {
            [] => left,
            _ => READ_AT_ONCE,
        };
        let mut read = app
            .store
            .devices_after(after.as_ref(), running, most)
            .await?;
        app.contacts.freshen(&mut read);
        let is_last = read.len() < most as usize;
        looked_at += most;
        for device in read {
            after = Some(device.id.clone());
            if !is_meant(&device) {
                continue;
            }
            devices.push(device);
            if devices.len() >= limit as usize {
                return Ok(DevicePage {
                    devices,
                    next: after,
                });
            }
        }
        if is_last {
            return Ok(DevicePage {
                devices,
                next: None,
            });
        }
    }
    Ok(DevicePage {
        devices,
        next: after,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_that_can_be_is_asked_for() {
        for (after, limit, can_be) in [
            (None, None, true),
            (Some("th-1"), Some(1), true),
            (Some("nobody-of-this-name"), Some(2000), true),
            (Some(""), None, false),
            (Some("th 1"), None, false),
            (None, Some(0), false),
            (None, Some(2001), false),
        ] {
            let read = PageAsked::read(after, limit);
            assert_eq!(read.is_ok(), can_be, "{after:?} {limit:?}");
        }
    }
}
