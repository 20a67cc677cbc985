//! Addresses of requests.

use super::ApiError;
use reqwest::Url;

/// `origin` + `path` with an encoded query.
pub(crate) fn url(origin: &str, path: &str, query: &[(&str, &str)]) -> Result<Url, ApiError> {
    let mut url =
        Url::parse(&format!("{origin}{path}")).map_err(|error| ApiError::Unavailable {
            server: origin.to_owned(),
            reason: format!("not an address: {error}"),
        })?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}
