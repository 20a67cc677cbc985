//! The flags that choose clusters: kubectl's own, with kubectl's meaning.

use clap::Args;
use std::path::PathBuf;

/// Which API servers to talk to, and as whom.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Cluster options")]
pub struct ClusterArgs {
    /// Contexts of the kubeconfig to use (repeat, or separate by commas)
    #[arg(long = "context", value_name = "CONTEXT")]
    pub contexts: Vec<String>,

    /// Every context of the kubeconfig
    #[arg(long, conflicts_with = "contexts")]
    pub all_contexts: bool,

    /// Path of the kubeconfig file
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// User to impersonate
    #[arg(long = "as", value_name = "USER")]
    pub as_user: Option<String>,

    /// Group to impersonate (repeat for several)
    #[arg(long, value_name = "GROUP", requires = "as_user")]
    pub as_group: Vec<String>,

    /// How long one request to an API server may take, such as `30s` or `2m`; 0 means no limit
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse_duration)]
    pub request_timeout: std::time::Duration,

    /// The API server's certificate authority
    #[arg(long, value_name = "FILE")]
    pub certificate_authority: Option<PathBuf>,

    /// Do not check the API server's certificate
    #[arg(long)]
    pub insecure_skip_tls_verify: bool,

    /// Nobody may be asked: credential plugins of the kubeconfig get no terminal.
    #[arg(skip)]
    pub unattended: bool,
}

/// The contexts that values of `--context` name: each value as a whole if there is such a
/// context, otherwise its parts between commas. Each context once, in the order given.
pub fn named_contexts(values: &[String], is_known: impl Fn(&str) -> bool) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for value in values {
        let parts: Vec<&str> = match is_known(value) {
            true => vec![value],
            false => value.split(',').collect(),
        };
        for name in parts {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// Reads `90`, `90s`, `2m`, `1h` or a sum such as `1m30s`; plain digits are seconds.
pub fn parse_duration(text: &str) -> Result<std::time::Duration, String> {
    let invalid = || format!("`{text}` is not a duration; write it like 30s, 2m or 1h");
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(std::time::Duration::from_secs(seconds));
    }
    let span: jiff::SignedDuration = text.parse().map_err(|_| invalid())?;
    std::time::Duration::try_from(span).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_context_with_a_comma_in_its_name_can_be_chosen() {
        let values = ["a,b", "c,a"].map(str::to_owned);
        let named = |known: &[&str]| named_contexts(&values, |name| known.contains(&name));
        assert_eq!(named(&["a", "b", "c"]), ["a", "b", "c"]);
        assert_eq!(named(&["a,b", "a", "c"]), ["a,b", "c", "a"]);
    }

    #[test]
    fn durations_are_read_as_kubectl_reads_them() {
        assert_eq!(parse_duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("0"), Ok(Duration::ZERO));
        assert!(parse_duration("soon").is_err());
        assert!(parse_duration("-5s").is_err());
    }
}
