//! Values of options that are neither times nor texts.

use std::net::IpAddr;

/// Reads the value of `--max-connections`.
pub(super) fn max_connections(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("1 or more, up to {}", u32::MAX))
}

/// Reads the value of `--bind`: an address, IPv6 in brackets or not.
pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    match bare {
        Some(v6) => v6.parse().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
    .ok_or_else(|| "not an IP address: 127.0.0.1, 0.0.0.0, ::1".to_owned())
}
