//! `mutants`: is each rule of the kubelet room held by the kubelet's own code?

use crate::process::{self, Running};
use crate::screen::Screen;
use crate::{cargo, controlplane};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Break each rule for pull secrets once, and check that the generated cases notice
///
/// The command works in a copy below `target`. Each rule takes about a quarter of a minute.
#[derive(Args)]
pub struct MutantsArgs {
    /// Check only rules with this text in their name
    #[arg(value_name = "NAME")]
    filter: Option<String>,
}

/// One rule, where it stands below `common/src/kubelet`, and what it is broken to.
struct Mutant {
    rule: &'static str,
    file: &'static str,
    was: &'static str,
    becomes: &'static str,
}

macro_rules! mutants {
    ($($file:literal: $rule:literal, $was:literal => $becomes:literal;)*) => {
        [$(Mutant { rule: $rule, file: $file, was: $was, becomes: $becomes }),*]
    };
}

const MUTANTS: [Mutant; 39] = mutants! {
    "json.rs": "names in any case", "other => other.to_ascii_lowercase()" => "other => other";
    "json.rs": "the long s", "'ſ' => 's'" => "'ſ' => 'ſ'";
    "json.rs": "half a surrogate pair", "text.push(REPLACEMENT)" => "text.push('?')";
    "json.rs": "a byte that is not UTF-8", "(REPLACEMENT, 1)" => "(REPLACEMENT, bytes.len())";
    "json.rs": "null leaves a field", ".filter(|value| !is_null(value))" => "";
    "entry.rs": "null is an entry", "if json::is_null(entry) {" => "if false {";
    "entry.rs": "auth overrides", "if auth.is_empty() {" => "if auth.is_empty() || !username.is_empty() {";
    "entry.rs": "every field is read", "let email = field(&entry, \"email\")?;" => "let email = field(&entry, \"email\").unwrap_or_default();";
    "entry.rs": "the first colon", ".position(|byte| *byte == b':')" => ".rposition(|byte| *byte == b':')";
    "entry.rs": "line breaks in auth", "!matches!(c, '\\r' | '\\n')" => "*c != '\\0'";
    "entry.rs": "loose bits", "with_decode_allow_trailing_bits(true)" => "with_decode_allow_trailing_bits(false)";
    "entry.rs": "auth without padding", "false => &UNPADDED" => "false => &PADDED";
    "content.rs": "null takes away", "found.taken_away.append(&mut found.auths)" => "{}";
    "content.rs": "what is taken away may be broken", "self.taken_away.iter().chain(&self.auths)" => "self.auths.iter()";
    "content.rs": "the last of equal keys", ".all_entries()\n            .rev()" => ".all_entries()";
    "content.rs": "HttpHeaders", "self.headers_fault()" => "false";
    "content.rs": "auths of a wrong type", "Members::of(value).ok_or(ContentFault::NoAuths)" => "Ok(Members::of(value).unwrap_or_default())";
    "keyring.rs": "an empty value", "!content.is_empty()" => "true";
    "keyring.rs": "a wrong type", "Format::of_type(self.secret_type)?" => "Format::of_type(self.secret_type).unwrap_or(Format::DockerConfigJson)";
    "keyring.rs": "a wrong data key", "Format::DockerCfg => legacy" => "Format::DockerCfg => legacy.or(json)";
    "keyring.rs": "the order of keys", "let keys = self.0.iter();" => "let keys = self.0.iter().rev();";
    "keyring.rs": "one broken entry refuses all", "return Err(refused(fault));" => "let _ = refused(fault);";
    "keyring.rs": "Docker Hub only where nothing matches", "!found.is_empty() || !" => "!";
    "keyring.rs": "Docker Hub for localhost", "|| !image.registry().contains(['.', ':'])" => "";
    "key.rs": "/v1/ and /v2/", "let version = path.starts_with(b\"/v1/\") || path.starts_with(b\"/v2/\");" => "let version = false;";
    "key.rs": "a slash alone", "if path != b\"/\" {" => "if true {";
    "key.rs": "the scheme's letters", "[\"https://\", \"http://\"]" => "[\"https://\", \"HTTPS://\"]";
    "key.rs": "the port", "true if key_port != image_port =>" => "true if false =>";
    "key.rs": "the number of labels", "labels(key_host).count() == labels(image_host).count()" => "true";
    "key.rs": "the path is a prefix", "!image.path.starts_with(&key.path)" => "image.path != key.path && !key.path.is_empty()";
    "key.rs": "a star", "let mut parts = pattern.split(|byte| *byte == b'*');" => "let mut parts = pattern.split(|byte| *byte == b'\\0');";
    "url.rs": "a query is cut off", "cut(text, b'?')" => "cut(text, b'\\0')";
    "url.rs": "a fragment is cut off", "cut(text, b'#')" => "cut(text, b'\\0')";
    "url.rs": "control characters", "*byte < b' ' || *byte == 0x7f" => "*byte == 0";
    "url.rs": "a user before the host", "authority.iter().rposition(|byte| *byte == b'@')" => "authority.iter().rposition(|byte| *byte == b'\\0')";
    "url.rs": "letters of a user", "!valid_userinfo(&authority[..at])" => "false";
    "url.rs": "percent signs in a host", "decoded >= 0x80 || decoded == b'%'" => "decoded > 0";
    "image.rs": "library/ for a bare name", "true => (registry, format!(\"library/{rest}\"))" => "true => (registry, rest.to_owned())";
    "image.rs": "index.docker.io is docker.io", "Some((DOCKER_INDEX, rest)) => (DOCKER_HUB, rest)" => "Some((DOCKER_INDEX, rest)) => (DOCKER_INDEX, rest)";
};

