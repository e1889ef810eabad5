//! IP addresses and blocks of them.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Complaint;

/// An address, written without leading zeros.
pub(in super::super) fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// A block of addresses.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Cidr {
    /// The block.
    pub(in super::super) net: IpNet,
    /// Whether bits behind the prefix are set: `10.0.0.1/8`.
    pub(in super::super) has_host_bits: bool,
}

/// Reads a block of addresses.
pub(in super::super) fn cidr(text: &str) -> Result<Cidr, Complaint> {
    let net: IpNet = text
        .parse()
        .map_err(|_| "must be a block of addresses, such as `10.0.0.0/8` or `fd00::/8`")?;
    Ok(Cidr {
        net: net.trunc(),
        has_host_bits: net.trunc() != net,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_blocks_are_read() {
        for text in ["10.0.0.1", "::1", "fd00::1"] {
            assert!(address(text).is_some(), "{text}");
        }
        for text in ["", "10.0.0", "010.0.0.1", "10.0.0.256", "10.0.0.1/8", "fe80::1%eth0"] {
            assert!(address(text).is_none(), "{text}");
        }
        for (text, host_bits) in [
            ("10.0.0.0/8", false),
            ("10.0.0.1/8", true),
            ("0.0.0.0/0", false),
            ("fd00::/8", false),
        ] {
            assert_eq!(cidr(text).map(|c| c.has_host_bits), Ok(host_bits), "{text}");
        }
        for text in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "::/129"] {
            assert!(cidr(text).is_err(), "{text}");
        }
    }
}
