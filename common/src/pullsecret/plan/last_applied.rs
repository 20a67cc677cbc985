//! The manifest that `kubectl apply` remembers in an annotation.

use super::EntryPlan;
use crate::dockerconfig::Document;
use crate::kubelet::Format;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Whether the manifest that `kubectl apply` remembers still holds a credential that
/// is replaced now. It would stay readable, and a later apply would bring it back.
pub(super) fn keeps_replaced(
    manifest: &SecretString,
    format: Format,
    edited: &Document,
    entries: &[EntryPlan],
) -> bool {
    let Ok(manifest) = serde_json::from_str::<Value>(manifest.expose_secret()) else {
        return true;
    };
    let remembered = ["data", "stringData"].iter().find_map(|field| {
        let text = manifest.get(field)?.get(format.data_key())?.as_str()?;
        Some(if *field == "data" {
            STANDARD.decode(text).ok()
        } else {
            Some(text.as_bytes().to_vec())
        })
    });
    match remembered {
        None => false,
        Some(None) => true,
        Some(Some(content)) => match Document::parse(format, &content) {
            Err(_) => true,
            Ok(old) => old.entries().any(|(key, read)| {
                entries.iter().any(|entry| entry.key == key)
                    && read.map_or(true, |credential| !edited.holds(key, &credential))
            }),
        },
    }
}