pub fn run(args: &MutantsArgs, screen: &Screen) -> Result<()> {
    let controlplane = controlplane::build(screen)?;
    let root = cargo::root()?;
    let copy = root.join("target/mutants");
    copy_sources(&root, &copy)?;
    ensure!(
        holds(&copy, &controlplane)?,
        "the cases fail before any rule is broken"
    );
    let wanted = |mutant: &&Mutant| {
        args.filter
            .as_ref()
            .is_none_or(|name| mutant.rule.contains(name))
    };
    let mut unnoticed = Vec::new();
    for mutant in MUTANTS.iter().filter(wanted) {
        let file = copy.join("common/src/kubelet").join(mutant.file);
        let sound = fs::read_to_string(&file)?;
        ensure!(
            sound.matches(mutant.was).count() == 1,
            "{}: `{}` is not there once: say anew how the rule `{}` is broken",
            mutant.file,
            mutant.was,
            mutant.rule
        );
        fs::write(&file, sound.replace(mutant.was, mutant.becomes))?;
        let noticed = !holds(&copy, &controlplane)?;
        fs::write(&file, sound)?;
        let word = if noticed { "noticed" } else { "NOT NOTICED" };
        screen.line(&format!("{word:<12} {}: {}", mutant.file, mutant.rule));
        if !noticed {
            unnoticed.push(mutant.rule);
        }
    }
    if !unnoticed.is_empty() {
        bail!(
            "nothing notices when these are broken: {}",
            unnoticed.join("; ")
        );
    }
    Ok(())
}

/// Copies what git knows, so that the sources themselves are never broken.
fn copy_sources(root: &Path, copy: &Path) -> Result<()> {
    let mut list = Command::new("git");
    list.current_dir(root).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let list = process::output(list)?;
    for name in list
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let name = std::str::from_utf8(name).context("a file's name is not UTF-8")?;
        let (from, to) = (root.join(name), copy.join(name));
        let Ok(content) = fs::read(&from) else {
            continue;
        };
        if fs::read(&to).is_ok_and(|old| old == content) {
            continue;
        }
        fs::create_dir_all(to.parent().context("a file has no folder")?)?;
        fs::write(to, content)?;
    }
    Ok(())
}

/// Whether the copy builds, and its cases hold.
///
/// # Errors
/// It does not build: that a rule is broken would then be noticed by nobody.
fn holds(copy: &Path, controlplane: &Path) -> Result<bool> {
    let run = |more: &[&str]| -> Result<bool> {
        let mut test = cargo::command()?;
        test.current_dir(copy)
            .args([
                "test",
                "--quiet",
                "--locked",
                "--package",
                "quay-kubelet",
                "--test",
                "oracle",
            ])
            .args(more)
            .env("QUAY_TEST_CONTROLPLANE", controlplane)
            .env("CARGO_TARGET_DIR", copy.join("target"))
            .env("RUSTFLAGS", "--cap-lints=warn -Awarnings")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok(Running::start(test)?.wait()?.success())
    };
    ensure!(
        run(&["--no-run"])?,
        "a broken rule does not build: {}",
        copy.display()
    );
    run(&[])
}
