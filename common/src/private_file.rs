//! Files only their owner may read.

use crate::hint::Hint;
use crate::{Failure, folders};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// Writes `content` to `path` in one step: whoever reads it sees the old content or the
/// new, never a part. The file has mode 0600, and a link in its place is replaced, not followed.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let failed =
        |error: io::Error| Failure::new(format!("cannot write {}: {error}", path.display()));
    if path.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    let temporary = beside(path);
    let written = create(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    });
    written.map_err(|error| {
        // Left over only if it was created by us.
        if error.kind() != io::ErrorKind::AlreadyExists {
            let _ = fs::remove_file(&temporary);
        }
        failed(error)
    })
}

/// Refuses a place where [`replace`] could not write later, and one that holds a device, a
/// pipe or a link: replacing `/dev/stdout` or a FIFO by a file would break it for everybody.
pub fn check_replaceable(path: &Path) -> Result<(), Failure> {
    let refuse = |reason: String| Failure::usage(reason).next("name another file");
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => {
            return Err(refuse(format!("{} is a folder", path.display())));
        }
        Ok(found) if !found.is_file() => {
            let message = format!("{} is no regular file, and is left alone", path.display());
            return Err(refuse(message));
        }
        _ => {}
    }
    let temporary = beside(path);
    create(&temporary)
        .map(drop)
        .and_then(|()| fs::remove_file(&temporary))
        .map_err(|error| refuse(format!("cannot write {}: {error}", path.display())))
}

/// What is in a file of ours; `None` where there is none.
///
/// # Errors
/// As [`open`] and [`content`].
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let file = open(path)?;
    file.map(|file| content(path, file)).transpose()
}

/// Opens a file of ours to read it; `None` where there is none. What is no regular file is refused
/// before it is opened: a pipe would wait for somebody who writes into it.
///
/// # Errors
/// It cannot be opened, or it is a link into a folder that others may write: they may put another
/// file there.
pub(crate) fn open(path: &Path) -> Result<Option<File>, Failure> {
    let opened = path.canonicalize().and_then(|real| {
        let found = fs::metadata(&real)?;
        Ok((real, found.is_file()))
    });
    let (real, is_file) = match opened {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, &error)),
    };
    if let Some(folder) = real.parent() {
        folders::check_folder(folder)?;
    }
    if !is_file {
        let message = format!("{} is no regular file, and is not read", path.display());
        let aside = format!("{}.other", path.display());
        let remedy = Hint::from("look at what it is, then: mv ")
            .word(path.display())
            .say(" ")
            .word(aside);
        return Err(Failure::new(message).next(remedy));
    }
    match File::open(&real) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// What is in a file that was opened.
///
/// # Errors
/// It cannot be read, or others may write it.
pub(crate) fn content(path: &Path, mut file: File) -> Result<Vec<u8>, Failure> {
    let failed = |error: io::Error| unreadable(path, &error);
    folders::check_ours(path, &file.metadata().map_err(failed)?)?;
    let mut content = Vec::new();
    file.read_to_end(&mut content).map_err(failed)?;
    Ok(content)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot read {}: {error}", path.display()))
}

/// Opens a file only its owner may read, to append to it; made where there is none. A pipe or a
/// device in its place is refused.
pub(crate) fn open_to_append(path: &Path) -> io::Result<File> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Makes a folder only its owner may enter, with its parents.
pub(crate) fn make_folder(path: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder
        .create(path)
        .map_err(|error| Failure::new(format!("cannot create {}: {error}", path.display())))
}

/// Whether others than the owner may read or write the file.
#[cfg(unix)]
pub(crate) fn is_open_to_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

/// Elsewhere files in a profile are the user's own.
#[cfg(not(unix))]
pub(crate) fn is_open_to_others(_file: &File) -> io::Result<bool> {
    Ok(false)
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}
