//! The home page: on a busy day, and before the first device.

use mainstay_report::{
    Action, Attention, Dashboard, DeviceTable, Fleet, Promise, PromiseState, RolloutCard, Target,
    VersionShare,
};

use super::devices::devices;
use super::incidents::incident_line;
use super::rollouts::{complete_card, halted_card, rolling_card};
use super::{at, frame};

pub fn fleet(shares: [(&str, u32, u32); 3]) -> Vec<VersionShare> {
    shares
        .map(|(version, verified, unverified)| VersionShare {
            version: version.into(),
            verified,
            unverified,
        })
        .to_vec()
}

/// Three things wait for someone.
pub fn dashboard() -> Dashboard {
    Dashboard {
        frame: frame(),
        needs_me: vec![
            Attention {
                sentence: "1.2.0 was halted in its canary: 2 of the first 6 devices scored \
                           failed their self-test."
                    .into(),
                action: Action::Link {
                    label: "Read INC-1".into(),
                    to: Target::Incident(1),
                },
            },
            Attention {
                sentence: "1.1.2 is signed by ana@northwind.example and waits for an approval."
                    .into(),
                action: Action::Command {
                    command: "mainstay release approve thermo-v2@1.1.2".into(),
                },
            },
            Attention {
                sentence: "2 devices have been offline for more than 72 hours.".into(),
                action: Action::Words {
                    sentence: "Ask the owners of th-0193 and th-0407.".into(),
                },
            },
        ],
        rollouts: vec![rolling_card(), halted_card(), complete_card()],
        fleet: Some(Fleet {
            versions: fleet([("1.2.0", 0, 4), ("1.1.0", 482, 11), ("1.0.0", 3, 0)]),
            devices: 500,
            reachable: 498,
            counted_at: None,
        }),
        rollouts_counted_at: None,
        counting_failed_at: None,
        incidents: vec![incident_line()],
        incidents_go_on: false,
        promises: Some(vec![
            Promise {
                name: "Monthly maintenance".into(),
                state: PromiseState::AtRisk,
                sentence: "Due today, the second Tuesday; nothing is scheduled.".into(),
            },
            Promise {
                name: "Security support of thermo-v2".into(),
                state: PromiseState::Kept,
                sentence: "Until 30 June 2032.".into(),
            },
        ]),
        devices: devices(),
    }
}

/// A server's first minutes.
pub fn quiet_dashboard() -> Dashboard {
    Dashboard {
        needs_me: vec![],
        rollouts: vec![],
        fleet: Some(Fleet {
            versions: vec![],
            devices: 0,
            reachable: 0,
            counted_at: None,
        }),
        rollouts_counted_at: None,
        incidents: vec![],
        incidents_go_on: false,
        promises: Some(vec![]),
        devices: DeviceTable {
            page: 1,
            ..DeviceTable::default()
        },
        ..dashboard()
    }
}

/// A large fleet, just after its server began.
pub fn uncounted_dashboard() -> Dashboard {
    let uncounted = RolloutCard {
        being_counted: true,
        waves: vec![],
        sprt: None,
        why_it_waits: vec![],
        next: None,
        ..halted_card()
    };
    Dashboard {
        rollouts: vec![uncounted],
        fleet: None,
        counting_failed_at: Some(at(1498)),
        promises: None,
        ..dashboard()
    }
}
