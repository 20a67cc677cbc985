//! What the page promises, on receipts of rotations that never were.

use super::sample::{bridge, in_place};
use super::*;
use std::collections::HashSet;

/// The elements that are open at the end of the text; each has to close what is innermost.
/// Of those that HTML never closes, the page has only `meta`.
pub(super) fn open_elements(page: &str) -> Vec<&str> {
    let mut open = Vec::new();
    for tag in page
        .split('<')
        .skip(1)
        .map(|rest| rest.split_once('>').unwrap().0)
    {
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed out of turn");
        } else if !tag.starts_with("meta ") && !tag.starts_with('!') {
            open.push(tag.split(' ').next().unwrap());
        }
    }
    open
}

/// Every number after ` name="` in the picture.
fn numbers(page: &str, name: &str) -> Vec<f64> {
    let (_, picture) = page.split_once("<svg").unwrap();
    let (picture, _) = picture.split_once("</svg>").unwrap();
    let attribute = format!(" {name}=\"");
    let values = picture.split(&attribute).skip(1);
    values
        .map(|rest| rest.split_once('"').unwrap().0.parse().unwrap())
        .collect()
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let page = receipt_page(&bridge(3, 500));
    for word in [
        "http:", "https:", "<script", "<link", "<img", "@import", "src=", "url(h",
    ] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(open_elements(&page).is_empty());
}

#[test]
fn every_secret_is_in_exactly_one_row() {
    let page = receipt_page(&bridge(3, 500));
    let (_, list) = page.split_once("Every secret</h2>").unwrap();
    let (list, _) = list.split_once("</section>").unwrap();
    let clusters: Vec<&str> = list.split("<details").skip(1).collect();
    assert_eq!(clusters.len(), 3);
    for cluster in clusters {
        let rows = cluster.split("<th scope=\"row\">").skip(1);
        let rows: Vec<&str> = rows.map(|row| row.split_once('<').unwrap().0).collect();
        assert_eq!(rows.len(), 500);
        assert_eq!(rows.iter().collect::<HashSet<_>>().len(), 500);
    }
}

#[test]
fn a_page_of_1500_secrets_is_below_a_megabyte_and_draws_their_density() {
    let page = receipt_page(&bridge(3, 500));
    assert!(page.len() < 1_000_000, "{}", page.len());
    let (_, picture) = page.split_once("<svg").unwrap();
    let (picture, _) = picture.split_once("</svg>").unwrap();
    assert!(picture.len() < 60_000, "{}", picture.len());
    // To the bridge and back, for each cluster.
    assert_eq!(picture.matches("class=\"stroke ").count(), 6);
}

#[test]
fn few_switches_are_drawn_one_by_one_with_their_names() {
    let page = receipt_page(&bridge(1, 1));
    assert_eq!(page.matches("class=\"stroke ").count(), 2);
    assert!(page.contains("team-000/quay-pull to myorg+deploy_bridge</title>"));
}

#[test]
fn everything_is_drawn_inside_the_picture() {
    for receipt in [
        bridge(1, 1),
        bridge(3, 500),
        in_place(2, 40),
        in_place(1, 1),
    ] {
        let page = receipt_page(&receipt);
        let (_, size) = page.split_once("viewBox=\"0 0 760 ").unwrap();
        let height: f64 = size.split_once('"').unwrap().0.parse().unwrap();
        let (x, width) = (numbers(&page, "x"), numbers(&page, "width"));
        assert!(x.iter().all(|x| (0.0..=760.0).contains(x)), "{x:?}");
        assert!(
            width.iter().all(|width| (0.0..=490.0).contains(width)),
            "{width:?}"
        );
        let y = numbers(&page, "y");
        assert!(y.iter().all(|y| (0.0..height).contains(y)), "{y:?}");
    }
}

#[test]
fn the_bridge_page_says_that_no_switch_was_late_and_by_how_much() {
    let page = receipt_page(&bridge(2, 3));
    assert!(page.contains(
        "At every switch the registry still accepted the credential that the secret held before."
    ));
    assert!(
        page.contains(
            "the registry still accepted the old token for at least 2\u{a0}min\u{a0}01\u{a0}s, the bridge for"
        )
    );
    assert!(page.contains("<strong>0</strong><span>of 12 switches too late"));
    assert!(!page.contains("class=\"window\""));
    assert!(page.contains("drawn shorter than they were"));
}

#[test]
fn a_switch_from_nobody_knows_what_is_not_claimed_to_be_in_time() {
    let mut receipt = bridge(1, 3);
    receipt.targets[0].before = None;
    let page = receipt_page(&receipt);
    assert!(page.contains("At 5 of 6 switches the registry still accepted the credential"));
    assert!(page.contains("it is unknown what the other secrets held before"));
    assert!(!page.contains("At every switch"));
}

#[test]
fn a_secret_that_keeps_the_dead_token_is_drawn_in_red() {
    let mut receipt = bridge(1, 3);
    assert!(!receipt_page(&receipt).contains("class=\"area dead\""));
    receipt
        .switches
        .retain(|switch| switch.namespace != "team-001");
    let page = receipt_page(&receipt);
    assert!(page.contains("class=\"area dead\""));
    assert!(!page.contains("still accepted the old token"));
}

#[test]
fn an_aborted_rotation_says_that_nothing_was_replaced() {
    let mut receipt = bridge(1, 3);
    receipt.outcome = End::Aborted;
    receipt.before = receipt.after.as_ref().map(ToString::to_string);
    let page = receipt_page(&receipt);
    assert!(page.contains("was reverted in 3 places in 1 cluster: the token was not replaced."));
    assert!(page.contains(" is still <code"));
    assert!(page.contains("✓ as before</td>"));
    assert!(!page.contains("✓ rotated"));
}

#[test]
fn the_in_place_page_marks_the_window_with_its_length() {
    let receipt = in_place(2, 100);
    let page = receipt_page(&receipt);
    let took = length(receipt.window_ms.unwrap() as f64 / 1e3);
    assert!(page.contains(&format!(">window {took}</text>")));
    assert!(page.contains(&format!("Pulls could fail for {took}:")));
    assert!(page.contains("class=\"area dead\""));
    assert!(!page.contains("the registry still accepted the credential"));
}

#[test]
fn what_is_not_proved_is_said_at_the_top() {
    let mut receipt = bridge(1, 2);
    receipt.statements[1].holds = false;
    receipt.skipped = vec!["far".to_owned()];
    receipt.resumed = true;
    let page = receipt_page(&receipt);
    let (top, _) = page.split_once("</header>").unwrap();
    assert!(top.contains("Not proved: 1 of 3 checks fail"));
    assert!(top.contains("Cluster far did not answer"));
    assert!(top.contains("An earlier run began this rotation"));
}

#[test]
fn a_robot_without_a_cluster_has_a_page_too() {
    let mut receipt = in_place(0, 0);
    receipt.window_ms = Some(0);
    let page = receipt_page(&receipt);
    assert!(page.contains("Its token at quay.example.com was replaced."));
    assert!(!page.contains("Every secret</h2>"));
    assert!(open_elements(&page).is_empty());
}
