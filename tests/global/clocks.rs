//! The global pull secret from a machine whose clock is days off, by libfaketime.

use crate::global::confirm::{has_file, update};
use crate::global::world::{NAMESPACE, World};
use quay_tests::eventually;
use serde_json::Value;
use std::time::{Duration, Instant};

const WITHIN: Duration = Duration::from_secs(8);

#[test]
fn what_is_not_confirmed_is_taken_back_after_its_time_whatever_the_clock_says() {
    for hours in [48, -72] {
        let mut world = World::new();
        if !world.context.put_clock_ahead(hours) {
            return;
        }
        let began = Instant::now();
        world.run(update("8s")).expect(0).prints("added");
        assert_ne!(world.text(), world.content(None), "taken back at once");
        world.run("show").expect(0).says("will be undone at");
        eventually("taken back", || world.text() == world.content(None));
        assert!(began.elapsed() >= WITHIN, "{:?}", began.elapsed());
        eventually("recorded", || has_file(&world, ".restored.json"));
        world.run("show").expect(0).says("so it was undone");
    }
}

#[test]
fn a_backup_is_kept_as_long_as_it_is_needed_and_as_old_as_it_is_whatever_the_clock_says() {
    for hours in [48, -72] {
        let mut world = World::new();
        if !world.context.put_clock_ahead(hours) {
            return;
        }
        world.run(update("10m")).expect(0);
        let selector = "-lkubectl-quay/backup-of";
        let list = ["-n", NAMESPACE, "get", "secrets", selector, "-o", "json"];
        let list: Value = serde_json::from_str(&world.cluster.kubectl(list)).expect("JSON");
        let annotations = &list["items"][0]["metadata"]["annotations"];
        let until = annotations["kubectl-quay/kept-until"].as_str();
        let until: jiff::Timestamp = until.expect("a time").parse().expect("a time");
        let left = jiff::Timestamp::now().duration_until(until);
        let sane = jiff::SignedDuration::from_mins(9)..jiff::SignedDuration::from_hours(26);
        assert!(sane.contains(&left), "{hours} hours off: kept for {left}");
        let shown = world.run("backups").expect(0).stdout;
        let is_seconds = |word: &str| {
            word.strip_suffix('s')
                .is_some_and(|n| n.parse::<u8>().is_ok())
        };
        assert!(shown.split_whitespace().any(is_seconds), "{shown}");
        world.run("confirm").expect(0);
    }
}
