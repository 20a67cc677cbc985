//! krew's manifests, from the templates in `krew/` and the archives of a release.
//!
//! The templates are those of krew-release-bot, so that one text serves both: platforms
//! hold `{{addURIAndSha "URL" .TagName }}`, and `{{ .TagName }}` stands for the tag.

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

/// Where the templates say the project is, until somebody owns it.
const HOME: &str = "https://github.com/OWNER/kubectl-quay";
const TAG: &str = "{{ .TagName }}";
const BEGIN: &str = "{{addURIAndSha \"";
const END: &str = "\" .TagName }}";
/// A platform begins with it.
const SELECTOR: &str = "  - selector:\n";

/// What fills a template.
pub struct Release<'a> {
    pub tag: &'a str,
    /// The project's address, such as `https://github.com/me/kubectl-quay`.
    pub repository: &'a str,
    /// The folder with the archives.
    pub archives: &'a Path,
}

impl Release<'_> {
    /// The manifest: with the platforms whose archive is there.
    pub fn fill(&self, template: &str) -> Result<String> {
        let template = template.replace(HOME, self.repository);
        let mut parts = template.split(SELECTOR);
        let mut manifest = parts.next().unwrap_or_default().replace(TAG, self.tag);
        let mut platforms = 0;
        for platform in parts {
            if let Some(platform) = self.platform(platform)? {
                manifest.push_str(SELECTOR);
                manifest.push_str(&platform);
                platforms += 1;
            }
        }
        ensure!(
            platforms > 0,
            "there is no archive of {} in {}",
            self.tag,
            self.archives.display()
        );
        Ok(manifest)
    }

    fn platform(&self, text: &str) -> Result<Option<String>> {
        let (before, rest) = text
            .split_once(BEGIN)
            .context("a platform without archive")?;
        let (url, after) = rest.split_once(END).context("an archive without end")?;
        let url = url.replace(TAG, self.tag);
        let archive = self.archives.join(file_of(&url));
        if !archive.is_file() {
            return Ok(None);
        }
        let bytes =
            fs::read(&archive).with_context(|| format!("cannot read {}", archive.display()))?;
        let sha256 = sha256(&bytes);
        Ok(Some(format!(
            "{before}uri: {url}\n    sha256: {sha256}{after}"
        )))
    }
}

/// The last part of an archive's address.
pub fn file_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

/// In lower case, as krew wants it.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
