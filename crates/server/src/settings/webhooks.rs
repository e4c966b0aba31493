//! The settings of who may be told by HTTP what happens. What they do stands in [`crate::webhooks`].

use super::table::{Need, Setting, put};
use super::values;
use crate::webhooks::WebhookNetworks;

pub(super) const KEY_FILE: Setting = Setting {
    name: "webhook_key_file",
    variable: "MAINSTAY_WEBHOOK_KEY_FILE",
    older: None,
    flag: "webhook-key-file",
    form: "FILE",
    need: Need::Optional,
    is_secret_file: true,
    what: "A file with the key that webhooks' secrets are encrypted with in the database: one line of 64 hexadecimal digits, the same at all servers \
           that share it. Without it there are no webhooks.",
    take: |settings, given| {
        put(
            &mut settings.webhook_key_file,
            values::path(given).map(Some),
        )
    },
};

pub(super) const NETWORKS: Setting = Setting {
    name: "webhook_networks",
    variable: "MAINSTAY_WEBHOOK_NETWORKS",
    older: None,
    flag: "webhook-networks",
    form: "NETWORKS",
    need: Need::Optional,
    is_secret_file: false,
    what: "Networks that aren't public and that webhooks may reach all the same, as 10.2.0.0/16; an address of this machine that is among them \
           may be reached over http, too.",
    take: |settings, given| {
        put(
            &mut settings.webhook_networks,
            WebhookNetworks::read(given.text),
        )
    },
};
