//! `update`, `show` and `remove`.

use crate::world::{ROBOT, World};

#[test]
fn a_robot_is_merged_and_everything_else_survives_to_the_letter() {
    let mut world = World::new();
    let output = world.run(&["update", "--robot", ROBOT, "--yes"]).expect(0);
    output.prints("added").prints("backup pull-secret-backup-");
    assert_eq!(world.text(), world.content(Some(&world.token())));
    assert_eq!(world.backups(), [world.content(None)]);

    world
        .run(&["update", "--robot", ROBOT, "--yes"])
        .expect(0)
        .prints("unchanged");
    assert_eq!(world.backups().len(), 1, "a no-op writes nothing");

    world.regenerate();
    let output = world.run(&["update", "--yes", "-o", "json"]).expect(0);
    assert_eq!(World::item(&output, world.registry())["result"], "updated");
    assert_eq!(world.text(), world.content(Some(&world.token())));
    assert_eq!(world.backups().len(), 2);
}

#[test]
fn nothing_is_written_without_a_yes_or_by_a_dry_run() {
    let world = World::new();
    let update = ["update", "--robot", ROBOT];
    world.run(&update).expect(2).says("--yes");
    for mode in ["--dry-run", "--dry-run=server"] {
        let output = world.run(&[&update[..], &[mode]].concat()).expect(0);
        output.prints("dry run)").says("Nothing was stored");
    }
    assert_eq!(world.text(), world.content(None));
    assert!(world.backups().is_empty());
    assert_eq!(world.quay.writes(), 0);
    assert_eq!(world.faulty.log().count(|request| request.mutates), 0);
}
