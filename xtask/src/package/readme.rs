//! The README of an archive: the beginning of the project's, which can be read alone.

use anyhow::{Result, ensure};

/// The last part of the README that goes into an archive.
const LAST: &str = "## First five minutes";

/// Title, introduction, installation and the first five minutes. Pictures stay out, and
/// links to other files become addresses.
pub fn excerpt(readme: &str, repository: &str) -> Result<String> {
    let start = readme.find(LAST);
    ensure!(start.is_some(), "README.md has no part `{LAST}`");
    let after = start.unwrap_or_default() + LAST.len();
    let end = readme[after..]
        .find("\n## ")
        .map_or(readme.len(), |end| after + end);
    let lines = readme[..end].lines().filter(|line| !line.starts_with("!["));
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.replace("](docs/", &format!("]({repository}/blob/main/docs/")));
        text.push('\n');
    }
    text.push_str(&format!("\nThe whole of it: {repository}\n"));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_ends_after_the_first_five_minutes_and_needs_no_other_file() {
        let readme = "# Title\n\n![A picture](docs/x.svg)\n\nSee [more](docs/more.md).\n\n\
                      ## First five minutes\n\nType it.\n\n## The tasks\n\nLater.\n";
        let text = excerpt(readme, "https://example.com").unwrap_or_default();
        assert!(
            text.contains("Type it.")
                && text.contains("(https://example.com/blob/main/docs/more.md)")
        );
        assert!(!text.contains("picture") && !text.contains("Later"));
        assert!(excerpt("# Title\n", "https://example.com").is_err());
    }
}
