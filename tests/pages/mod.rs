//! Every `console` block of the README and the docs, typed as it stands there and held against
//! what is printed. Times, fingerprints and the width of columns may differ (`Seen`); `…` in a
//! page stands for anything.
//!
//! A page is played by a scene: a function that prepares a [`stage::Stage`] and types the page's
//! blocks on it. A block that cannot be typed is in [`not_played`], with the reason.

mod block;
mod global;
mod installation;
mod not_played;
mod openshift;
mod page;
mod pull_secrets;
mod readme;
mod robots;
mod rotation;
mod screen;
mod stage;

/// A test for each page with blocks.
macro_rules! pages {
    ($($test:ident: $page:literal by $scenes:path;)*) => {
        /// Every page that is played.
        const PLAYED: &[&str] = &[$($page),*];

        $(
            #[test]
            fn $test() {
                page::play($page, $scenes);
            }
        )*
    };
}

pages! {
    the_readme_prints_what_it_shows: "README.md" by readme::play;
    the_page_of_robots_prints_what_it_shows: "docs/robots.md" by robots::play;
    the_page_of_pull_secrets_prints_what_it_shows: "docs/pull-secrets.md" by pull_secrets::play;
    the_page_of_rotations_prints_what_it_shows: "docs/rotation.md" by rotation::play;
    the_page_of_the_global_pull_secret_prints_what_it_shows:
        "docs/global-pull-secret.md" by global::play;
    the_page_of_the_installation_prints_what_it_shows:
        "docs/installation.md" by installation::play;
}

#[test]
fn every_block_is_on_a_page_that_is_played_or_has_a_reason() {
    let blocks = block::all();
    assert!(!blocks.is_empty());
    for block in blocks {
        let is_played = PLAYED.contains(&block.page.as_str());
        let has_reason = not_played::reason(&block).is_some();
        assert!(is_played || has_reason, "{}", page::nobody_plays(&block));
    }
}
