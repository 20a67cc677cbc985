//! The `console` blocks of the pages, as they stand there.

use std::path::{Path, PathBuf};

/// The pages whose blocks are played; `docs/commands` is generated and has none.
const FOLDERS: [&str; 3] = ["docs", "tests/*", "krew"];

/// A `console` block.
pub struct Block {
    pub page: String,
    /// Of its first command.
    pub line: usize,
    /// Those that have not been typed yet, in order.
    pub commands: Vec<Command>,
}

/// A command, and what a page says that it prints.
#[derive(Clone)]
pub struct Command {
    pub line: usize,
    /// What stands after `$ `; with several lines where `\` continues it.
    pub typed: String,
    /// The lines below it; none if the page leaves them out.
    pub shown: Vec<String>,
}

impl Block {
    /// Its first command, by which scenes and reasons name it.
    pub fn begins(&self) -> &str {
        self.commands
            .first()
            .map_or("", |command| command.typed.as_str())
    }
}

/// The folder of the project.
pub fn root() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests are in a folder")
}

/// The blocks of every page, page by page.
pub fn all() -> Vec<Block> {
    let mut pages = vec!["README.md".to_owned()];
    for folder in FOLDERS {
        let folders = match folder.strip_suffix("/*") {
            Some(parent) => below(parent),
            None => vec![folder.to_owned()],
        };
        let files = folders.iter().flat_map(|folder| below(folder));
        pages.extend(files.filter(|path| path.ends_with(".md")));
    }
    pages.iter().flat_map(|page| of_page(page)).collect()
}

/// What is in a folder, in the order of the names; nothing if it is none.
fn below(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).into_iter().flatten();
    let names = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut paths: Vec<String> = names.map(|name| format!("{folder}/{name}")).collect();
    paths.sort();
    paths
}

fn of_page(page: &str) -> Vec<Block> {
    let path: PathBuf = root().join(page);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    blocks(page, &text)
}

/// Cuts the blocks out of a page.
fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.trim() != "```console" {
            assert!(
                !line.contains("```console"),
                "{page}:{}: a console block begins with a line of its own: {line}",
                number + 1
            );
            continue;
        }
        let body = lines.by_ref().take_while(|(_, line)| line.trim() != "```");
        let commands = commands(page, body);
        blocks.push(Block {
            page: page.to_owned(),
            line: number + 2,
            commands,
        });
    }
    blocks
}

fn commands<'a>(page: &str, body: impl Iterator<Item = (usize, &'a str)>) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    let mut continues = false;
    for (number, line) in body {
        let line_number = number + 1;
        if let Some(typed) = line.strip_prefix("$ ").filter(|_| !continues) {
            commands.push(Command {
                line: line_number,
                typed: typed.to_owned(),
                shown: Vec::new(),
            });
        } else {
            let before = commands.last_mut();
            let before = before.unwrap_or_else(|| {
                panic!("{page}:{line_number}: a console block begins with a line `$ COMMAND`")
            });
            match continues {
                true => before.typed.push_str(&format!("\n{line}")),
                false => before.shown.push(line.to_owned()),
            }
        }
        continues = line.ends_with('\\') && commands.last().is_some_and(|one| one.shown.is_empty());
    }
    for command in &mut commands {
        // An empty line before the next command is for the eye.
        while command.shown.last().is_some_and(|line| line.is_empty()) {
            command.shown.pop();
        }
    }
    commands
}

#[test]
fn a_block_is_cut_into_what_is_typed_and_what_is_shown() {
    let page = "Text\n```console\n$ a \\\n    | b   # c\nd\n\ne\n\n$ f\n```\n```sh\n$ g\n```\n";
    let found = blocks("page.md", page);
    assert_eq!(found.len(), 1);
    let block = &found[0];
    assert_eq!((block.line, block.commands.len()), (3, 2));
    assert_eq!(block.commands[0].typed, "a \\\n    | b   # c");
    assert_eq!(block.commands[0].shown, ["d", "", "e"]);
    assert_eq!(
        (block.commands[1].line, block.begins()),
        (9, "a \\\n    | b   # c")
    );
    assert!(block.commands[1].shown.is_empty());
}
