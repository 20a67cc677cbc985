//! The recordings as they lie in `tests/recordings/quay`.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use serde_json::Value;

/// A file of exchanges, in the order they happened.
#[derive(Deserialize)]
pub struct Recording {
    pub name: String,
    pub description: String,
    pub exchanges: Vec<Exchange>,
}

/// One exchange, or a measurement over many.
#[derive(Deserialize)]
pub struct Exchange {
    pub label: String,
    pub request: Option<Request>,
    pub response: Option<Response>,
    pub data: Option<Value>,
}

#[derive(Deserialize)]
pub struct Request {
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub headers: std::collections::BTreeMap<String, String>,
    pub body: Option<String>,
}

#[derive(Deserialize)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
}

impl Response {
    /// The first header of that name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn body(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }
}

/// Where the recordings are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../recordings")
}

/// Every recording, by the number its file starts with.
pub fn all() -> io::Result<Vec<Recording>> {
    let entries = fs::read_dir(folder().join("quay"))?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path)?;
            serde_json::from_str(&text).map_err(io::Error::other)
        })
        .collect()
}
