//! The classes of devices that worlds have. Read [`Kind`].

/// Of which class a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What the stories are about.
    Thermostat,
    /// What thermostats speak through, in some worlds: their releases wait for its own.
    Gateway,
}

impl Kind {
    /// In the order in which a plan names them.
    pub const ALL: [Self; 2] = [Self::Thermostat, Self::Gateway];

    /// The class's name.
    pub fn class(self) -> &'static str {
        match self {
            Self::Thermostat => "thermo-v2",
            Self::Gateway => "gateway-v1",
        }
    }
}
