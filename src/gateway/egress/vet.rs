//! Which addresses may be dialled: those of the public internet, and nothing that only looks like one. Special ranges by the
//! registries of IANA; ranges that carry another address inside count as what they carry, and are refused as a whole where
//! whoever answers there decides what that is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address with the number of bits that count.
type Range4 = ([u8; 4], u32);

/// Everything of IPv4 that is not a host on the public internet.
const SPECIAL_4: [Range4; 19] = [
    ([0, 0, 0, 0], 8),        // This network.
    ([10, 0, 0, 0], 8),       // Private.
    ([100, 64, 0, 0], 10),    // Shared behind carriers; metadata of some clouds.
    ([127, 0, 0, 0], 8),      // Loopback.
    ([168, 63, 129, 16], 32), // The host of virtual machines in Azure.
    ([169, 254, 0, 0], 16),   // Link-local; metadata of most clouds.
    ([172, 16, 0, 0], 12),    // Private.
    ([192, 0, 0, 0], 24),     // Protocols; metadata of one cloud.
    ([192, 0, 2, 0], 24),     // Documentation.
    ([192, 31, 196, 0], 24),  // AS112.
    ([192, 52, 193, 0], 24),  // AMT.
    ([192, 88, 99, 0], 24),   // Relays of 6to4.
    ([192, 168, 0, 0], 16),   // Private.
    ([192, 175, 48, 0], 24),  // AS112.
    ([198, 18, 0, 0], 15),    // Benchmarks.
    ([198, 51, 100, 0], 24),  // Documentation.
    ([203, 0, 113, 0], 24),   // Documentation.
    ([224, 0, 0, 0], 4),      // Multicast.
    ([240, 0, 0, 0], 4),      // Reserved, broadcast.
];

/// Parts of the global unicast range of IPv6 that are not hosts on the public internet.
const SPECIAL_6: [(Ipv6Addr, u32); 6] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // Protocols, Teredo among them.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // Documentation.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4: carries an address of IPv4.
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // AS112.
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16), // The old test network.
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // Documentation.
];

/// Whether an address is one of the public internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_4(address),
        IpAddr::V6(address) => is_public_6(address),
    }
}

fn is_public_4(address: Ipv4Addr) -> bool {
    let bits = u32::from(address);
    !SPECIAL_4.iter().any(|(range, size)| {
        let mask = u32::MAX.checked_shl(32 - size).unwrap_or(0);
        bits & mask == u32::from(Ipv4Addr::from(*range))
    })
}

/// What is outside of `2000::/3` is no public host: loopback, mapped and translated addresses (`64:ff9b::`), local and
/// link-local ones, multicast, and what was never given out.
fn is_public_6(address: Ipv6Addr) -> bool {
    let bits = u128::from(address);
    let within = |range: Ipv6Addr, size: u32| {
        let mask = u128::MAX.checked_shl(128 - size).unwrap_or(0);
        bits & mask == u128::from(range)
    };
    within(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)
        && !SPECIAL_6.iter().any(|(range, size)| within(*range, *size))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_hosts_of_the_public_internet_are_dialled() {
        for address in
            ["1.1.1.1", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.128.0.1", "198.20.0.1", "223.255.255.254"]
                .into_iter()
                .chain(["2606:4700::1111", "2a00:1450:4001::8a", "2001:4860:4860::8888"])
        {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    proptest! {
        #[test]
        fn what_the_standard_library_knows_to_be_special_is_refused(bits: u32, high: u128) {
            let four = Ipv4Addr::from(bits);
            if four.is_private() || four.is_loopback() || four.is_link_local() || four.is_multicast()
                || four.is_broadcast() || four.is_documentation() || four.is_unspecified()
            {
                prop_assert!(!is_public(IpAddr::V4(four)));
            }
            // Whatever carries an address of IPv4 is refused.
            prop_assert!(!is_public(IpAddr::V6(four.to_ipv6_mapped())));
            prop_assert!(!is_public(IpAddr::V6(four.to_ipv6_compatible())));
            let translated = Ipv6Addr::from((0x0064_ff9b_u128 << 96) | u128::from(bits));
            prop_assert!(!is_public(IpAddr::V6(translated)));
            let six = Ipv6Addr::from(high);
            if six.is_loopback() || six.is_multicast() || six.is_unique_local() || six.is_unicast_link_local() {
                prop_assert!(!is_public(IpAddr::V6(six)));
            }
        }
    }
}
