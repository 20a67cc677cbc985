//! Which repositories are asked about in one request.

/// Quay's proxy cuts the request line at 4094 bytes: 60 scopes pass, 80 do not.
const LONGEST_QUERY: usize = 3_500;

/// `repository:NAME:pull`. Never push: on a missing repository that creates it.
pub(super) fn pull(repository: &str) -> String {
    format!("repository:{repository}:pull")
}

/// Cuts the repositories into runs whose encoded `scope=` parameters fit one request.
pub(super) fn batches(repositories: &[String]) -> Vec<&[String]> {
    let mut batches = Vec::new();
    let (mut start, mut length) = (0, 0);
    for (at, repository) in repositories.iter().enumerate() {
        let cost = "&scope=".len() + encoded_length(&pull(repository));
        if length + cost > LONGEST_QUERY && at > start {
            batches.push(&repositories[start..at]);
            (start, length) = (at, 0);
        }
        length += cost;
    }
    if start < repositories.len() {
        batches.push(&repositories[start..]);
    }
    batches
}

/// Everything but letters, digits and `*-._` takes three bytes in a query.
fn encoded_length(text: &str) -> usize {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"*-._".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { 1 } else { 3 })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(batch: &[String]) -> String {
        let mut url = reqwest::Url::parse("https://h/v2/auth").unwrap();
        let scopes = batch.iter().map(|name| ("scope", pull(name)));
        url.query_pairs_mut().extend_pairs(scopes);
        url.query().unwrap().to_owned()
    }

    #[test]
    fn every_repository_is_asked_about_once_and_no_query_is_too_long() {
        let repositories: Vec<String> = (0..300)
            .map(|n| format!("myorg/team/application-{n:03}"))
            .collect();
        let batches = batches(&repositories);
        assert_eq!(batches.concat(), repositories);
        assert!(batches.len() > 3);
        for batch in &batches {
            assert!(query(batch).len() <= LONGEST_QUERY);
        }
        // Nor are requests wasted: one more scope would not have fitted.
        let one = query(&batches[1][..1]).len() + 1;
        assert!(query(batches[0]).len() + one > LONGEST_QUERY);
    }

    #[test]
    fn a_name_longer_than_a_query_still_gets_a_request_of_its_own() {
        let repositories = [
            "a/b".to_owned(),
            format!("a/{}", "x".repeat(4000)),
            "a/c".to_owned(),
        ];
        assert_eq!(batches(&repositories).len(), 3);
        assert!(batches(&[]).is_empty());
    }
}
