//! `package`: archives for people and for krew, checksums, and krew's manifests.

mod archive;
mod check;
mod manifest;
mod platform;
mod readme;

use crate::cargo::{self, Binaries, PLUGINS, plugin_of};
use crate::screen::Screen;
use anyhow::{Context, Result, bail, ensure};
use archive::File;
use clap::Args;
use flate2::Compression;
use manifest::{Release, sha256};
use platform::Platform;
use std::fs;
use std::path::{Path, PathBuf};

/// The file with the archives' checksums, as `sha256sum --check` reads it.
const CHECKSUMS: &str = "SHA256SUMS";

/// Build the plugins for release: archives, checksums and krew's manifests
#[derive(Args)]
pub struct PackageArgs {
    /// Cargo profile
    #[arg(long, default_value = "dist")]
    profile: String,

    /// Build only for this target (repeat for several); by default for every installed target
    #[arg(long, value_name = "TARGET")]
    target: Vec<String>,

    #[command(flatten)]
    release: ReleaseArgs,
}

/// Fill krew's manifests from the archives of a release, and check both
#[derive(Args)]
pub struct ManifestsArgs {
    /// Folder for the manifests, relative to the workspace
    #[arg(long, value_name = "DIR", default_value = "plugins")]
    into: PathBuf,

    #[command(flatten)]
    release: ReleaseArgs,
}

#[derive(Args)]
struct ReleaseArgs {
    /// Folder of the archives, relative to the workspace
    #[arg(long, value_name = "DIR", default_value = "target/package")]
    dir: PathBuf,

    /// Tag of the release; by default the workspace's version
    #[arg(long, value_name = "TAG", default_value = concat!("v", env!("CARGO_PKG_VERSION")))]
    tag: String,

    /// URL of the project, which the download addresses begin with
    #[arg(
        long,
        value_name = "URL",
        default_value = "https://github.com/OWNER/kubectl-quay"
    )]
    repository: String,
}

impl ReleaseArgs {
    fn folder(&self) -> Result<PathBuf> {
        Ok(cargo::root()?.join(&self.dir))
    }
}

pub fn package(args: &PackageArgs, screen: &Screen) -> Result<()> {
    let targets = match args.target.is_empty() {
        true => platform::installed()?
            .into_iter()
            .map(str::to_owned)
            .collect(),
        false => args.target.clone(),
    };
    let platforms: Vec<&Platform> = targets
        .iter()
        .map(|target| Platform::of(target))
        .collect::<Result<_>>()?;
    let version = concat!("v", env!("CARGO_PKG_VERSION"));
    ensure!(
        args.profile != "dist" || args.release.tag == version,
        "the tag is {}, and the plugins say they are {version}",
        args.release.tag
    );
    let folder = args.release.folder()?;
    fs::create_dir_all(&folder)?;
    for (target, platform) in targets.iter().zip(platforms) {
        let binaries = match args.profile.as_str() {
            // Nobody compares builds for tests, and the workspace has these already.
            "dev" if *target == platform::host()? => cargo::build(&PLUGINS, "dev")?,
            profile => cargo::build_for(target, &PLUGINS, profile)?,
        };
        for package in PLUGINS {
            let archive = archive(args, platform, package, &binaries)?;
            screen.line(&archive.display().to_string());
        }
    }
    finish(&args.release, &folder.join("plugins"), screen)
}

pub fn manifests(args: &ManifestsArgs, screen: &Screen) -> Result<()> {
    finish(&args.release, &cargo::root()?.join(&args.into), screen)
}

/// What is made from the archives.
fn finish(release: &ReleaseArgs, manifests: &Path, screen: &Screen) -> Result<()> {
    checksums(&release.folder()?)?;
    for path in manifests_into(release, manifests)? {
        screen.line(&path.display().to_string());
    }
    Ok(())
}

