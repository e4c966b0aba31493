//! What a device of ours would check itself, for devices whose clients don't.
//!
//! A device of ours refuses a release that is older than what it runs, or that its boot loader is too old for. Another client installs what
//! it is shown. So here the server says no, by what it knows: what the device named last, and what people declared of it. Read [`unfit`].

use mainstay_fleet::Device;
use mainstay_rollout::{Kind, Offer, Rollout, Withheld};
use mainstay_trust::{BootloaderVersion, Refusal};

use crate::standing::Judgement;

/// Why the device would refuse what is offered to it, if it could; by the name that the same refusal has on devices.
pub(crate) fn unfit(
    device: &Device,
    rollout: &Rollout,
    offer: &Offer,
    judgement: &Judgement,
) -> Option<Withheld> {
    let runs = device.running.as_ref();
    let runs = runs.map_or(0, |running| running.sequence);
    let is_older = offer.kind == Kind::Forward && runs > rollout.candidate.sequence;
    let refusal = if is_older {
        Refusal::Downgrade
    } else if is_too_old(&device.bootloader, judgement.bootloader_min) {
        Refusal::BootloaderTooOld
    } else {
        return None;
    };
    let refusal = refusal.id().to_owned();
    Some(Withheld::Unfit { refusal })
}

/// Whether a boot loader of this declared version is older than the least. One that can't be read was declared before versions had a form; the plan's own
/// least version has been asked of it all the same, when the device was drawn.
fn is_too_old(declared: &str, least: BootloaderVersion) -> bool {
    let mut parts = declared.split('.').map(str::parse::<u16>);
    let mut part = || parts.next().and_then(Result::ok);
    let (Some(major), Some(minor), Some(patch)) = (part(), part(), part()) else {
        return false;
    };
    let declared = BootloaderVersion {
        major,
        minor,
        patch,
    };
    declared < least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_loader_is_compared_by_its_numbers() {
        let least = BootloaderVersion {
            major: 1,
            minor: 10,
            patch: 0,
        };
        for (declared, expected) in [
            ("1.9.9", true),
            ("1.10.0", false),
            ("2.0.0", false),
            ("0.99.99", true),
            ("unknown", false),
            ("1.9", false),
        ] {
            assert_eq!(is_too_old(declared, least), expected, "{declared}");
        }
    }
}
