//! Archives that are the same bytes whenever the same is put into them.

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;

/// One file that goes into an archive.
pub struct File {
    pub name: String,
    pub executable: bool,
    pub content: Vec<u8>,
}

/// One entry that was found in an archive.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub regular: bool,
}

/// 1980-01-01, the first moment a zip can name.
const TIME: u64 = 315_532_800;

impl File {
    fn mode(&self) -> u32 {
        match self.executable {
            true => 0o755,
            false => 0o644,
        }
    }
}

/// An archive of the kind its name says.
pub fn write(name: &str, files: &[File], compression: Compression) -> Result<Vec<u8>> {
    match name.ends_with(".zip") {
        true => zip(files, compression),
        false => tar_gz(files, compression),
    }
}

fn tar_gz(files: &[File], compression: Compression) -> Result<Vec<u8>> {
    let gzip = GzBuilder::new().mtime(0).write(Vec::new(), compression);
    let mut archive = tar::Builder::new(gzip);
    for file in files {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(file.mode());
        header.set_mtime(TIME);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(file.content.len() as u64);
        archive.append_data(&mut header, &file.name, file.content.as_slice())?;
    }
    Ok(archive.into_inner()?.finish()?)
}

fn zip(files: &[File], compression: Compression) -> Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .compression_level(Some(compression.level().into()))
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(file.mode());
        archive.start_file(&file.name, options)?;
        archive.write_all(&file.content)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// What is in an archive.
pub fn entries(name: &str, bytes: &[u8]) -> Result<Vec<Entry>> {
    if name.ends_with(".tar.gz") {
        return entries_of_tar(GzDecoder::new(bytes));
    }
    if name.ends_with(".zip") {
        return entries_of_zip(bytes);
    }
    bail!("krew unpacks .tar.gz and .zip only")
}

fn entries_of_tar(unpacked: impl Read) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for entry in tar::Archive::new(unpacked).entries()? {
        let entry = entry.context("the archive is damaged")?;
        found.push(Entry {
            name: String::from_utf8_lossy(&entry.path_bytes()).into_owned(),
            regular: entry.header().entry_type() == tar::EntryType::Regular,
        });
    }
    Ok(found)
}

fn entries_of_zip(bytes: &[u8]) -> Result<Vec<Entry>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut found = Vec::new();
    for index in 0..archive.len() {
        let file = archive.by_index(index)?;
        found.push(Entry {
            name: file.name().to_owned(),
            regular: file.is_file() && !file.is_symlink(),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> [File; 2] {
        let file = |name: &str, executable| File {
            name: name.to_owned(),
            executable,
            content: name.repeat(1000).into_bytes(),
        };
        [file("plugin", true), file("LICENSE", false)]
    }

    #[test]
    fn the_same_files_are_the_same_bytes() {
        for name in ["a.tar.gz", "a.zip"] {
            let make = || write(name, &files(), Compression::best()).ok();
            let first = make();
            assert!(first.is_some() && first == make(), "{name}");
        }
    }

    #[test]
    fn an_archive_has_regular_files_and_nothing_else() {
        for name in ["a.tar.gz", "a.zip"] {
            let found = write(name, &files(), Compression::fast())
                .and_then(|bytes| entries(name, &bytes))
                .unwrap_or_default();
            let names: Vec<&str> = found.iter().map(|entry| entry.name.as_str()).collect();
            assert_eq!(names, ["plugin", "LICENSE"], "{name}");
            assert!(found.iter().all(|entry| entry.regular), "{name}");
        }
    }

    #[test]
    fn a_link_in_an_archive_is_seen() {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        let added = archive.append_link(&mut header, "plugin", "/bin/sh");
        assert!(added.is_ok());
        let tar = archive.into_inner().unwrap_or_default();
        let found = entries_of_tar(tar.as_slice()).unwrap_or_default();
        assert_eq!(
            found,
            [Entry {
                name: "plugin".into(),
                regular: false
            }]
        );
    }
}
