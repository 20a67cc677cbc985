//! `completion install`: the names kubectl and oc look for, as links to the plugin.

use crate::Failure;
use crate::cli::{Console, Exit};
use crate::invocation::COMPLETER;
use clap::Args;
use std::path::{Path, PathBuf};

/// Let kubectl and oc complete this plugin
///
/// Install creates links to the plugin, such as kubectl_complete-quay_robot, in a folder that
/// must be on PATH. You do it once: upgrades keep the links.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  # Put the links beside the plugin
  PLUGIN completion install

  # Put them into another folder on PATH
  PLUGIN completion install --dir ~/.local/bin
")]
pub(super) struct InstallArgs {
    /// Folder for the links, instead of the plugin's own
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn run(args: &InstallArgs, console: &Console) -> Result<Exit, Failure> {
    let plugin = own_path()?;
    let beside = plugin.parent().unwrap_or(Path::new("/"));
    let folder = args.dir.as_deref().unwrap_or(beside);
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::new(format!("cannot create {}: {error}", folder.display())))?;
    // Beside the plugin a relative link: the folder may be moved as a whole.
    let target = match folder == beside {
        true => PathBuf::from(plugin.file_name().unwrap_or_default()),
        false => plugin.clone(),
    };
    let mut made = String::new();
    for name in completers(console.invocation().plugin()) {
        let link = folder.join(with_extension(&name));
        place(&target, &plugin, &link)?;
        made.push_str(&format!("{}\n", link.display()));
    }
    console.data(&made)?;
    if !is_on_path(folder) {
        console.warn(format!(
            "{} is not on PATH, so kubectl and oc cannot find the links",
            folder.display()
        ));
    }
    let host = console.invocation().host();
    console.note(format!(
        "the shell must also load {host}'s own completion, for example with: source <({host} \
         completion bash)"
    ));
    Ok(Exit::Success)
}

/// The names that are looked for after `kubectl quay-robot` and `kubectl quay robot`, and
/// after the same with oc.
fn completers(plugin: &str) -> Vec<String> {
    let spellings = [plugin.replace('-', "_"), plugin.to_owned()];
    ["kubectl", "oc"]
        .iter()
        .flat_map(|host| {
            spellings
                .iter()
                .map(move |name| format!("{host}{COMPLETER}{name}"))
        })
        .collect()
}

/// The name this process was called by, without folder and extension.
pub(super) fn called_as() -> String {
    let called = std::env::args().next().unwrap_or_default();
    let stem = Path::new(&called).file_stem();
    stem.map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Where the plugin is found: the link krew and people put on PATH, not what it points to,
/// which an upgrade replaces.
fn own_path() -> Result<PathBuf, Failure> {
    let called = PathBuf::from(std::env::args_os().next().unwrap_or_default());
    if called.components().count() > 1 {
        return std::path::absolute(&called).map_err(|error| unknown(&error));
    }
    let on_path = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path)
            .map(|folder| folder.join(&called))
            .find(|file| file.is_file())
    });
    match on_path {
        Some(found) => std::path::absolute(found).map_err(|error| unknown(&error)),
        None => std::env::current_exe().map_err(|error| unknown(&error)),
    }
}

fn unknown(error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot find this plugin's own file: {error}"))
}

fn is_on_path(folder: &Path) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|known| known == folder)
}

#[cfg(unix)]
fn with_extension(name: &str) -> String {
    name.to_owned()
}

#[cfg(not(unix))]
fn with_extension(name: &str) -> String {
    format!("{name}.exe")
}

/// Puts the link in place in one step; a file that is no link is not ours to replace.
#[cfg(unix)]
fn place(target: &Path, _plugin: &Path, link: &Path) -> Result<(), Failure> {
    if link
        .symlink_metadata()
        .is_ok_and(|there| !there.is_symlink())
    {
        return Err(Failure::new(format!(
            "{} is a file and not a link, so it was not replaced",
            link.display()
        ))
        .next("move the file away, or name another folder with --dir DIR"));
    }
    let mut unfinished = link.as_os_str().to_owned();
    unfinished.push(format!(".{}", std::process::id()));
    std::os::unix::fs::symlink(target, &unfinished)
        .and_then(|()| std::fs::rename(&unfinished, link))
        .map_err(|error| cannot_write(link, &error))
}

/// Links take a right of their own on Windows: a copy does as well.
#[cfg(not(unix))]
fn place(_target: &Path, plugin: &Path, link: &Path) -> Result<(), Failure> {
    std::fs::copy(plugin, link)
        .map(drop)
        .map_err(|error| cannot_write(link, &error))
}

fn cannot_write(link: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot write {}: {error}", link.display()))
        .next("pass --dir DIR with a folder that you can write and that is on PATH")
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_hosts_find_the_completer_by_both_spellings() {
        assert_eq!(
            super::completers("quay-robot"),
            [
                "kubectl_complete-quay_robot",
                "kubectl_complete-quay-robot",
                "oc_complete-quay_robot",
                "oc_complete-quay-robot"
            ]
        );
    }
}
