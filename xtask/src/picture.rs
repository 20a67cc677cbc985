//! `picture`: the README's picture, drawn from what the plugins really say.

mod svg;

use crate::cargo;
use crate::cluster::LocalCluster;
use crate::demo::shell::Shell;
use crate::demo::stage::{ROBOT, Stage};
use crate::screen::Screen;
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::path::PathBuf;
use svg::Line;

/// Run a session on the demo's Quay and cluster, and draw its output
#[derive(Args)]
pub struct PictureArgs {
    /// File for the picture, relative to the workspace
    #[arg(long, value_name = "FILE", default_value = "docs/session.svg")]
    output: PathBuf,
}

/// Longer outputs are shortened in the middle, and say so.
const HEAD: usize = 5;
const TAIL: usize = 4;
/// Longer lines are cut.
const COLUMNS: usize = 112;

pub fn run(args: &PictureArgs, screen: &Screen) -> Result<()> {
    let binaries = cargo::build(&cargo::PLUGINS[..2], "dev")?;
    let folder = tempfile::Builder::new().prefix("quay-picture-").tempdir()?;
    let cluster = LocalCluster::small(folder.path())?;
    let stage = Stage::set(cluster.api()?)?;
    let shell = Shell::open(folder.path(), &binaries, &cluster, stage.quay())?;
    let mut session = Session {
        shell,
        lines: Vec::new(),
    };
    session.play(&stage)?;
    let text = svg::draw(&session.lines);
    ensure!(!stage.gives_away(&text), "the picture gives a token away");
    let output = cargo::root()?.join(&args.output);
    std::fs::write(&output, text).with_context(|| format!("cannot write {}", output.display()))?;
    screen.line(&output.display().to_string());
    Ok(())
}

struct Session {
    shell: Shell,
    lines: Vec<Line>,
}

impl Session {
    fn play(&mut self, stage: &Stage) -> Result<()> {
        let login = format!(
            "quay-robot login --registry {} --insecure-storage",
            stage.quay().registry()
        );
        let token = [("QUAY_API_TOKEN", stage.api_token())];
        ensure!(
            self.shell.run(&login, &token)?.code == Some(0),
            "cannot log in"
        );
        self.command(
            &format!("quay-robot create {ROBOT} --grant my-app --grant backend-api=read"),
            0,
        )?;
        self.command(
            &format!("quay-pullsecret sync -n staging --robot {ROBOT} --service-account default"),
            0,
        )?;
        stage.scripted()?;
        self.command("quay-pullsecret verify -A", 0)?;
        stage.regenerate()?;
        self.lines.push(Line::Empty);
        self.lines.push(Line::Remark(
            "somebody regenerates the robot's token: every pull with the old one fails".into(),
        ));
        self.command("quay-pullsecret sync -A", 1)?;
        self.command("quay-pullsecret verify -n staging,payments", 0)?;
        self.lines.push(Line::Empty);
        self.lines.push(Line::Remark(
            "the token is replaced again, this time without a failed pull".into(),
        ));
        let rotate = format!("quay-robot rotate {ROBOT} --grace 1s --leave-behind --yes -q");
        self.command(&rotate, 0)?;
        stage.rotated()
    }

    /// Types a command, and keeps what it says.
    fn command(&mut self, typed: &str, code: i32) -> Result<()> {
        let said = self.shell.run(typed, &[])?;
        ensure!(said.code == Some(code), "{typed}:\n{}", said.text);
        if !self.lines.is_empty() && !matches!(self.lines.last(), Some(Line::Remark(_))) {
            self.lines.push(Line::Empty);
        }
        self.lines.push(Line::Typed(self.shell.shown(typed)));
        let lines: Vec<&str> = said.text.lines().map(str::trim_end).collect();
        self.lines.extend(shortened(&lines));
        Ok(())
    }
}

fn shortened(lines: &[&str]) -> Vec<Line> {
    let said = |lines: &[&str]| -> Vec<Line> {
        let lines = lines.iter();
        lines.map(|line| Line::Said(cut(line))).collect()
    };
    if lines.len() <= HEAD + TAIL + 1 {
        return said(lines);
    }
    let (head, tail) = (&lines[..HEAD], &lines[lines.len() - TAIL..]);
    let left_out = lines.len() - HEAD - TAIL;
    let mut shown = said(head);
    shown.push(Line::Remark(format!("… {left_out} more lines …")));
    shown.extend(said(tail));
    shown
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(COLUMNS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_output_says_how_much_of_it_is_left_out() {
        let long: Vec<String> = (0..30).map(|number| number.to_string()).collect();
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        let shown = shortened(&long);
        assert_eq!(shown.len(), HEAD + 1 + TAIL);
        assert_eq!(shown[HEAD], Line::Remark("… 21 more lines …".into()));
        assert_eq!(shown.last(), Some(&Line::Said("29".into())));
        assert_eq!(shortened(&long[..10]).len(), 10);
    }
}
