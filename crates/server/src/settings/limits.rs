//! The settings of how often anybody may ask. What they do stands in [`crate::flow`].

use super::table::{Need, Setting, put};
use super::values;

pub(super) const DEVICE: Setting = Setting {
    name: "limits.device",
    variable: "MAINSTAY_LIMITS_DEVICE",
    older: None,
    flag: "limits-device",
    form: "NUMBER",
    need: Need::Default("50"),
    is_secret_file: false,
    what: "How many requests one device may make in a second that aren't answered from memory and aren't for a \
           payload, and twenty seconds' worth at once; off for as many as it likes.",
    take: |settings, given| put(&mut settings.limits.device, values::rate(given)),
};

pub(super) const ADDRESS: Setting = Setting {
    name: "limits.address",
    variable: "MAINSTAY_LIMITS_ADDRESS",
    older: None,
    flag: "limits-address",
    form: "NUMBER",
    need: Need::Default("50"),
    is_secret_file: false,
    what: "How many wrong tokens one address may show in a second, and twenty seconds' worth at once, before \
           only known ones are heard from there; off for as many as it likes.",
    take: |settings, given| put(&mut settings.limits.address, values::rate(given)),
};
