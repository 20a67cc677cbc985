//! Whole collections, a page at a time.

use super::connection::Cluster;
use super::error::CallError;
use kube::core::ObjectList;
use kube::core::params::ListParams;
use serde::de::DeserializeOwned;

/// Objects in one page; kubectl's own number.
const PAGE: u32 = 500;
/// How often a list begins again because its snapshot expired on the server (410).
const RESTARTS: usize = 3;

/// Every object of the collection at `path` that `params` select.
///
/// # Errors
/// The first request's failure. A continue token that expired half way (410 Gone)
/// starts the list over, since a half list would look like missing objects.
pub async fn list_all<T>(
    cluster: &Cluster,
    path: &str,
    params: &ListParams,
) -> Result<Vec<T>, CallError>
where
    T: Clone + DeserializeOwned,
{
    let mut restarts = 0;
    let mut items = Vec::new();
    let mut params = params.clone().limit(PAGE);
    loop {
        let request = kube::core::Request::new(path)
            .list(&params)
            .map_err(|error| CallError::Unreadable(error.to_string()))?;
        let page: ObjectList<T> = match cluster.get(&request.uri().to_string()).await {
            Ok(page) => page,
            Err(CallError::Api { code: 410, .. }) if restarts < RESTARTS => {
                restarts += 1;
                items.clear();
                params.continue_token = None;
                continue;
            }
            Err(error) => return Err(error),
        };
        items.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params.continue_token = Some(token),
            None => return Ok(items),
        }
    }
}
