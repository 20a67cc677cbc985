//! The flags that choose clusters: kubectl's own, with kubectl's meaning.

use clap::Args;
use std::path::PathBuf;

/// Which API servers to talk to, and as whom.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Cluster options")]
pub struct ClusterArgs {
    /// Context of the kubeconfig to use (repeat, or separate by commas)
    // A name may hold a comma, so the kubeconfig says where values end.
    #[arg(long = "context", value_name = "CONTEXT")]
    pub contexts: Vec<String>,

    /// Use every context of the kubeconfig
    #[arg(long, conflicts_with = "contexts")]
    pub all_contexts: bool,

    /// Path of the kubeconfig file
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub kubeconfig: Option<PathBuf>,

    /// User to impersonate
    #[arg(long = "as", value_name = "USER", hide_short_help = true)]
    pub as_user: Option<String>,

    /// Group to impersonate (repeat for several)
    #[arg(
        long,
        value_name = "GROUP",
        requires = "as_user",
        hide_short_help = true
    )]
    pub as_group: Vec<String>,

    /// Time limit for one request to an API server, such as `30s` or `2m`; 0 means no limit
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse_duration, hide_short_help = true)]
    pub request_timeout: std::time::Duration,

    /// Certificate authority of the API server
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub certificate_authority: Option<PathBuf>,

    /// Do not check the API server's certificate
    #[arg(long, hide_short_help = true)]
    pub insecure_skip_tls_verify: bool,

    /// Nobody may be asked: credential plugins of the kubeconfig get no terminal.
    #[arg(skip)]
    pub unattended: bool,
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
    fn durations_are_read_as_kubectl_reads_them() {
        assert_eq!(parse_duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("0"), Ok(Duration::ZERO));
        assert!(parse_duration("soon").is_err());
        assert!(parse_duration("-5s").is_err());
    }
}
