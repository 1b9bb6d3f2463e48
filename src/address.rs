//! The grammar of an API's address, for those who open one and those who go to one.

use std::net::Ipv6Addr;

/// The port of toxiproxy's API, which its clients ask where they are told nothing.
pub const PORT: u16 = 8474;

/// Reads a port of this machine, `HOST`, or `HOST:PORT`; `None` where it is none of them. An IPv6 address with a port stands in
/// brackets, and is returned without.
#[must_use]
pub fn host_and_port(text: &str) -> Option<(&str, u16)> {
    if let Ok(port) = text.parse() {
        return Some(("127.0.0.1", port));
    }
    let is_v6 = |host: &str| host.parse::<Ipv6Addr>().is_ok();
    if is_v6(text) {
        return Some((text, PORT));
    }
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        rest.split_once(']').filter(|(host, _)| is_v6(host))?
    } else {
        let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
        let fits = |c: char| c.is_alphanumeric() || "-._".contains(c);
        (!host.is_empty() && host.chars().all(fits)).then_some((host, port))?
    };
    match port.strip_prefix(':') {
        Some(port) => Some((host, port.parse().ok()?)),
        None => port.is_empty().then_some((host, PORT)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_port_a_host_or_both() {
        for (text, host, port) in [
            ("127.0.0.1:8474", "127.0.0.1", 8474),
            ("9000", "127.0.0.1", 9000),
            ("shop-7d9f", "shop-7d9f", 8474),
            ("shop:1", "shop", 1),
            ("[::1]:9", "::1", 9),
            ("[::1]", "::1", 8474),
            ("::1", "::1", 8474),
        ] {
            assert_eq!(host_and_port(text), Some((host, port)), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_none() {
        for text in [
            "",
            "a b",
            "host:99999",
            "[::1",
            "[::1]9",
            "[x]:1",
            "host:",
            ":1",
            "9090=x:1",
        ] {
            assert_eq!(host_and_port(text), None, "{text}");
        }
    }
}
