//! Every command that writes, and every signal that ends it, at moments that a seed chooses: while
//! some request of the command is under way. Whatever the moment: nothing is lost, whoever can
//! report does, and the same command run again leaves what an undisturbed run leaves, and no more.

mod global;
mod robots;
mod rotations;
mod secrets;

use crate::faults::kill::Promise;
use crate::faults::signals::ignores_hangups;
use crate::faults::world::World;
use quay_sandbox::http::Hold;
use quay_sandbox::http::{Fault, Faults, RequestLog};
use quay_tests::{MOMENTS, Moment, Output};
use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Repeats the moments of an earlier run: the number that its output names.
const SEED: &str = "QUAY_TEST_SEED";
/// How many moments are tried for each command and signal; one, if it is not set.
const MOMENTS_EACH: &str = "QUAY_TEST_MOMENTS";

/// The signals, and whether a run can report after them. A core dump is asked for with QUIT; the
/// plugins leave it to the system, as they have to leave KILL.
const SIGNALS: [(&str, bool); 5] = [
    ("INT", true),
    ("TERM", true),
    ("HUP", true),
    ("QUIT", false),
    ("KILL", false),
];

/// Holds a command to its promise through every signal.
fn at_any_moment<W: Borrow<World>>(name: &str, world: &mut W, promise: &mut dyn Promise<W>) {
    let mut moments = Moments::of(name);
    let (requests, files) = undisturbed(world, promise);
    for (signal, reports) in SIGNALS {
        if signal == "HUP" && ignores_hangups() {
            continue;
        }
        for _ in 0..moments.each {
            let at = moments.choose(requests);
            println!("{name}: {signal} {at}; again with {SEED}={}", moments.seed);
            let arguments = promise.prepare(world);
            let server = Servers::of(world);
            server.clear();
            let hold = Hold::default();
            server.hold(&at, &hold);
            let mut run = promise.command(world, &arguments).spawn();
            let reached = run.reaches(&hold, 1);
            if reached {
                run.signal(signal);
            }
            // Of a process that is gone the request is dropped where it is held.
            if reports || !reached {
                hold.release();
            }
            let output = run.wait();
            server.clear_faults();
            match (reached, reports) {
                (true, false) => assert_eq!(output.code, -1, "{signal} is survived"),
                (false, _) => assert_eq!(output.code, 0, "{output:?}"),
                (true, true) => reported(&output, &promise.targets(), server.writes()),
            }
            if output.code == 0 {
                promise.is_kept(world);
            }
            promise.nothing_is_lost(world);
            promise.finish(world, &arguments);
            promise.is_kept(world);
            assert_eq!(
                self::files((*world).borrow()),
                files,
                "files are left behind"
            );
        }
    }
}

/// Runs the command to its end. Returns how many requests it sends to Quay and to the cluster, and
/// the files that are there afterwards.
fn undisturbed<W: Borrow<World>>(
    world: &mut W,
    promise: &mut dyn Promise<W>,
) -> ([usize; 2], BTreeSet<PathBuf>) {
    let arguments = promise.prepare(world);
    Servers::of(world).clear();
    promise.command(world, &arguments).run().expect(0);
    let requests = Servers::of(world).requests();
    promise.is_kept(world);
    promise.finish(world, &arguments);
    (requests, files((*world).borrow()))
}

/// A run that was asked to end, and could: it ended well all the same, or wrote nothing, or says of
/// every target what became of it and what to do next.
#[track_caller]
fn reported(output: &Output, targets: &[String], writes: usize) {
    let said = format!("{}\n{}", output.stdout, output.stderr);
    match output.code {
        0 => {}
        1 | 130 if writes == 0 => assert!(!said.trim().is_empty(), "it says nothing"),
        1 => {
            for target in targets {
                assert!(
                    said.contains(target),
                    "nothing is said of {target}:\n{said}"
                );
            }
            let tells = said.contains("interrupted") || said.contains("skipped");
            assert!(tells, "it does not say that it was interrupted:\n{said}");
        }
        code => assert_eq!(
            (code, writes),
            (-1, 0),
            "it ended without a report, and had sent a write:\n{said}"
        ),
    }
}

/// Both servers that a command talks to.
struct Servers<'a> {
    faults: [&'a Faults; 2],
    logs: [&'a RequestLog; 2],
}

impl<'a> Servers<'a> {
    fn of<W: Borrow<World>>(world: &'a W) -> Self {
        let world: &World = world.borrow();
        let quay = world.quay.quay.server();
        Self {
            faults: [quay.faults(), world.faulty.faults()],
            logs: [quay.log(), world.faulty.log()],
        }
    }

    fn clear(&self) {
        self.clear_faults();
        self.logs.iter().for_each(|log| log.clear());
    }

    fn clear_faults(&self) {
        self.faults.iter().for_each(|faults| faults.clear());
    }

    fn requests(&self) -> [usize; 2] {
        self.logs.map(|log| log.count(|_| true))
    }

    fn writes(&self) -> usize {
        let logs = self.logs.iter();
        logs.map(|log| log.count(|request| request.mutates)).sum()
    }

    fn hold(&self, at: &At, hold: &Hold) {
        let (_, action) = at.moment;
        self.faults[at.server].add(Fault {
            method: None,
            path_contains: String::new(),
            skip: at.request,
            times: 1,
            action: action(hold.clone()),
        });
    }
}

/// A moment in the life of a run.
struct At {
    server: usize,
    request: usize,
    moment: (&'static str, Moment),
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let server = ["Quay", "the cluster"][self.server];
        write!(
            f,
            "{} of request {} to {server}",
            self.moment.0, self.request
        )
    }
}

/// The moments that a seed chooses for one command.
struct Moments {
    seed: u64,
    each: usize,
    state: u64,
}

impl Moments {
    fn of(name: &str) -> Self {
        let given = |name| {
            let text = std::env::var(name).ok();
            text.map(|text| text.parse().expect("a number"))
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(1, |now| u64::from(now.subsec_nanos()));
        let seed = given(SEED).unwrap_or(now);
        // A command's moments are the same whichever tests run beside it.
        let mix = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let state = name.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, mix);
        Self {
            seed,
            each: given(MOMENTS_EACH).map_or(1, |each| each as usize),
            state: state | 1,
        }
    }

    fn choose(&mut self, [quay, cluster]: [usize; 2]) -> At {
        let request = self.below(quay + cluster);
        let (server, request) = match request < quay {
            true => (0, request),
            false => (1, request - quay),
        };
        At {
            server,
            request,
            moment: MOMENTS[self.below(MOMENTS.len())],
        }
    }

    /// Marsaglia's xorshift.
    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 16) as usize % limit
    }
}

/// Every file that runs have left in this user's folders.
fn files(world: &World) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let temporary = PathBuf::from(&world.context.environment()["TMPDIR"]);
    for folder in [world.context.home(), temporary] {
        add_files(&folder, &mut found);
    }
    found
}

fn add_files(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        match entry.path() {
            path if path.is_dir() => add_files(&path, found),
            path => {
                found.insert(path);
            }
        }
    }
}
