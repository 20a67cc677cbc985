//! The house keeps to its plan: `docs/architecture.md` lists the rooms of this crate from top to
//! bottom, and a room imports only from rooms below it. Inside a room, no files import each other
//! in a circle. Code under `#[cfg(test)]` is exempt.

#![expect(clippy::unwrap_used, reason = "the sources are there, and compile")]

mod house;

use house::{House, Plan};
use std::path::Path;

/// The sources and the plan, as they are.
fn common() -> (House, Plan) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let plan = std::fs::read_to_string(root.join("../docs/architecture.md")).unwrap();
    (House::read(&root.join("src")), Plan::read(&plan))
}

/// A house of these files, under a plan of three floors; the middle one has two rooms.
fn example(files: &[(&str, &str)]) -> Vec<String> {
    let plan = Plan::read("```rooms\nattic\nkitchen, parlour   where people are\ncellar\n```\n");
    let rooms = [
        (
            "lib.rs",
            "pub mod attic; pub mod kitchen; pub mod parlour; pub mod cellar;",
        ),
        ("attic.rs", ""),
        (
            "kitchen/mod.rs",
            "mod stove; pub use stove::Stove; pub mod oven;",
        ),
        ("kitchen/stove.rs", "pub struct Stove;"),
        ("kitchen/oven.rs", ""),
        ("parlour.rs", "pub struct Sofa;"),
        ("cellar.rs", "pub struct Wine;"),
    ];
    let unchanged = rooms
        .iter()
        .filter(|(path, _)| files.iter().all(|(changed, _)| changed != path));
    House::of(unchanged.chain(files).copied()).faults(&plan)
}

#[track_caller]
fn refuses(files: &[(&str, &str)], says: &[&str]) {
    let faults = example(files);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    for part in says {
        assert!(
            faults[0].contains(part),
            "{part:?} is not in {:?}",
            faults[0]
        );
    }
}

#[test]
fn rooms_import_only_from_rooms_below_and_files_in_no_circle() {
    let (house, plan) = common();
    let faults = house.faults(&plan);
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn an_import_from_below_is_fine_wherever_it_stands() {
    let attic = "use crate::kitchen::{self, Stove as Hob}; fn f() { crate::cellar::Wine; }";
    assert_eq!(example(&[("attic.rs", attic)]), Vec::<String>::new());
}

#[test]
fn an_import_from_above_names_file_line_and_both_rooms() {
    refuses(
        &[("cellar.rs", "\n\nuse crate::kitchen::Stove;")],
        &["cellar.rs:3", "`cellar`", "`kitchen`", "above"],
    );
}

#[test]
fn an_import_from_the_same_floor_climbs_too() {
    refuses(
        &[("parlour.rs", "use crate::kitchen::Stove;")],
        &["parlour.rs:1", "`parlour`", "`kitchen`", "same row"],
    );
}

#[test]
fn a_path_in_the_middle_of_an_expression_counts() {
    refuses(
        &[("cellar.rs", "fn f() -> crate::attic::Box { todo() }")],
        &["cellar.rs:1", "`attic`"],
    );
}

#[test]
fn a_path_inside_a_macro_or_an_attribute_counts() {
    refuses(
        &[(
            "cellar.rs",
            "fn f() { println!(\"{}\", crate::attic::NAME); }",
        )],
        &["`attic`"],
    );
    refuses(
        &[(
            "cellar.rs",
            "struct A { #[serde(with = \"crate::attic::b\")] b: u8 }",
        )],
        &["`attic`"],
    );
}

#[test]
fn a_path_through_super_counts() {
    refuses(
        &[(
            "kitchen/stove.rs",
            "use super::super::attic::Box; pub struct Stove;",
        )],
        &["kitchen/stove.rs:1", "`kitchen`", "`attic`"],
    );
}

#[test]
fn an_import_through_a_re_export_counts_as_what_it_leads_to() {
    let attic = ("attic.rs", "pub struct Box;");
    let lib =
        "pub mod attic; pub mod kitchen; pub mod parlour; pub mod cellar; pub use attic::Box;";
    refuses(
        &[attic, ("lib.rs", lib), ("cellar.rs", "use crate::Box;")],
        &["cellar.rs:1", "`attic`"],
    );
}

#[test]
fn the_whole_house_is_no_import() {
    for import in ["use crate as house;", "use super::*;", "use crate::*;"] {
        refuses(&[("cellar.rs", import)], &["cellar.rs:1", "whole house"]);
    }
}

#[test]
fn tests_may_import_what_they_like() {
    let cellar = "#[cfg(test)] mod tests { use crate::attic::Box; }";
    assert_eq!(example(&[("cellar.rs", cellar)]), Vec::<String>::new());
}

#[test]
fn a_circle_of_files_in_a_room_is_named() {
    refuses(
        &[
            (
                "kitchen/stove.rs",
                "use super::oven::Heat; pub struct Stove;",
            ),
            (
                "kitchen/oven.rs",
                "use crate::kitchen::Stove; pub struct Heat;",
            ),
        ],
        &["kitchen/oven.rs", "kitchen/stove.rs", "circle"],
    );
}

#[test]
fn a_folders_own_file_and_a_file_below_it_make_a_circle_too() {
    let kitchen = "mod stove; mod oven; pub struct Table; fn cook() { oven::heat(); }";
    let oven = "use super::Table; pub fn heat() {}";
    refuses(
        &[("kitchen/mod.rs", kitchen), ("kitchen/oven.rs", oven)],
        &["kitchen/mod.rs", "kitchen/oven.rs", "circle"],
    );
}

#[test]
fn a_room_that_is_not_in_the_plan_is_named_and_so_is_one_that_is_gone() {
    let shed = ("shed.rs", "");
    refuses(&[shed], &["`shed`", "not in the plan"]);
    let plan = Plan::read("```rooms\nattic\nkitchen\nparlour\ncellar\ngarage\n```\n");
    let files = ["attic.rs", "kitchen.rs", "parlour.rs", "cellar.rs"].map(|path| (path, ""));
    let faults = House::of(files).faults(&plan);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("`garage`"), "{faults:?}");
}
