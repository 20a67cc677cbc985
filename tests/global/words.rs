//! The words of the command line, as they are typed and as hints say them.

use crate::global::world::World;

#[test]
fn flags_may_stand_before_the_subcommand() {
    let world = World::new();
    let behind = world.run("show --context admin -o json").expect(0);
    let before = world.run("--context admin -o json show").expect(0);
    assert_eq!(before.stdout, behind.stdout);
    world
        .run("--context admin --dry-run remove registry.example.com")
        .expect(0)
        .prints("removed (client dry run)");
    world
        .run("--nothing show")
        .expect(2)
        .says("unexpected argument '--nothing'");
    world.run("--context show").expect(2);
}

#[test]
fn who_types_oc_is_told_to_type_oc() {
    let world = World::new();
    let output = world.run("show --as nobody").expect(1);
    output.says(
        "oc --context admin --as nobody -n openshift-config auth can-i get secrets/pull-secret",
    );
}
