//! A write is proved from its own answer.

use super::manifest;
use crate::cluster::CallError;
use crate::dockerconfig::Document;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The part of a PATCH's or POST's answer that proves it.
#[derive(Deserialize)]
pub(super) struct Written {
    #[serde(default)]
    data: BTreeMap<String, String>,
}

/// The server has stored what was sent, as its answer shows.
pub(super) fn prove(written: &Written, document: &Document) -> Result<(), CallError> {
    let stored = written.data.get(document.format().data_key());
    if stored.is_some_and(|stored| *stored == manifest::data(document)) {
        return Ok(());
    }
    Err(CallError::Refused(
        "the API server stored something else than was sent (an admission webhook?)".to_owned(),
    ))
}
