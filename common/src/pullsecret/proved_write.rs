//! A write is proved from its own answer.

use super::manifest;
use crate::cluster::CallError;
use crate::dockerconfig::Document;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The part of a PATCH's or POST's answer that proves it.
#[derive(Deserialize)]
pub(crate) struct StoredData {
    #[serde(default)]
    data: BTreeMap<String, String>,
}

/// The server has stored what was sent, as its answer shows.
///
/// # Errors
/// It stored something else.
pub(crate) fn proved_write(stored: &StoredData, document: &Document) -> Result<(), CallError> {
    let content = stored.data.get(document.format().data_key());
    if content.is_some_and(|content| *content == manifest::data(document)) {
        return Ok(());
    }
    Err(CallError::Refused(
        "the API server stored other content than this command sent; possibly an admission \
         webhook changes secrets"
            .to_owned(),
    ))
}
