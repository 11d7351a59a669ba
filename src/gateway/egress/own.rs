//! The addresses that this machine has itself. A name that leads to one of them leads inside, however public it looks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where the kernel tells its routes of IPv4 and its addresses of IPv6.
const ROUTES: &str = "/proc/net/fib_trie";
const ADDRESSES: &str = "/proc/net/if_inet6";

/// Whether an address is one of this machine's. What the kernel does not tell is taken for another's.
pub(super) fn is_ours(address: IpAddr) -> bool {
    let text = |path: &str| {
        std::fs::read_to_string(path).unwrap_or_else(|error| {
            tracing::warn!("{path} does not tell this machine's addresses: {error}");
            String::new()
        })
    };
    match address {
        IpAddr::V4(address) => of_routes(&text(ROUTES)).any(|ours| ours == address),
        IpAddr::V6(address) => of_addresses(&text(ADDRESSES)).any(|ours| ours == address),
    }
}

/// An address stands on a line of its own; the next line says whether it is local.
fn of_routes(text: &str) -> impl Iterator<Item = Ipv4Addr> {
    let lines = text.lines().zip(text.lines().skip(1));
    let local = lines.filter(|(_, next)| next.contains("/32 host LOCAL"));
    local.filter_map(|(line, _)| line.trim_start_matches([' ', '|', '-']).parse().ok())
}

fn of_addresses(text: &str) -> impl Iterator<Item = Ipv6Addr> {
    let first = text.lines().filter_map(|line| line.split_whitespace().next());
    first.filter_map(|digits| u128::from_str_radix(digits, 16).ok()).map(Ipv6Addr::from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_kernel_tells_what_is_ours() {
        assert!(is_ours("127.0.0.1".parse().unwrap()));
        assert!(!is_ours("192.0.2.77".parse().unwrap()) && !is_ours("2001:db8::77".parse().unwrap()));
        let routes = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.1.2.0\n        /24 link UNICAST\n     |-- 198.51.100.7\n        \
                      /32 host LOCAL\n     |-- 198.51.100.255\n        /32 link BROADCAST\n";
        assert_eq!(of_routes(routes).collect::<Vec<_>>(), [Ipv4Addr::new(198, 51, 100, 7)]);
        let addresses = "20010db8000000000000000000000007 02 40 00 80     eth0\nnonsense\n";
        assert_eq!(of_addresses(addresses).collect::<Vec<_>>(), ["2001:db8::7".parse::<Ipv6Addr>().unwrap()]);
    }
}
