//! A file with credentials that is in no cluster yet.

use crate::Failure;
use crate::dockerconfig::{Document, DocumentError};
use crate::hint::Hint;
use crate::kubelet::Format;
use secrecy::{ExposeSecret, SecretSlice};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// What a Secret may hold, and so what a file of one may.
const LARGEST: u64 = 1 << 20;

/// A file as `podman login --authfile` writes it, or Red Hat's pull secret.
pub struct AuthFile {
    name: String,
    document: Result<Document, DocumentError>,
    /// Whether other users of this machine may read it.
    is_open: bool,
}

impl AuthFile {
    /// Reads the file, or stdin if it is `-`.
    ///
    /// # Errors
    /// It cannot be opened, or is larger than a Secret may be.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let is_stdin = path == Path::new("-");
        let name = match is_stdin {
            true => "stdin".to_owned(),
            false => path.display().to_string(),
        };
        let unreadable = |error: io::Error| Failure::usage(format!("cannot read {name}: {error}"));
        let (content, is_open) = match is_stdin {
            true => (content(io::stdin().lock()).map_err(unreadable)?, false),
            false => {
                let file = File::open(path).map_err(unreadable)?;
                let is_open = file.metadata().is_ok_and(|found| others_may_read(&found));
                (content(file).map_err(unreadable)?, is_open)
            }
        };
        if content.expose_secret().len() as u64 > LARGEST {
            return Err(Failure::usage(format!(
                "{name} is larger than a Secret can be: {LARGEST} bytes"
            )));
        }
        Ok(Self {
            document: Document::parse(Format::DockerConfigJson, content.expose_secret()),
            name,
            is_open,
        })
    }

    /// As messages name it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is in it, if that can be read.
    pub fn document(&self) -> Option<&Document> {
        self.document.as_ref().ok()
    }

    /// What is in it.
    ///
    /// # Errors
    /// It is no file with credentials.
    pub fn content(&self) -> Result<&Document, Failure> {
        self.read()
            .map_err(|error| Failure::usage(format!("{} is unreadable: {error}", self.name)))
    }

    /// What is in it, or why that cannot be read.
    pub(super) fn read(&self) -> Result<&Document, &DocumentError> {
        self.document.as_ref()
    }

    /// What is wrong with the file itself, which does not change what its entries are worth.
    pub fn warning(&self) -> Option<Failure> {
        let name = &self.name;
        self.is_open.then(|| {
            Failure::new(format!(
                "other users of this machine can read the credentials in {name}"
            ))
            .next(Hint::from("to stop that: chmod 600 ").word(name))
        })
    }
}

fn content(from: impl Read) -> io::Result<SecretSlice<u8>> {
    let mut content = Vec::new();
    from.take(LARGEST + 1).read_to_end(&mut content)?;
    Ok(SecretSlice::from(content))
}

#[cfg(unix)]
fn others_may_read(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    found.is_file() && found.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn others_may_read(_: &std::fs::Metadata) -> bool {
    false
}
