//! Addresses of services, as far as they can be waited for: plain HTTP, a host, a port, a path.

/// An address in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'a> {
    /// The host.
    pub host: &'a str,
    /// The port; 80 where none is written.
    pub port: u16,
    /// The path with all that follows it; `/` where none is written.
    pub path: &'a str,
}

impl<'a> Address<'a> {
    /// Takes an address apart; `None` for what is none.
    pub fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("http://")?;
        let (place, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match place.split_once(':') {
            Some((host, port)) => (host, port.parse().ok().filter(|port| *port != 0)?),
            None => (place, 80),
        };
        let plain = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
        let path = if path.is_empty() { "/" } else { path };
        (plain && path.chars().all(|c| c.is_ascii_graphic())).then_some(Self { host, port, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let address = |host, port, path| Some(Address { host, port, path });
        assert_eq!(Address::parse("http://app:8000/health?x=1"), address("app", 8000, "/health?x=1"));
        assert_eq!(Address::parse("http://127.0.0.1"), address("127.0.0.1", 80, "/"));
        for bad in [
            "app:80",
            "https://app/",
            "http://",
            "http://a b/",
            "http://a:0/",
            "http://a:99999/",
            "http://u@a/",
            "http://a/\r\n",
        ] {
            assert_eq!(Address::parse(bad), None, "{bad}");
        }
    }
}
