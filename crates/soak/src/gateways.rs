//! The second class of some worlds: gateways, whose release must come before that of the thermostats. Read [`Gateways`].

use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_simulator::{Dice, Home};

use crate::kind::Kind;
use crate::world::{Resident, Span, resident};

/// The stream of a seed's [`Dice`] from which they are drawn.
const STREAM: u64 = u64::MAX - 9;

/// One world in so many has gateways.
const ONE_IN: u64 = 4;

/// The gateways of a world, and how many percent of them come first.
pub struct Gateways {
    /// They are in reach, sooner or later, so that what waits for them comes to its end.
    pub residents: Vec<Resident>,
    /// 0 in a world without any.
    pub first_percent: u32,
}

impl Gateways {
    /// Those of a seed's world.
    pub fn drawn(seed: u64, start: Timestamp) -> Self {
        if seed % ONE_IN != 1 {
            return Self {
                residents: Vec::new(),
                first_percent: 0,
            };
        }
        let dice = &mut Dice::new(seed, STREAM);
        let mut span = Span { start, dice };
        let count = span.between(3, 6);
        Self {
            residents: (1..=count)
                .map(|number| gateway(&mut span, number))
                .collect(),
            first_percent: span.pick(&[50, 70, 100]),
        }
    }
}

fn gateway(span: &mut Span<'_>, number: u64) -> Resident {
    let like = resident(span, number, 3);
    Resident {
        kind: Kind::Gateway,
        home: Home {
            id: DeviceId::new(format!("{}-{number:02}", Kind::Gateway.prefix()))
                .expect("letters, a dash and digits"),
            ..like.home
        },
        in_its_box: false,
        gone_from: None,
        ..like
    }
}
