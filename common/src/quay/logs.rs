//! The usage log: who pulled what, and when.

use super::client::Quay;
use super::pages::Pages;
use crate::names::RobotName;
use crate::web::{ApiError, body};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Pages are read until one holds a pull; a robot that only pushes has no end of them.
const MOST_PAGES: usize = 50;

/// One pull by a robot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pull {
    /// When.
    pub at: Timestamp,
    /// Of which repository, `org/name`, where the log says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// From which address, where the log says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// With which program, where the log says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

#[derive(Deserialize)]
struct LogPage {
    logs: Vec<LogEntry>,
    next_page: Option<String>,
}

#[derive(Deserialize)]
struct LogEntry {
    kind: String,
    #[serde(default)]
    metadata: serde_json::Value,
    #[serde(default)]
    ip: Option<String>,
    #[serde(default, deserialize_with = "body::time")]
    datetime: Option<Timestamp>,
    #[serde(default)]
    performer: Option<Performer>,
}

#[derive(Deserialize)]
struct Performer {
    name: String,
}

impl LogEntry {
    fn into_pull(self, robot: &RobotName) -> Option<Pull> {
        let by_robot = self
            .performer
            .as_ref()
            .is_none_or(|performer| performer.name == robot.as_str());
        if self.kind != "pull_repo" || !by_robot {
            return None;
        }
        let text = |key: &str| Some(self.metadata.get(key)?.as_str()?.to_owned());
        let repository = text("repo").map(|repo| {
            let namespace = text("namespace").unwrap_or_else(|| robot.namespace().to_owned());
            format!("{namespace}/{repo}")
        });
        Some(Pull {
            at: self.datetime?,
            repository,
            agent: text("user-agent"),
            ip: self.ip,
        })
    }
}

impl Quay {
    /// The robot's last pull since `since`, a time of [`Quay::now`] (to the day, as the log is
    /// asked by day).
    ///
    /// # Errors
    /// [`ApiError::MissingScope`] where the token may not read the log.
    pub async fn last_pull(
        &self,
        robot: &RobotName,
        since: Timestamp,
    ) -> Result<Option<Pull>, ApiError> {
        let mut pages = Pages::default();
        for _ in 0..MOST_PAGES {
            let page = self.log_page(robot, since, &mut pages).await?;
            let pulls = page
                .logs
                .into_iter()
                .filter_map(|entry| entry.into_pull(robot));
            // Entries come newest first.
            if let Some(last) = pulls.max_by_key(|pull| pull.at) {
                return Ok(Some(last));
            }
            if !pages.go_on(page.next_page)? {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// The robot's pulls since `since`, a time of [`Quay::now`] (to the day), newest first, of at most 50 pages.
    ///
    /// # Errors
    /// [`ApiError::MissingScope`] where the token may not read the log.
    pub async fn pulls(&self, robot: &RobotName, since: Timestamp) -> Result<Vec<Pull>, ApiError> {
        let mut pulls = Vec::new();
        let mut pages = Pages::default();
        for _ in 0..MOST_PAGES {
            let page = self.log_page(robot, since, &mut pages).await?;
            let entries = page.logs.into_iter();
            pulls.extend(entries.filter_map(|entry| entry.into_pull(robot)));
            if !pages.go_on(page.next_page)? {
                break;
            }
        }
        pulls.sort_by_key(|pull| std::cmp::Reverse(pull.at));
        Ok(pulls)
    }

    async fn log_page(
        &self,
        robot: &RobotName,
        since: Timestamp,
        pages: &mut Pages,
    ) -> Result<LogPage, ApiError> {
        let namespace = robot.namespace();
        let (path, needs) = if self.is_own(namespace).await? {
            ("/api/v1/user/logs".to_owned(), "user:admin")
        } else {
            (
                format!("/api/v1/organization/{namespace}/logs"),
                "org:admin",
            )
        };
        // Without a start the log answers for one day only.
        let start = day(since);
        let query = [("performer", robot.as_str()), ("starttime", &start)];
        self.page(pages, &path, &query, needs).await
    }
}

/// A day as the log is asked for: `MM/DD/YYYY`, in UTC.
fn day(time: Timestamp) -> String {
    let date = time.to_zoned(TimeZone::UTC).date();
    format!("{:02}/{:02}/{:04}", date.month(), date.day(), date.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_as_quay_reads_them() {
        let time: Timestamp = "2026-11-02T23:59:59Z".parse().unwrap();
        assert_eq!(day(time), "11/02/2026");
    }

    #[test]
    fn only_the_robots_own_pulls_count() {
        let robot: RobotName = "myorg+deploy".parse().unwrap();
        let entry = |kind: &str, performer: &str| {
            let text = serde_json::json!({
                "kind": kind, "metadata": {"repo": "my-app", "namespace": "myorg"},
                "ip": "10.0.0.1", "datetime": "Sun, 22 Nov 2026 10:28:04 -0000",
                "performer": {"kind": "user", "name": performer, "is_robot": true}
            });
            serde_json::from_value::<LogEntry>(text)
                .unwrap()
                .into_pull(&robot)
        };
        let pull = entry("pull_repo", "myorg+deploy").unwrap();
        assert_eq!(pull.repository.as_deref(), Some("myorg/my-app"));
        assert_eq!(entry("push_repo", "myorg+deploy"), None);
        assert_eq!(entry("pull_repo", "myorg+other"), None);
    }
}
