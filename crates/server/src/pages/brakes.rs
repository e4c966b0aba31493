//! What roots, revocations, holds and damaged payloads ask of people, for the home page.

use jiff::Timestamp;
use mainstay_release::{Hold, HoldState, Release};
use mainstay_report::{Action, Attention};

use crate::refusals::sentence;
use crate::soundness::Damage;
use crate::standing::Standing;

/// That no device installs anything, if that is so.
pub(super) fn stopped(standing: &Standing, now: Timestamp) -> Option<Attention> {
    let withheld = standing.stops_installs(now)?;
    Some(Attention {
        sentence: format!(
            "No device installs anything, because {}.",
            withheld.reason(now)
        ),
        action: Action::Words {
            sentence: sentence(withheld.next()),
        },
    })
}

/// The holds that a second person is asked to release.
pub(super) fn asked(standing: &Standing) -> impl Iterator<Item = Attention> {
    standing.holds().iter().filter_map(asked_for)
}

fn asked_for(hold: &Hold) -> Option<Attention> {
    let HoldState::ReleaseAsked(asked) = &hold.state else {
        return None;
    };
    let Hold {
        release, reason, ..
    } = hold;
    Some(Attention {
        sentence: format!(
            "{} asks to release the hold on {release} ({reason}); somebody else must agree.",
            asked.by
        ),
        action: Action::Command {
            command: format!("mainstay hold release {release}"),
        },
    })
}

/// That the revocations will soon be stale.
pub(super) fn due(standing: &Standing, now: Timestamp) -> Option<Attention> {
    let due = standing.revocations_due(now)?;
    Some(Attention {
        sentence: format!(
            "The next revocations are due by {}; from then on no device installs anything.",
            due.strftime("%Y-%m-%d %H:%M UTC")
        ),
        action: Action::Command {
            command: "mainstay revoke publish FILE".to_owned(),
        },
    })
}

/// That no device is offered a release, because its payload is damaged.
pub(super) fn damaged(release: &Release, damage: &Damage) -> Attention {
    Attention {
        sentence: format!(
            "The payload of {} is damaged, and no device is offered it: {damage}. The same artifact, handed in again, mends it.",
            release.id
        ),
        action: Action::Command {
            command: format!("mainstay release add FILE --track {}", release.facts.track),
        },
    }
}
