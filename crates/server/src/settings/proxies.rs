//! The networks of the proxies before a server: whose word about a client's address is believed.

use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;

use super::finding::Wrong;
use super::values::{Given, quoted};

/// Most networks: each is looked at for each address on the way of an attempt to sign in.
const NETWORKS_MAX: usize = 32;

/// Networks, parted by commas: none unless somebody says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Whether an address is in one of them. An IPv4 address that is written as one of IPv6 is the same.
    pub fn include(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether none was named.
    pub fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The networks in a text that isn't a setting's.
    pub(crate) fn read(text: &str) -> Result<Self, Wrong> {
        let base = Path::new("");
        Self::parse(Given { text, base })
    }

    pub(super) fn parse(given: Given<'_>) -> Result<Self, Wrong> {
        let networks = given
            .text
            .split(',')
            .map(|text| network(text.trim()))
            .collect::<Result<Vec<IpNet>, Wrong>>()?;
        if networks.len() > NETWORKS_MAX {
            let what = format!("names more than {NETWORKS_MAX} networks");
            return Err(Wrong::new(
                what,
                "name larger networks in place of many small ones",
            ));
        }
        Ok(Self(networks))
    }
}

/// A network, or an address that is the only one of its own.
fn network(text: &str) -> Result<IpNet, Wrong> {
    let wrong = |why: &str| {
        let what = format!("names {}, {why}", quoted(text));
        Wrong::new(
            what,
            "write addresses and networks, as 127.0.0.1, 10.2.0.0/16, 2001:db8:7::/48",
        )
    };
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address.to_canonical()));
    }
    let network: IpNet = text.parse().map_err(|_| wrong("which is no network"))?;
    // Whoever slips here trusts more than they meant to, so nothing is rounded.
    if network.trunc() != network {
        return Err(wrong("which has bits beside its network"));
    }
    match network.prefix_len() {
        0 => Err(wrong("which is everybody")),
        _ => Ok(network),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<TrustedProxies, Wrong> {
        let base = Path::new("");
        TrustedProxies::parse(Given { text, base })
    }

    #[test]
    fn what_lies_in_a_network_is_included() {
        let proxies = parse("127.0.0.1, 10.2.0.0/16,2001:db8:7::/48").unwrap();
        for (address, included) in [
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("10.2.255.255", true),
            ("10.3.0.0", false),
            ("::ffff:10.2.0.9", true),
            ("2001:db8:7:1::5", true),
            ("2001:db8:8::5", false),
        ] {
            let found = proxies.include(address.parse().unwrap());
            assert_eq!(found, included, "{address}");
        }
        assert!(!TrustedProxies::default().include("127.0.0.1".parse().unwrap()));
        let mapped = parse("::ffff:192.0.2.7").unwrap();
        assert!(mapped.include("192.0.2.7".parse().unwrap()));
    }

    #[test]
    fn a_slip_is_refused_and_nothing_is_rounded() {
        let many = vec!["10.0.0.1"; NETWORKS_MAX + 1].join(",");
        for wrong in [
            "",
            "127.0.0.1,",
            "proxy.example",
            "10.2.3.4/16",
            "0.0.0.0/0",
            "::/0",
            "10.0.0.0/33",
            "10.0.0.0 10.0.0.1",
            &many,
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
