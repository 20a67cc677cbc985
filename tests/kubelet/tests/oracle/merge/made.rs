//! Merges that are made, the same ones for the same seed.

use super::edit::{Edit, Step};
use super::generate::Random;
use super::{Became, Kubelet, Merge};
use fastrand::Rng;
use quay_common::dockerconfig::Document;
use quay_common::kubelet::Format;
use std::collections::HashSet;
use std::io::Write;
use std::time::{Duration, Instant};

/// How many merges are made where nobody says: what takes code that is not optimized a few
/// seconds. `.ci/run` has 200,000 made by optimized code.
const MERGES: u64 = 5_000;
/// How many `cargo xtask kubelet --merges` wants.
const WANTED: &str = "QUAY_TEST_MERGES";
/// Of which seed.
const SEED: &str = "QUAY_TEST_MERGES_SEED";
/// One of so many is held to the kubelet's own code too, which answers through a pipe.
const SAMPLE: u64 = 50;
/// How often those who wait are told how far it is.
const TOLD: Duration = Duration::from_secs(5);

/// What the merges came to.
#[derive(Default)]
struct Count {
    refused: u64,
    unchanged: u64,
    written: u64,
    by_kubelet: u64,
}

/// Makes merges and holds them.
pub fn hold_many() {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let (wanted, seed) = (number(WANTED), number(SEED).unwrap_or(0));
    let merges = wanted.unwrap_or(MERGES);
    let mut kubelet = Kubelet::start();
    let mut count = Count::default();
    let (began, mut told) = (Instant::now(), Instant::now());
    for at in 0..merges {
        let asked = kubelet.as_mut().filter(|_| at % SAMPLE == 0);
        count.by_kubelet += u64::from(asked.is_some());
        let which = format!("merge {at} of seed {seed}");
        match merge(seed, at).hold(asked, &which) {
            Became::Refused => count.refused += 1,
            Became::Unchanged => count.unchanged += 1,
            Became::Written => count.written += 1,
        }
        if wanted.is_some() && told.elapsed() >= TOLD {
            told = Instant::now();
            tell(&format!("{} of {merges} merges hold", at + 1));
        }
    }
    let Count {
        refused,
        unchanged,
        written,
        by_kubelet,
    } = count;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{merges} generated merges of seed {seed} held in {seconds:.0} s: {written} written, \
         {unchanged} with nothing to do, {refused} refused; {by_kubelet} of them to the \
         kubelet's own code"
    );
}

/// Past what cargo keeps of a test's output.
fn tell(progress: &str) {
    let _ = writeln!(std::io::stderr(), "{progress}");
}

fn merge(seed: u64, at: u64) -> Merge {
    let mut random = Random(Rng::with_seed(
        seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ at,
    ));
    let legacy = random.one_in(4);
    let format = match legacy {
        true => Format::DockerCfg,
        false => Format::DockerConfigJson,
    };
    let image = random.image();
    let mut content = random.content(legacy, &image);
    if random.one_in(8) {
        damage(&mut random, &mut content);
    }
    let edit = edit(&mut random, format, &content, &image);
    Merge::of(format, content, &image, edit)
}

fn edit(random: &mut Random, format: Format, content: &[u8], image: &str) -> Edit {
    let document = Document::parse(format, content);
    let there = document.iter().flat_map(Document::entries);
    let there: Vec<String> = there.map(|(key, _)| key.to_owned()).collect();
    match random.0.u32(0..12) {
        0 | 1 => Edit::Repair,
        2 => Edit::Swap(random.0.u32(0..9)),
        3 => Edit::Place(key(random, &there, image)),
        _ => {
            let count = [1, 1, 1, 2, 3][random.0.usize(0..5)];
            let mut steps: Vec<Step> = (0..count).map(|_| step(random, &there, image)).collect();
            // An entry that is set anew after it was removed is another one.
            let mut keys = HashSet::new();
            steps.retain(|step| keys.insert(step.key().to_owned()));
            Edit::Steps(steps)
        }
    }
}

fn step(random: &mut Random, there: &[String], image: &str) -> Step {
    let key = key(random, there, image);
    match random.one_in(3) {
        true => Step::Remove(key),
        false => Step::Set(key, random.0.u32(0..4)),
    }
}

/// One that is there, or a new one.
fn key(random: &mut Random, there: &[String], image: &str) -> String {
    match random.0.choice(there) {
        Some(key) if !random.one_in(3) => key.clone(),
        _ => String::from_utf8_lossy(&random.key(image)).into_owned(),
    }
}

/// What a bad copy, a bad disk or a bad script leaves.
fn damage(random: &mut Random, content: &mut Vec<u8>) {
    for _ in 0..random.0.usize(1..4) {
        let from = random.0.usize(0..=content.len());
        let to = random.0.usize(from..=content.len()).min(from + 12);
        match random.0.u32(0..5) {
            0 => content.truncate(from),
            1 => drop(content.drain(from..to)),
            2 => {
                let again = content[from..to].to_vec();
                content.splice(to..to, again);
            }
            3 => {
                let odd = [
                    "\\ud800", "\"", "\\", "{}", ",", "1e400", ":null", "\u{FFFD}",
                ];
                let odd = random.of(&odd).as_bytes().to_vec();
                content.splice(from..from, odd);
            }
            _ if from < to => content[from] = random.0.u8(..),
            _ => {}
        }
    }
}
