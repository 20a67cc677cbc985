//! What time it is at a server, by the `Date` of its answers.

use crate::cli::span;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A machine that keeps its time by NTP is closer; `Date` has whole seconds.
const WORTH_SAYING: SignedDuration = SignedDuration::from_mins(5);

/// A server's clock, read from each of its answers. Between two of them it goes on by a clock
/// that nobody sets.
#[derive(Debug, Default)]
pub(crate) struct ServerClock {
    last: Mutex<Option<(Timestamp, Instant)>>,
}

impl ServerClock {
    /// Takes the time from an answer, if it has one.
    pub fn read(&self, headers: &http::HeaderMap) {
        let date = headers.get(http::header::DATE);
        let date = date.and_then(|date| date.to_str().ok());
        let parser = jiff::fmt::rfc2822::DateTimeParser::new();
        if let Some(date) = date.and_then(|date| parser.parse_timestamp(date).ok()) {
            *self.lock() = Some((date, Instant::now()));
        }
    }

    /// The server's time; ours until an answer told it.
    pub fn now(&self) -> Timestamp {
        self.told().unwrap_or_else(Timestamp::now)
    }

    /// Which clock is ahead, this machine's or the one of `whose`, and by how much, if that is
    /// more than five minutes.
    pub fn difference(&self, whose: &str) -> Option<String> {
        difference(Timestamp::now(), self.told()?, whose)
    }

    fn told(&self) -> Option<Timestamp> {
        let (date, read) = (*self.lock())?;
        let since = SignedDuration::try_from(read.elapsed()).ok()?;
        date.checked_add(since).ok()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Timestamp, Instant)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn difference(here: Timestamp, there: Timestamp, whose: &str) -> Option<String> {
    let ahead = here.duration_since(there);
    if ahead.abs() <= WORTH_SAYING {
        return None;
    }
    let by = span(std::time::Duration::from_secs(
        ahead.as_secs().unsigned_abs(),
    ));
    let way = match ahead.is_positive() {
        true => "ahead of",
        false => "behind",
    };
    Some(format!(
        "this machine's clock ({here:.0}) is {by} {way} {whose} ({there:.0})"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_time_is_that_of_its_last_answer_and_goes_on() {
        let clock = ServerClock::default();
        assert_eq!(clock.difference("Quay's"), None);
        let mut headers = http::HeaderMap::new();
        let date = http::HeaderValue::from_static("Sun, 22 Nov 2020 10:02:08 GMT");
        headers.insert(http::header::DATE, date);
        clock.read(&headers);
        // An answer without a date changes nothing.
        clock.read(&http::HeaderMap::new());
        let told: Timestamp = "2020-11-22T10:02:08Z".parse().unwrap();
        assert!((0..60).contains(&clock.now().duration_since(told).as_secs()));
        assert!(clock.difference("Quay's").is_some());
    }

    #[test]
    fn who_is_ahead_is_said_from_five_minutes_on() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let noon = time("2026-11-26T12:00:00Z");
        let said = |here: &str| difference(time(here), noon, "Quay's");
        assert_eq!(said("2026-11-26T12:05:00Z"), None);
        assert_eq!(said("2026-11-26T11:55:00Z"), None);
        assert_eq!(
            said("2026-11-27T13:00:00Z").as_deref(),
            Some(
                "this machine's clock (2026-11-27T13:00:00Z) is 25h ahead of Quay's \
                 (2026-11-26T12:00:00Z)"
            )
        );
        assert!(
            said("2026-11-26T11:54:00Z")
                .unwrap()
                .contains("6m behind Quay's")
        );
    }
}
