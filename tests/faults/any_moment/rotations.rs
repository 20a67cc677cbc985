//! `kubectl quay-robot rotate`.

use super::at_any_moment;
use crate::faults::kill::Promise;
use crate::rotation::resumed::{RENEW, killed_before};
use crate::rotation::world::World;
use quay_tests::{Output, text_of};

/// A rotation of either kind.
struct Rotate {
    more: &'static str,
    /// The token before.
    token: String,
}

impl Rotate {
    fn new(more: &'static str) -> Self {
        Self {
            more,
            token: String::new(),
        }
    }

    fn says_how_it_goes_on(output: &Output) {
        assert!(output.stderr.contains("next:"), "{}", output.stderr);
    }
}

impl Promise<World> for Rotate {
    fn prepare(&mut self, world: &mut World) -> Vec<String> {
        self.token = world.token();
        world.arguments(self.more)
    }

    /// In place a secret holds the dead token for a moment, but never loses anything else.
    fn nothing_is_lost(&self, world: &World) {
        if self.more.is_empty() {
            world.every_secret_works();
        }
        for secret in world.list(&world.namespace, "secrets") {
            let text = text_of(&secret);
            assert!(
                text.contains("YTpi") && text.contains(r#""psFormat":"table""#),
                "{text}"
            );
        }
    }

    fn is_kept(&self, world: &World) {
        world.is_at_rest();
        assert_ne!(world.token(), self.token, "nothing was rotated");
    }

    fn finish(&self, world: &World, _: &[String]) {
        let output = world.rotate(self.more);
        if output.code != 0 {
            Self::says_how_it_goes_on(&output);
        }
        output.expect(0);
    }
}

/// `rotate --abort` of one that was killed before it replaced the token.
struct Abort {
    token: String,
}

impl Promise<World> for Abort {
    fn prepare(&mut self, world: &mut World) -> Vec<String> {
        killed_before(world, RENEW);
        self.token = world.token();
        world.arguments("--abort")
    }

    fn nothing_is_lost(&self, world: &World) {
        world.every_secret_works();
        assert_eq!(world.token(), self.token);
    }

    fn is_kept(&self, world: &World) {
        world.is_at_rest();
        assert_eq!(world.token(), self.token);
    }

    /// Of a rotation that is over nothing can be reverted any more.
    fn finish(&self, world: &World, _: &[String]) {
        let output = world.rotate("--abort");
        if output.code != 0 {
            output.expect(1).says("nothing to revert");
        }
    }
}

#[test]
fn a_rotation_that_is_ended_at_any_moment_leaves_every_secret_alive() {
    let mut world = World::new(2);
    at_any_moment("rotate", &mut world, &mut Rotate::new(""));
}

#[test]
fn a_rotation_in_place_and_an_abort_that_are_ended_at_any_moment_are_finished_by_the_next() {
    let mut world = World::new(2);
    at_any_moment(
        "rotate --in-place",
        &mut world,
        &mut Rotate::new("--in-place"),
    );
    let mut abort = Abort {
        token: String::new(),
    };
    at_any_moment("rotate --abort", &mut world, &mut abort);
}
