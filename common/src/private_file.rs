//! Files only their owner may read, and whose turn it is to change one.

use crate::hint::Hint;
use crate::{Failure, folders};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Writes `content` to `path` in one step: whoever reads it sees the old content or the
/// new, never a part. The file has mode 0600, and a link in its place is replaced, not followed.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let failed = |error: io::Error| unwritable(path, &error);
    if path.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    let (temporary, mut file) = create_beside(path).map_err(failed)?;
    let written = file
        .write_all(content)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&temporary);
        failed(error)
    })
}

/// The right to change a file of ours, which one process at a time has: until this is dropped, or
/// the process ends in whatever way.
pub(crate) struct Turn {
    _lock: File,
}

/// Waits for the turn to read a file, change it and [`replace`] it. Its folder is made where there
/// is none.
pub(crate) fn turn(path: &Path) -> Result<Turn, Failure> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let path = path.with_extension("lock");
    // The file stays: whoever waits has it open, and would else hold the lock of a file that is gone.
    let locked = open_to_append(&path).and_then(|file| file.lock().map(|()| file));
    locked
        .map(|file| Turn { _lock: file })
        .map_err(|error| Failure::new(format!("cannot lock {}: {error}", path.display())))
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
            let message = format!(
                "{} is not a regular file, so it was not replaced",
                path.display()
            );
            return Err(refuse(message));
        }
        _ => {}
    }
    create_beside(path)
        .and_then(|(temporary, _)| fs::remove_file(&temporary))
        .map_err(|error| refuse(format!("cannot write {}: {error}", path.display())))
}

/// A file to be written once what belongs in it is there: its place on the disk is taken.
pub struct Reserved {
    path: PathBuf,
    /// Beside the file, and full.
    temporary: PathBuf,
    file: File,
}

/// Takes the place of so many bytes for what is to replace the file later.
///
/// # Errors
/// The disk is full, or as [`check_replaceable`].
pub fn reserve(path: &Path, size: usize) -> Result<Reserved, Failure> {
    check_replaceable(path)?;
    let failed = |error| unwritable(path, &error);
    let (temporary, file) = create_beside(path).map_err(failed)?;
    let mut reserved = Reserved {
        path: path.to_owned(),
        temporary,
        file,
    };
    let placeholder = vec![b'-'; size];
    let written = reserved.file.write_all(&placeholder);
    written
        .and_then(|()| reserved.file.sync_all())
        .map_err(failed)?;
    Ok(reserved)
}

impl Reserved {
    /// Writes the file, in one step as [`replace`] does.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn fill(mut self, content: &[u8]) -> Result<(), Failure> {
        let written = self.file.rewind();
        written
            .and_then(|()| self.file.write_all(content))
            .and_then(|()| {
                self.file
                    .set_len(content.len().try_into().unwrap_or(u64::MAX))
            })
            .and_then(|()| self.file.sync_all())
            .and_then(|()| fs::rename(&self.temporary, &self.path))
            .map_err(|error| unwritable(&self.path, &error))
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        // Nothing is there any more once the file was filled.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Whether both paths lead to one file, whether it is there or not.
pub fn is_same(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize();
        folder.map(|folder| folder.join(path.file_name().unwrap_or_default()))
    };
    one == other || whole(one).is_ok_and(|one| whole(other).is_ok_and(|other| one == other))
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
        let message = format!(
            "{} is not a regular file, so it was not read",
            path.display()
        );
        let aside = format!("{}.other", path.display());
        let remedy = Hint::from("check what it is, then: mv ")
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

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot write {}: {error}", path.display()))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot read {}: {error}", path.display()))
}

/// Opens a file only its owner may read, to append to it; made where there is none. A pipe or a
/// device in its place is refused.
pub(crate) fn open_to_append(path: &Path) -> io::Result<File> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("it is not a regular file"));
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

/// A new file in the folder of the one at `path`. Its name may be taken: by what a process that
/// was killed left, whose id is ours now.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    const TRIES: usize = 100;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let id = std::process::id();
    let mut beside = path.with_file_name(format!(".{name}.{id}.tmp"));
    for number in 1..TRIES {
        match create(&beside) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                beside = path.with_file_name(format!(".{name}.{id}-{number}.tmp"));
            }
            created => return created.map(|file| (beside, file)),
        }
    }
    create(&beside).map(|file| (beside, file))
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
