//! The list of rooms, from top to bottom.

use std::collections::BTreeSet;

/// Where the list begins in the page.
const FENCE: &str = "```rooms\n";

/// Rows of rooms, the topmost first.
pub struct Plan {
    rows: Vec<Vec<String>>,
}

impl Plan {
    /// Reads the block that is fenced as `rooms`: a row a line, its rooms separated by commas,
    /// then at least two spaces and what they are for.
    pub fn read(page: &str) -> Self {
        let (_, list) = page.split_once(FENCE).unwrap();
        let (list, _) = list.split_once("```").unwrap();
        let rows = list.lines().map(|line| {
            let rooms = line.split("  ").next().unwrap_or_default();
            rooms
                .split(',')
                .map(|room| room.trim().to_owned())
                .collect()
        });
        Self {
            rows: rows.collect(),
        }
    }

    /// Why `room` may not import from `other`, if it may not.
    pub fn forbids(&self, room: &str, other: &str) -> Option<String> {
        let relation = match (self.row(room)?, self.row(other)?) {
            (own, its) if its > own => return None,
            (own, its) if its == own => "stands in the same row as",
            _ => "stands above",
        };
        Some(format!(
            "`{room}` imports from `{other}`, and `{other}` {relation} `{room}`"
        ))
    }

    /// Rooms that only the plan or only the house has.
    pub fn differs_from(&self, rooms: &BTreeSet<&str>) -> Vec<String> {
        let planned: BTreeSet<&str> = self.rows.iter().flatten().map(String::as_str).collect();
        let unplanned = rooms
            .difference(&planned)
            .map(|room| format!("`{room}` is not in the plan"));
        let missing = planned
            .difference(rooms)
            .map(|room| format!("`{room}` is in the plan, and there is no such room"));
        unplanned.chain(missing).collect()
    }

    fn row(&self, room: &str) -> Option<usize> {
        self.rows
            .iter()
            .position(|row| row.iter().any(|other| other == room))
    }
}