fn archive(
    args: &PackageArgs,
    platform: &Platform,
    package: &str,
    binaries: &Binaries,
) -> Result<PathBuf> {
    let root = cargo::root()?;
    let read =
        |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let binary = binaries.get(package).context("a binary is missing")?;
    let readme = fs::read_to_string(root.join("README.md"))?;
    let readme = readme::excerpt(&readme, &args.release.repository)?;
    let file = |name: String, executable, content| File {
        name,
        executable,
        content,
    };
    let files = [
        file(platform.binary(package), true, read(binary)?),
        file("LICENSE".into(), false, read(&root.join("LICENSE"))?),
        file("README.md".into(), false, readme.into_bytes()),
    ];
    let compression = match args.profile.as_str() {
        "dist" => Compression::best(),
        _ => Compression::fast(),
    };
    let name = platform.archive(package, &args.release.tag);
    let path = args.release.folder()?.join(&name);
    fs::write(&path, archive::write(&name, &files, compression)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// Of all archives in the folder, in order.
fn checksums(folder: &Path) -> Result<()> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".tar.gz") || name.ends_with(".zip"))
        .collect();
    names.sort();
    let mut text = String::new();
    for name in names {
        let digest = sha256(&fs::read(folder.join(&name))?);
        text.push_str(&format!("{digest}  {name}\n"));
    }
    fs::write(folder.join(CHECKSUMS), text)?;
    Ok(())
}

/// Fills every plugin's manifest, and returns where it is.
///
/// # Errors
/// Names everything that krew or its index would refuse; nothing is written then.
fn manifests_into(args: &ReleaseArgs, folder: &Path) -> Result<Vec<PathBuf>> {
    let release = Release {
        tag: &args.tag,
        repository: args.repository.trim_end_matches('/'),
        archives: &args.folder()?,
    };
    let mut filled = Vec::new();
    let mut problems = Vec::new();
    for package in PLUGINS {
        let plugin = plugin_of(package);
        let name = format!("{plugin}.yaml");
        let template = cargo::root()?.join("krew").join(&name);
        let template = fs::read_to_string(&template)
            .with_context(|| format!("cannot read {}", template.display()))?;
        let manifest = release.fill(&template)?;
        let found = check::problems(&name, &manifest, release.archives);
        problems.extend(found.iter().map(|problem| format!("\n  {name}: {problem}")));
        filled.push((folder.join(name), manifest));
    }
    if !problems.is_empty() {
        bail!("krew or its index would refuse this:{}", problems.concat());
    }
    fs::create_dir_all(folder)?;
    for (path, manifest) in &filled {
        fs::write(path, manifest).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(filled.into_iter().map(|(path, _)| path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Archives of every plugin for every platform, with the right names in them.
    fn a_release(folder: &Path, tag: &str) -> Result<()> {
        for platform in &platform::PLATFORMS {
            for package in PLUGINS {
                let file = |name: String| File {
                    name,
                    executable: true,
                    content: Vec::new(),
                };
                let files = [file(platform.binary(package)), file("LICENSE".into())];
                let name = platform.archive(package, tag);
                let bytes = archive::write(&name, &files, Compression::fast())?;
                fs::write(folder.join(name), bytes)?;
            }
        }
        Ok(())
    }

    #[test]
    fn the_templates_hold_every_platform_and_pass_every_check() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let release = ReleaseArgs {
            dir: folder.path().to_owned(),
            tag: "v1.2.3".into(),
            repository: "https://example.com/quay/".into(),
        };
        a_release(folder.path(), &release.tag)?;
        let into = folder.path().join("plugins");
        assert_eq!(manifests_into(&release, &into)?.len(), 3);
        for package in PLUGINS {
            let plugin = plugin_of(package);
            let manifest = fs::read_to_string(into.join(format!("{plugin}.yaml")))?;
            let downloads = "uri: https://example.com/quay/releases/download/v1.2.3/";
            assert_eq!(manifest.matches(downloads).count(), 6, "{manifest}");
            assert!(!manifest.contains("{{") && !manifest.contains("OWNER"));
        }
        Ok(())
    }

    #[test]
    fn nothing_is_written_that_krew_would_refuse() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let release = ReleaseArgs {
            dir: folder.path().to_owned(),
            tag: "1.2.3".into(),
            repository: "https://example.com".into(),
        };
        a_release(folder.path(), &release.tag)?;
        let into = folder.path().join("plugins");
        let refused = manifests_into(&release, &into);
        let error = refused.err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.contains("quay-robot.yaml: version")));
        assert!(!into.exists());
        Ok(())
    }

    #[test]
    fn checksums_are_those_of_the_archives() -> Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("b.zip"), "b")?;
        fs::write(folder.path().join("a.tar.gz"), "a")?;
        fs::write(folder.path().join("other"), "c")?;
        checksums(folder.path())?;
        let text = fs::read_to_string(folder.path().join(CHECKSUMS))?;
        let expected = [(b"a", "a.tar.gz"), (b"b", "b.zip")];
        let expected = expected.map(|(content, name)| format!("{}  {name}\n", sha256(content)));
        assert_eq!(text, expected.concat());
        Ok(())
    }
}
