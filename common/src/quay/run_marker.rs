//! Markers: the robots by which runs of a rotation tell each other that they are at work.

use super::bridge::name_beside;
use super::robots::ListedRobot;
use crate::names::RobotName;
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// Whoever has not renewed its marker for so long, by Quay's clock, is taken for dead.
const LASTS: SignedDuration = SignedDuration::from_secs(60);

const PREFIX: &str = "kubectl-quay run ";
const ROTATION: &str = " of rotation ";
const MACHINE: &str = " on ";

/// One run of a rotation, as its markers' descriptions tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Of this process alone: 8 hex digits.
    pub id: String,
    /// The rotation's id, which several runs may serve one after the other.
    pub rotation: String,
    /// Where it runs, for people.
    pub machine: String,
}

/// The marker of a run: a robot without any right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunMarker {
    /// Its name: `org+name-run-<id>-<seconds>`.
    pub name: RobotName,
    pub run: Run,
    /// When it was put up, by Quay's clock.
    pub at: Timestamp,
}

impl Run {
    /// The name of the run's marker that is put up at this time. A run gives no name twice.
    pub fn marker_name(&self, robot: &RobotName, at: Timestamp) -> Option<RobotName> {
        name_beside(robot, &format!("-run-{}-{}", self.id, at.as_second()))
    }

    fn parse(description: &str) -> Option<Self> {
        let (id, rest) = description.strip_prefix(PREFIX)?.split_once(ROTATION)?;
        let (rotation, machine) = rest.split_once(MACHINE)?;
        let is_word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
        [id, rotation, machine]
            .into_iter()
            .all(is_word)
            .then(|| Self {
                id: id.to_owned(),
                rotation: rotation.to_owned(),
                machine: machine.to_owned(),
            })
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            rotation,
            machine,
        } = self;
        write!(f, "{PREFIX}{id}{ROTATION}{rotation}{MACHINE}{machine}")
    }
}

impl RunMarker {
    /// The markers of runs that work on `robot`, among the robots of its namespace.
    pub fn of(robot: &RobotName, listed: &[ListedRobot]) -> Vec<Self> {
        let listed = listed.iter();
        listed.filter_map(|it| Self::read(robot, it)).collect()
    }

    /// Whether a listed robot is the marker of a run, whatever that works on.
    pub fn is_one(listed: &ListedRobot) -> bool {
        Run::parse(&listed.description).is_some()
    }

    fn read(robot: &RobotName, listed: &ListedRobot) -> Option<Self> {
        let run = Run::parse(&listed.description)?;
        let (_, seconds) = listed.name.rsplit_once('-')?;
        let named = Timestamp::from_second(seconds.parse().ok()?).ok()?;
        let name = run.marker_name(robot, named)?;
        (name.as_str() == listed.name).then(|| Self {
            name,
            run,
            // The name has the time as the run took it; Quay's own word counts for more.
            at: listed.created.unwrap_or(named),
        })
    }

    /// Whether its run is to be taken for alive. A clock that was set back makes it no younger.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.at).abs() < LASTS
    }

    /// When its run is to be taken for dead, if it puts up no other marker until then.
    pub fn ends(&self) -> Timestamp {
        self.at.checked_add(LASTS).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        Run {
            id: "1a2b3c4d".to_owned(),
            rotation: "20261127T045012Z-3f9c2a71".to_owned(),
            machine: "build-7.example.com".to_owned(),
        }
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn listed(name: &str, description: &str, created: Option<Timestamp>) -> ListedRobot {
        ListedRobot {
            name: name.to_owned(),
            created,
            last_accessed: None,
            description: description.to_owned(),
            repositories: None,
            teams: None,
        }
    }

    #[test]
    fn a_marker_is_read_as_it_was_put_up_and_nothing_else_is_one() {
        let robot: RobotName = "myorg+puller".parse().unwrap();
        let at = time("2026-11-27T04:50:12Z");
        let name = run().marker_name(&robot, at).unwrap();
        assert_eq!(name.as_str(), "myorg+puller-run-1a2b3c4d-1795755012");
        let description = run().to_string();
        let put_up = listed(name.as_str(), &description, None);
        let marker = RunMarker {
            name: name.clone(),
            run: run(),
            at,
        };
        assert_eq!(RunMarker::of(&robot, &[put_up]), [marker]);
        let other: RobotName = "myorg+pull".parse().unwrap();
        for (robot, listed) in [
            (&robot, listed(name.as_str(), "pulls", None)),
            (&robot, listed("myorg+puller", &description, None)),
            (&robot, listed("myorg+puller-run-1-2", &description, None)),
            (&other, listed(name.as_str(), &description, None)),
        ] {
            assert_eq!(RunMarker::of(robot, &[listed]), []);
        }
    }

    #[test]
    fn long_names_are_cut_and_read_all_the_same() {
        for length in 200..=RobotName::MAX_LENGTH - 6 {
            let robot: RobotName = format!("myorg+{}", "x".repeat(length)).parse().unwrap();
            let at = time("2026-11-27T04:50:12Z");
            let name = run().marker_name(&robot, at).unwrap();
            let put_up = listed(name.as_str(), &run().to_string(), None);
            assert_eq!(RunMarker::of(&robot, &[put_up]).len(), 1, "{length}");
        }
    }

    #[test]
    fn a_marker_is_fresh_for_a_minute_of_quays_clock() {
        let robot: RobotName = "myorg+puller".parse().unwrap();
        let name = run().marker_name(&robot, time("2026-11-27T03:00:00Z"));
        let created = Some(time("2026-11-27T04:50:12Z"));
        let put_up = listed(name.unwrap().as_str(), &run().to_string(), created);
        let marker = &RunMarker::of(&robot, &[put_up])[0];
        for (now, is_fresh) in [
            ("2026-11-27T04:50:12Z", true),
            ("2026-11-27T04:51:11Z", true),
            ("2026-11-27T04:51:12Z", false),
            // The clock was set back by a little, and by much.
            ("2026-11-27T04:50:00Z", true),
            ("2026-11-27T03:50:00Z", false),
        ] {
            assert_eq!(marker.is_fresh(time(now)), is_fresh, "{now}");
        }
        assert_eq!(marker.ends(), time("2026-11-27T04:51:12Z"));
    }
}
