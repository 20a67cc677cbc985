//! Lists that Quay gives a page at a time. One that has no end is cut, and is an error.

use super::client::Quay;
use crate::web::{ApiError, body};
use serde::de::DeserializeOwned;

/// What is read of one list, all pages together.
const LARGEST_LIST: usize = 32 << 20;
/// What a page counts for at least, so that empty ones end too.
const SMALLEST_PAGE: usize = 16 << 10;

/// How far a list is read.
#[derive(Default)]
pub(super) struct Pages {
    /// What Quay calls the next page; none before the first, and after the last.
    marker: Option<String>,
    bytes: usize,
}

impl Pages {
    /// Takes the marker of the next page from an answer, and tells whether there is one.
    ///
    /// # Errors
    /// It is the page that was just read.
    pub(super) fn go_on(&mut self, next: Option<String>) -> Result<bool, ApiError> {
        if next.is_some() && next == self.marker {
            return Err(endless("a page leads to itself"));
        }
        self.marker = next;
        Ok(self.marker.is_some())
    }

    fn count(&mut self, bytes: usize) -> Result<(), ApiError> {
        self.bytes += bytes.max(SMALLEST_PAGE);
        match self.bytes > LARGEST_LIST {
            true => Err(endless("it is larger than 32 MiB")),
            false => Ok(()),
        }
    }
}

fn endless(why: &str) -> ApiError {
    ApiError::Unexpected {
        status: 200,
        text: format!("the list has no end: {why}"),
    }
}

impl Quay {
    /// GET of the list's next page, parsed.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        pages: &mut Pages,
        path: &str,
        query: &[(&str, &str)],
        needs: &'static str,
    ) -> Result<T, ApiError> {
        let mut query = query.to_vec();
        let marker = pages.marker.clone();
        query.extend(marker.as_deref().map(|marker| ("next_page", marker)));
        let answer = self.get_answer(path, &query, needs).await?;
        pages.count(answer.body.len())?;
        body::parse(answer.status, &answer.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_with_its_last_page_and_an_endless_one_is_an_error() {
        let mut pages = Pages::default();
        let marker = |text: &str| Some(text.to_owned());
        assert_eq!(pages.go_on(marker("a")), Ok(true));
        assert_eq!(pages.go_on(marker("b")), Ok(true));
        assert!(pages.go_on(marker("b")).is_err());
        assert_eq!(Pages::default().go_on(None), Ok(false));
        let mut pages = Pages::default();
        let empty = (1..).find(|_| pages.count(0).is_err());
        assert_eq!(empty, Some(LARGEST_LIST / SMALLEST_PAGE + 1));
    }
}
