//! The client's address, also behind proxies.

use std::net::IpAddr;

use anyhow::{Context, Result, bail};
use axum::http::HeaderMap;

/// Networks of the proxies that are believed.
pub struct Proxies(Vec<(IpAddr, u8)>);

impl Proxies {
    /// Reads addresses and CIDR blocks.
    pub fn parse(texts: &[String]) -> Result<Self> {
        texts.iter().map(|text| network(text)).collect::<Result<_>>().map(Self)
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|(network, prefix)| contains(*network, *prefix, ip))
    }

    /// The address of the client: the peer, unless it is a proxy of ours; then the last address in `X-Forwarded-For`
    /// that is not one.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let forwarded: Vec<IpAddr> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|part| part.trim().parse::<IpAddr>().map(|ip| ip.to_canonical()))
            // What stands left of something unreadable cannot be trusted: start again after it.
            .fold(Vec::new(), |mut known, ip| {
                match ip {
                    Ok(ip) => known.push(ip),
                    Err(_) => known.clear(),
                }
                known
            });
        for ip in forwarded.into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            client = ip;
        }
        client
    }
}

fn network(text: &str) -> Result<(IpAddr, u8)> {
    let (address, prefix) = text
        .split_once('/')
        .map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let address: IpAddr = address
        .parse()
        .with_context(|| format!("{text:?} is not an address or a CIDR block"))?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix {
        None => longest,
        Some(prefix) => prefix
            .parse()
            .with_context(|| format!("{text:?} is not a CIDR block"))?,
    };
    if prefix > longest {
        bail!("{text:?}: the prefix is at most {longest}");
    }
    Ok((address, prefix))
}

fn bits(ip: IpAddr) -> (u128, u32) {
    match ip {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)) << 96, 32),
        IpAddr::V6(ip) => (u128::from(ip), 128),
    }
}

fn contains(network: IpAddr, prefix: u8, ip: IpAddr) -> bool {
    let ((network, family), (ip, other)) = (bits(network), bits(ip));
    let mask = if prefix == 0 {
        0
    } else {
        u128::MAX << (128 - u32::from(prefix))
    };
    family == other && network & mask == ip & mask
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::Proxies;

    #[test]
    fn only_our_proxies_are_believed() {
        let proxies = Proxies::parse(&["10.0.0.0/8".into(), "fd00::/8".into()]).unwrap();
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "1.2.3.4, 203.0.113.9, 10.1.1.1".parse().unwrap());
        let client = |peer: &str, headers: &HeaderMap| proxies.client(peer.parse().unwrap(), headers).to_string();
        assert_eq!(client("10.9.9.9", &headers), "203.0.113.9");
        assert_eq!(client("::ffff:10.9.9.9", &headers), "203.0.113.9");
        assert_eq!(
            client("198.51.100.1", &headers),
            "198.51.100.1",
            "a stranger's header is nothing"
        );
        headers.append("x-forwarded-for", "unknown, 10.2.2.2".parse().unwrap());
        assert_eq!(client("10.9.9.9", &headers), "10.2.2.2");
        for wrong in ["10.0.0.0/33", "host", "10.0.0.0/x"] {
            assert!(Proxies::parse(&[wrong.into()]).is_err());
        }
    }
}
