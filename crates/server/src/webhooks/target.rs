//! Where a webhook may lead. Read [`target`].

use std::net::{IpAddr, SocketAddr};

use mainstay_api::webhook::URL_BYTES_MAX;
use mainstay_api::webhook::address::is_public;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::problem::Refused;
use crate::settings::{TrustedProxies, Wrong};

/// The networks that aren't public and that webhooks may reach all the same: none unless somebody says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookNetworks(TrustedProxies);

impl WebhookNetworks {
    /// Networks, parted by commas.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(text: &str) -> Result<Self, Wrong> {
        TrustedProxies::read(text).map(Self)
    }

    /// Whether something may be told there.
    pub fn allow(&self, address: IpAddr) -> bool {
        is_public(address) || self.0.include(address)
    }
}

/// The name means no address at which anything may be told.
#[derive(Debug, thiserror::Error)]
#[error("it leads to no address that may be told anything")]
pub(crate) struct Forbidden;

/// Finds the addresses of a name, without those that may not be told.
pub(super) struct Resolver(pub WebhookNetworks);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let networks = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found
                .filter(|address| networks.allow(address.ip()))
                .collect();
            match allowed.is_empty() {
                true => Err(Forbidden.into()),
                false => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

/// The address to which something may be told. A name is looked up only when something is: it may mean another address by then.
///
/// # Errors
/// `webhooks.url` if it isn't one: anything but https (http to an address of this machine alone, if that is named in the setting), a name or a
/// password in it, an address that isn't public.
pub(crate) fn target(text: &str, networks: &WebhookNetworks) -> Result<Url, Refused> {
    let refused = |why: &str| {
        Refused::bad(
            "webhooks.url",
            format_args!("Nothing can be told there: {why}."),
            "Name an address that begins with https:// and is reached over the internet; whoever runs the server can name other networks in the \
             setting webhook_networks.",
        )
    };
    if text.len() > URL_BYTES_MAX {
        return Err(refused("the address is too long"));
    }
    let url = Url::parse(text).map_err(|_| refused("it is no address"))?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(refused(
            "a name, a password or a fragment is in the address",
        ));
    }
    let host = url.host_str().unwrap_or_default();
    let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    if literal.is_some_and(|address| !networks.allow(address)) {
        return Err(refused("the address isn't public"));
    }
    let is_here = literal.is_some_and(|address| address.to_canonical().is_loopback());
    match url.scheme() {
        _ if host.is_empty() => Err(refused("it names no host")),
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        _ => Err(refused("it doesn't begin with https")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_to_what_is_public_is_told_anything() {
        let none = WebhookNetworks::default();
        let here = WebhookNetworks::read("127.0.0.0/8, 10.2.0.0/16").expect("networks");
        let long = format!("https://hooks.example/{}", "x".repeat(URL_BYTES_MAX));
        for (url, by_default, where_named) in [
            ("https://hooks.example/mainstay?a=b", true, true),
            ("https://hooks.example:8443/", true, true),
            ("https://93.184.216.34/", true, true),
            ("https://[2606:2800:220:1::1]/", true, true),
            ("https://10.2.0.1/", false, true),
            ("https://10.3.0.1/", false, false),
            ("https://169.254.169.254/latest/meta-data", false, false),
            // However an address is written.
            ("https://0x7f.1/", false, true),
            ("https://2130706433/", false, true),
            ("https://[::ffff:169.254.169.254]/", false, false),
            ("https://[::1]/", false, false),
            ("http://127.0.0.1:8080/", false, true),
            ("http://10.2.0.1/", false, false),
            ("http://hooks.example/", false, false),
            ("http://localhost/", false, false),
            ("ftp://hooks.example/", false, false),
            ("file:///etc/passwd", false, false),
            ("https://kim:secret@hooks.example/", false, false),
            ("https://hooks.example/#part", false, false),
            ("https://", false, false),
            ("hooks.example", false, false),
            ("", false, false),
            (&*long, false, false),
        ] {
            assert_eq!(target(url, &none).is_ok(), by_default, "{url}");
            assert_eq!(target(url, &here).is_ok(), where_named, "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_found_only_where_that_is_named() {
        let name = || -> Name { "localhost".parse().expect("a name") };
        let none = Resolver(WebhookNetworks::default());
        let refused = none.resolve(name()).await.err().expect("it is here");
        assert!(refused.is::<Forbidden>());
        let here = WebhookNetworks::read("127.0.0.0/8, ::1").expect("networks");
        let found = Resolver(here).resolve(name()).await.expect("named");
        assert!(found.count() >= 1);
    }
}
