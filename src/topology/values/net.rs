//! Addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::Invalid;

/// A range of addresses in CIDR notation, without host bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(IpNet);

impl Cidr {
    /// The range that holds one address.
    pub fn single(address: IpAddr) -> Self {
        Self(IpNet::from(address))
    }

    /// The first address after the range's own: where Kubernetes puts the Service `kubernetes` in the range of Services.
    pub fn first_host(self) -> IpAddr {
        // Of version 6, a range's own address counts as a host; Kubernetes gives it to nobody.
        let own = self.0.network();
        self.0.hosts().find(|host| *host != own).unwrap_or(own)
    }

    /// Whether the address is in the range.
    pub fn holds(self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether the two share an address.
    pub fn overlaps(self, other: Self) -> bool {
        self.0.contains(&other.0) || other.0.contains(&self.0)
    }

    /// Whether it is a range of version 6.
    pub fn is_ipv6(self) -> bool {
        matches!(self.0, IpNet::V6(_))
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Cidr {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let net = text.parse::<IpNet>().map_err(|_| {
            let mend = match text.parse::<IpAddr>() {
                Ok(address) => format!("write `{}` for this one address", IpNet::from(address)),
                Err(_) => "write an address, a slash and a prefix length, such as `10.20.0.0/16`".to_owned(),
            };
            Invalid::new(format!("`{text}` is not a CIDR"), mend)
        })?;
        if net.addr() != net.network() {
            return Err(Invalid::new(
                format!("`{text}` names an address inside its range"),
                format!("write `{}`, the range itself", net.trunc()),
            ));
        }
        Ok(Self(net))
    }
}

/// The Kubernetes API server: host and port of an `https` address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiServer {
    host: String,
    port: u16,
}

impl ApiServer {
    /// The port, 443 where none was written.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host, where it is an address.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }
}

impl fmt::Display for ApiServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}:{}", self.host, self.port)
    }
}

impl FromStr for ApiServer {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let url: HttpsUrl = text.parse()?;
        if !url.path().is_empty() {
            return Err(Invalid::new(
                format!("`{text}` has a path after the port"),
                format!("write `https://{}:{}`", url.host, url.port),
            ));
        }
        Ok(Self {
            host: url.host,
            port: url.port,
        })
    }
}

/// An `https` address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpsUrl {
    text: String,
    host: String,
    port: u16,
}

impl HttpsUrl {
    /// As it was written, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Host name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, 443 where none was written.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn path(&self) -> &str {
        let after_scheme = &self.text["https://".len()..];
        after_scheme.find('/').map_or("", |at| &after_scheme[at..])
    }
}

impl FromStr for HttpsUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = |problem: &str| {
            Invalid::new(
                format!("`{text}` {problem}"),
                "write it like `https://name.example.org` or `https://10.0.0.10:6443`",
            )
        };
        let rest = text
            .strip_prefix("https://")
            .ok_or_else(|| invalid("is not an https address"))?;
        let authority = rest.split('/').next().unwrap_or_default();
        if authority.contains('@') {
            return Err(invalid("carries a user name or password, which never stand in a file"));
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !host.ends_with(']') || host.starts_with('[') => (
                host,
                port.parse::<u16>()
                    .ok()
                    .filter(|p| *p > 0)
                    .ok_or_else(|| invalid("has no valid port"))?,
            ),
            _ => (authority, 443),
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_name = !host.is_empty()
            && host
                .split('.')
                .all(|l| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
        if bare.parse::<IpAddr>().is_err() && !is_name {
            return Err(invalid("has no valid host"));
        }
        if text.contains(['?', '#', ' ']) {
            return Err(invalid("has a query, a fragment or a space"));
        }
        Ok(Self {
            text: text.trim_end_matches('/').to_owned(),
            host: host.to_owned(),
            port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiServer, Cidr, HttpsUrl};

    #[test]
    fn a_cidr_names_a_range_not_an_address_in_it() {
        assert!("10.20.0.0/16".parse::<Cidr>().is_ok());
        assert_eq!(
            "10.20.1.2/16".parse::<Cidr>().unwrap_err().mend,
            "write `10.20.0.0/16`, the range itself"
        );
        assert_eq!(
            "10.0.0.1".parse::<Cidr>().unwrap_err().mend,
            "write `10.0.0.1/32` for this one address"
        );
    }

    #[test]
    fn the_first_host_is_where_the_service_kubernetes_is() {
        let first = |t: &str| t.parse::<Cidr>().unwrap().first_host().to_string();
        assert_eq!(first("10.96.0.0/12"), "10.96.0.1");
        assert_eq!(first("fd00:96::/112"), "fd00:96::1");
    }

    #[test]
    fn overlap_is_seen_both_ways() {
        let (big, small, other) = ("10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/16");
        let cidr = |t: &str| t.parse::<Cidr>().unwrap();
        assert!(cidr(big).overlaps(cidr(small)) && cidr(small).overlaps(cidr(big)));
        assert!(!cidr(big).overlaps(cidr(other)));
    }

    #[test]
    fn api_servers_have_a_host_and_a_port() {
        let server: ApiServer = "https://10.0.0.10:6443".parse().unwrap();
        assert_eq!((server.host(), server.port()), ("10.0.0.10", 6443));
        let server: ApiServer = "https://[fd00::1]:6443".parse().unwrap();
        assert_eq!((server.host(), server.port()), ("[fd00::1]", 6443));
        for bad in [
            "http://a",
            "https://",
            "https://a:0",
            "https://a/b",
            "https://u:p@a",
            "https://a b",
        ] {
            assert!(bad.parse::<ApiServer>().is_err(), "{bad}");
        }
        assert_eq!(
            "https://s3.example.org/".parse::<HttpsUrl>().unwrap().as_str(),
            "https://s3.example.org"
        );
    }
}
