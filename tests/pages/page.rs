//! One page, whose blocks are played one after another.

use crate::pages::block::{self, Block, Command};
use crate::pages::not_played;
use crate::pages::screen;
use crate::pages::stage::Stage;
use quay_tests::{Output, Run, Seen};

/// The blocks of a page that nobody has played yet.
pub struct Page {
    path: &'static str,
    blocks: Vec<Block>,
}

/// A block while it is played. Every command of it has to be typed.
pub struct Playing {
    block: Block,
}

/// A command that is about to be typed.
pub struct Typing<'a> {
    page: String,
    command: Command,
    stage: &'a Stage,
    code: i32,
    answer: &'a str,
    hidden: Option<&'a str>,
    reveals: Option<&'a str>,
}

/// Plays a page, and fails unless each of its blocks was played or has a reason not to be.
pub fn play(path: &'static str, scenes: fn(&mut Page)) {
    let of_this = block::all().into_iter().filter(|block| block.page == path);
    let mut page = Page {
        path,
        blocks: of_this.collect(),
    };
    scenes(&mut page);
    page.blocks
        .retain(|block| not_played::reason(block).is_none());
    if let Some(left) = page.blocks.first() {
        panic!("{}", nobody_plays(left));
    }
}

/// What to do about a block that is new.
pub fn nobody_plays(block: &Block) -> String {
    format!(
        "{}:{}: no test plays the block `$ {}`: play it in tests/pages/, or say in \
         tests/pages/not_played.rs why that is impossible and which test holds it instead",
        block.page,
        block.line,
        block.begins()
    )
}

impl Page {
    /// The next block that begins with this command, or with a command that begins so.
    #[track_caller]
    pub fn block(&mut self, begins: &str) -> Playing {
        let found = self
            .blocks
            .iter()
            .position(|block| block.begins().starts_with(begins));
        let found = found.unwrap_or_else(|| {
            panic!(
                "{} has no block `$ {begins}` any more: change its scene",
                self.path
            )
        });
        Playing {
            block: self.blocks.remove(found),
        }
    }
}

impl Playing {
    /// The next command.
    #[track_caller]
    pub fn next<'a>(&mut self, stage: &'a Stage) -> Typing<'a> {
        assert!(
            !self.block.commands.is_empty(),
            "{} has fewer commands than its scene",
            self.block.page
        );
        Typing {
            page: self.block.page.clone(),
            command: self.block.commands.remove(0),
            stage,
            code: 0,
            answer: "",
            hidden: None,
            reveals: None,
        }
    }

    /// All commands that are left.
    #[track_caller]
    pub fn rest(mut self, stage: &Stage) {
        while !self.block.commands.is_empty() {
            self.next(stage).holds();
        }
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        if let Some(left) = self.block.commands.first()
            && !std::thread::panicking()
        {
            panic!(
                "{}:{}: the scene of the block does not type this command",
                self.block.page, left.line
            );
        }
    }
}

impl<'a> Typing<'a> {
    /// It ends with this exit code.
    pub fn ends_with(mut self, code: i32) -> Self {
        self.code = code;
        self
    }

    /// The user answers its question so.
    pub fn answered(mut self, text: &'a str) -> Self {
        self.answer = text;
        self
    }

    /// The user types this once nothing of it is shown.
    pub fn types_hidden(mut self, text: &'a str) -> Self {
        self.hidden = Some(text);
        self
    }

    /// It prints this token, as it was asked to.
    pub fn reveals(mut self, token: &'a str) -> Self {
        self.reveals = Some(token);
        self
    }

    /// This is typed in place of what the page has: what takes minutes is not waited for.
    #[track_caller]
    pub fn instead(mut self, words: &str, others: &str) -> Self {
        assert!(self.command.typed.contains(words), "{}", self.command.typed);
        self.command.typed = self.command.typed.replace(words, others);
        self
    }

    /// Types it, and compares what is printed then with the page.
    #[track_caller]
    pub fn holds(self) {
        self.meanwhile(|| {});
    }

    /// The same; `act` happens while it runs.
    #[track_caller]
    pub fn meanwhile(self, act: impl FnOnce()) {
        let started = self.run().spawn();
        act();
        let output = started.wait();
        compare(&self.page, &self.command, &output, self.code);
    }

    fn run(&self) -> Run<'a> {
        let typed = ["-o", "pipefail", "-c", &self.command.typed];
        let run = self.stage.context.command(typed).on_terminal();
        let run = match self.reveals {
            Some(token) => run.reveals(token),
            None => run,
        };
        match self.hidden {
            Some(text) => run.types_hidden(text),
            None => run.stdin(self.answer),
        }
    }
}

/// Fails unless this came out of a command, as far as the page shows it.
#[track_caller]
fn compare(page: &str, command: &Command, output: &Output, code: i32) {
    let printed = screen::shows(&output.stdout);
    // Shown if what follows fails.
    println!("{page}:{}\n$ {}\n{printed}", command.line, command.typed);
    let at = format!("{page}:{}", command.line);
    assert_eq!(output.code, code, "exit code at {at}\n{}", output.stderr);
    if command.shown.is_empty() {
        return;
    }
    let seen = Seen::new(&[]);
    seen.holds(&printed, expected(&seen.text(&command.shown.join("\n"))));
}

/// In a page `…` stands for any lines, or for any text in a line. The one that ends a line is
/// printed so, about work that begins.
fn expected(shown: &str) -> String {
    let line = |line: &str| match (line, line.strip_suffix(" …")) {
        ("…", _) => "...".to_owned(),
        (_, Some(before)) => format!("{} …", before.replace('…', "[..]")),
        (line, None) => line.replace('…', "[..]"),
    };
    shown.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_a_page_leaves_out_may_be_anything_and_all_else_is_held() {
    let holds = |shown: &[&str], printed: &str| {
        let command = Command {
            line: 1,
            typed: "x".to_owned(),
            shown: shown.iter().map(|line| (*line).to_owned()).collect(),
        };
        let output = Output {
            code: 0,
            stdout: printed.to_owned(),
            stderr: String::new(),
        };
        std::panic::catch_unwind(|| compare("page.md", &command, &output, 0)).is_ok()
    };
    assert!(holds(
        &["a  b", "…", "in 2.5s: … end"],
        "a    b\r\n1\r\n2\r\nin 1m3s: an end\r\n"
    ));
    assert!(!holds(
        &["a  b", "…", "in 2.5s: … end"],
        "a    b\r\n1\r\n2\r\nin 1m3s: an ending\r\n"
    ));
    assert!(!holds(&["a"], "a\r\nb\r\n"));
    assert!(holds(&["a …"], "a …\r\n"));
    assert!(!holds(&["a …"], "a b\r\n"));
    assert!(holds(&[], "anything\r\n"));
}
