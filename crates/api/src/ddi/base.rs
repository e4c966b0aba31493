//! What a poll is answered: when to ask again, and what there is to do. Read [`ControllerBase`] first.

use serde::{Deserialize, Serialize};

use super::{Link, Sleep};

/// The answer to a poll. `config` and `_links` are always there, the latter empty when there is nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControllerBase {
    config: Config,
    /// What there is to do, as addresses.
    #[serde(rename = "_links")]
    pub links: BaseLinks,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Config {
    polling: Polling,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Polling {
    sleep: Sleep,
}

impl ControllerBase {
    /// Sleep so long, and then: that.
    pub fn new(sleep: Sleep, links: BaseLinks) -> Self {
        let config = Config {
            polling: Polling { sleep },
        };
        Self { config, links }
    }

    /// How long until the next poll.
    pub fn sleep(&self) -> Sleep {
        self.config.polling.sleep
    }
}

/// The one thing that a device is asked to do about updates: clients look for one of these, and only the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Install this.
    Deployment(Link),
    /// Stop installing this.
    Cancel(Link),
    /// Ask your owner about this.
    Confirmation(Link),
}

/// The addresses of a poll's answer; at most one of the first three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BaseLinks {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deployment_base: Option<Link>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancel_action: Option<Link>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confirmation_base: Option<Link>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    installed_base: Option<Link>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    config_data: Option<Link>,
}

impl BaseLinks {
    /// `installed`: what was installed last; `config_data`: only while attributes are wanted, since Zephyr sends them at each
    /// poll that shows it.
    pub fn new(errand: Option<Errand>, installed: Option<Link>, config_data: Option<Link>) -> Self {
        let mut links = Self {
            installed_base: installed,
            config_data,
            ..Self::default()
        };
        match errand {
            Some(Errand::Deployment(link)) => links.deployment_base = Some(link),
            Some(Errand::Cancel(link)) => links.cancel_action = Some(link),
            Some(Errand::Confirmation(link)) => links.confirmation_base = Some(link),
            None => {}
        }
        links
    }
}
