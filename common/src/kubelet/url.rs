//! What Go's `net/url` and `net` (1.26) make of a key: a host and a path, or nothing.

use std::net::Ipv6Addr;

/// Host and path of a URL without its scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    /// With its port.
    pub host: Vec<u8>,
    /// With its leading slash, percent signs decoded; or empty.
    pub path: Vec<u8>,
}

impl Url {
    /// `url.Parse("https://" + text)`; `None` where that is an error.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (text, fragment) = cut(text, b'#');
        unescape(fragment, |_| true, |_| true)?;
        if text.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
            return None;
        }
        let (text, _query) = cut(text, b'?');
        let slash = text.iter().position(|byte| *byte == b'/');
        let (authority, path) = text.split_at(slash.unwrap_or(text.len()));
        let host = match authority.iter().rposition(|byte| *byte == b'@') {
            Some(at) if !valid_userinfo(&authority[..at]) => return None,
            Some(at) => &authority[at + 1..],
            None => authority,
        };
        Some(Self {
            host: parse_host(host)?,
            path: unescape(path, |_| true, |_| true)?,
        })
    }

    /// `net.SplitHostPort`; a host without a port, or none that Go finds, is all host.
    pub fn split_port(&self) -> (&[u8], &[u8]) {
        split_host_port(&self.host).unwrap_or((&self.host, b""))
    }
}

/// What is before and behind the first of these bytes.
fn cut(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == at) {
        Some(position) => (&text[..position], &text[position + 1..]),
        None => (text, b""),
    }
}

fn split_host_port(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = text.iter().rposition(|byte| *byte == b':')?;
    let port = &text[colon + 1..];
    let host = match text.strip_prefix(b"[") {
        Some(inner) => {
            let end = inner.iter().position(|byte| *byte == b']')?;
            (end + 2 == colon).then(|| &inner[..end])?
        }
        None => &text[..colon],
    };
    let bracketed = text.starts_with(b"[");
    let stray = |byte: &u8| matches!(byte, b'[' | b']');
    let ambiguous = !bracketed && host.contains(&b':');
    if ambiguous
        || host.contains(&b'[')
        || !bracketed && host.iter().any(stray)
        || port.iter().any(stray)
    {
        return None;
    }
    Some((host, port))
}

fn parse_host(host: &[u8]) -> Option<Vec<u8>> {
    // Go takes no other bracket either; one that stays here matches no image.
    if host.starts_with(b"[") {
        return parse_ip_literal(host);
    }
    // A second colon is no port: Go 1.26 takes no host with two.
    let colon = host.iter().position(|byte| *byte == b':');
    colon
        .is_none_or(|colon| valid_port(&host[colon..]))
        .then_some(())?;
    unescape_host(host)
}

/// `[` IPv6 address, perhaps with a zone, `]`, perhaps with a port.
fn parse_ip_literal(host: &[u8]) -> Option<Vec<u8>> {
    let end = host.iter().rposition(|byte| *byte == b']')?;
    let (inner, port) = (&host[1..end], &host[end + 1..]);
    valid_port(port).then_some(())?;
    let zone = inner.windows(3).position(|window| window == b"%25");
    let address = match zone {
        Some(at) => {
            let zone = unescape(&inner[at..], valid_in_host, |decoded| {
                decoded < 0x80 && (matches!(decoded, b'%' | b' ') || valid_in_host(decoded))
            });
            [unescape_host(&inner[..at])?, zone?].concat()
        }
        None => unescape_host(inner)?,
    };
    let text = str::from_utf8(&address).ok()?;
    let (bare, zone) = text
        .split_once('%')
        .map_or((text, None), |(bare, zone)| (bare, Some(zone)));
    (bare.parse::<Ipv6Addr>().is_ok() && zone != Some("")).then_some(())?;
    Some([b"[", &address[..], b"]", port].concat())
}

/// Nothing, or a colon and digits.
fn valid_port(port: &[u8]) -> bool {
    match port.split_first() {
        None => true,
        Some((colon, digits)) => *colon == b':' && digits.iter().all(u8::is_ascii_digit),
    }
}

/// Whether a byte may stand in a host as it is.
fn valid_in_host(byte: u8) -> bool {
    byte >= 0x80 || byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

fn valid_userinfo(userinfo: &[u8]) -> bool {
    let valid = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
    userinfo.iter().all(valid) && unescape(userinfo, |_| true, |_| true).is_some()
}

/// In a host only bytes above 127, and the percent sign, may be written as `%XX`.
fn unescape_host(host: &[u8]) -> Option<Vec<u8>> {
    unescape(host, valid_in_host, |decoded| {
        decoded >= 0x80 || decoded == b'%'
    })
}

/// Decodes `%XX`; `None` for what may not stand there, plain or decoded.
fn unescape(text: &[u8], plain: fn(u8) -> bool, decoded: fn(u8) -> bool) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        if first != b'%' {
            plain(first).then(|| bytes.push(first))?;
            rest = after;
            continue;
        }
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        let byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
        decoded(byte).then(|| bytes.push(byte))?;
        rest = &after[2..];
    }
    Some(bytes)
}
