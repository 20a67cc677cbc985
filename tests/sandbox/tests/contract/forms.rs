//! What made-up values look like.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// A description of a made-up value that another value of the same kind shares.
pub fn form(text: &str) -> String {
    let all = |allowed: fn(&u8) -> bool| text.bytes().all(|byte| allowed(&byte));
    let length = text.len();
    if is_uuid(text) {
        "uuid".into()
    } else if text.starts_with("gAAAAAB") {
        // Its length depends on what it hides.
        format!("page token, padded: {}", text.ends_with('='))
    } else if text.starts_with('#') && length == 7 {
        "colour".into()
    } else if length == 64 && all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()) {
        "SHA-256".into()
    } else if length > 40 && all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        format!("{length} of [A-Z0-9]")
    } else if (20..=40).contains(&length) && all(u8::is_ascii_alphanumeric) {
        format!("{length} of [A-Za-z0-9]")
    } else if length > 40 && all(u8::is_ascii_graphic) {
        "long secret".into()
    } else {
        format!("exactly {text}")
    }
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && parts
            .iter()
            .all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Header and payload of a JWT.
pub fn jwt(text: &str) -> Option<[Value; 2]> {
    let mut parts = text.split('.');
    let mut part = || {
        let bytes = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    Some([part()?, part()?])
}
