//! Absolute addresses for a client, and the one place that spells the protocol's paths. Read [`Links`] first.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::ActionNumber;

/// The tenant that clients have built in: most can't be told another, and earlier Zephyr clients search an artifact's address for
/// these very letters.
pub const USUAL_TENANT: &str = "DEFAULT";

/// Zephyr keeps what follows the controller in a deployment's address in 50 bytes. The longest that is written here has 39.
pub const DEPLOYMENT_CHARS_MAX: usize = 49;

/// What stands in a path as it is: unreserved signs (RFC 3986, section 2.3), and the colon of a hardware address, which a
/// segment may hold (section 3.3). All else is escaped, also the plus of a version, which some readers take for a space.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

/// An address in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Absolute, percent-encoded.
    pub href: String,
}

impl Link {
    /// The address without scheme and host, with its query: what Zephyr keeps of it.
    pub fn path(&self) -> &str {
        let after_scheme = self.href.split_once("://").map_or("", |(_, rest)| rest);
        after_scheme
            .find('/')
            .map_or("", |slash| &after_scheme[slash..])
    }
}

/// Writes the links of one controller.
#[derive(Debug, Clone)]
pub struct Links {
    base: String,
}

impl Links {
    /// `origin` is where the client reaches the server, such as `https://updates.example`, without a slash at its end; `tenant` and `controller`
    /// as they are meant, not as they were sent.
    pub fn of(origin: &str, tenant: &str, controller: &str) -> Self {
        let (tenant, controller) = (escaped(tenant), escaped(controller));
        Self {
            base: format!("{origin}/{tenant}/controller/v1/{controller}"),
        }
    }

    /// What there is to install. `change` differs when what is said of it differs: see [`super::change_hash`].
    pub fn deployment(&self, number: ActionNumber, change: i32) -> Link {
        self.to(&format!("deploymentBase/{number}?c={change}"))
    }

    /// What is to be cancelled.
    pub fn cancel(&self, number: ActionNumber) -> Link {
        self.to(&format!("cancelAction/{number}"))
    }

    /// What was installed last.
    pub fn installed(&self, number: ActionNumber) -> Link {
        self.to(&format!("installedBase/{number}"))
    }

    /// Where attributes are sent to.
    pub fn config_data(&self) -> Link {
        self.to("configData")
    }

    /// Where an owner's consent is asked for.
    pub fn confirmation_base(&self) -> Link {
        self.to("confirmationBase")
    }

    /// What an owner's consent is asked for.
    pub fn confirmation(&self, number: ActionNumber, change: i32) -> Link {
        self.to(&format!("confirmationBase/{number}?c={change}"))
    }

    /// Where an owner says yes to all that comes.
    pub fn activate_auto_confirm(&self) -> Link {
        self.to("confirmationBase/activateAutoConfirm")
    }

    /// Where an owner takes that back.
    pub fn deactivate_auto_confirm(&self) -> Link {
        self.to("confirmationBase/deactivateAutoConfirm")
    }

    /// The bytes of a file.
    pub fn artifact(&self, module: u64, file: &str) -> Link {
        let file = escaped(file);
        self.to(&format!("softwaremodules/{module}/artifacts/{file}"))
    }

    /// The MD5 of a file, as a line.
    pub fn md5sum(&self, module: u64, file: &str) -> Link {
        let file = escaped(file);
        self.to(&format!("softwaremodules/{module}/artifacts/{file}.MD5SUM"))
    }

    fn to(&self, rest: &str) -> Link {
        Link {
            href: format!("{}/{rest}", self.base),
        }
    }
}

fn escaped(segment: &str) -> String {
    utf8_percent_encode(segment, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: u32) -> ActionNumber {
        ActionNumber::try_from(number).expect("a number of an action")
    }

    #[test]
    fn ids_and_names_are_escaped_once() {
        for (controller, file, path) in [
            (
                "dev-1",
                "gw-1.4.2.swu",
                "/DEFAULT/controller/v1/dev-1/softwaremodules/40/artifacts/gw-1.4.2.swu",
            ),
            (
                "02:00:5e:10:00:01",
                "a+b.bin",
                "/DEFAULT/controller/v1/02:00:5e:10:00:01/softwaremodules/40/artifacts/a%2Bb.bin",
            ),
            (
                "a b%2F?#",
                "ü/..",
                "/DEFAULT/controller/v1/a%20b%252F%3F%23/softwaremodules/40/artifacts/%C3%BC%2F..",
            ),
        ] {
            let link = Links::of("https://h:8443", USUAL_TENANT, controller).artifact(40, file);
            assert_eq!(link.href, format!("https://h:8443{path}"));
            assert_eq!(link.path(), path);
        }
    }

    #[test]
    fn the_longest_deployment_fits_what_zephyr_keeps() {
        let link =
            Links::of("https://h", USUAL_TENANT, "d").deployment(number(2_147_483_647), i32::MIN);
        let (_, rest) = link
            .href
            .split_once("/v1/d/")
            .expect("a controller's address");
        assert_eq!(rest, "deploymentBase/2147483647?c=-2147483648");
        assert!(rest.len() <= DEPLOYMENT_CHARS_MAX);
    }
}
