//! `demo`: the first hour with the plugins in a few seconds, and proof of what it did.

mod openshift;
mod proof;
pub mod shell;
pub mod stage;

use crate::cluster::LocalCluster;
use crate::screen::Screen;
use crate::{cargo, controlplane};
use anyhow::{Context, Result, ensure};
use clap::Args;

use shell::Shell;
use stage::{ROBOT, Stage};
use std::time::Instant;

/// Try the plugins on a temporary Quay and cluster, and check what they did
///
/// The demo starts its own Quay and its own cluster, listens only on 127.0.0.1, and leaves nothing
/// behind.
#[derive(Args)]
pub struct DemoArgs {
    /// Use the real kube-apiserver that `cargo xtask test` has built
    #[arg(long)]
    control_plane: bool,
}

/// What came of a command, and what it had to come to.
enum Expected {
    Success,
    /// Exit code 1, because the report has something that a person should see.
    Problem,
}

pub fn run(args: &DemoArgs, screen: &Screen) -> Result<()> {
    screen.progress("building the plugins …");
    let binaries = cargo::build(&cargo::PLUGINS, "dev")?;
    let began = Instant::now();
    let folder = tempfile::Builder::new().prefix("quay-demo-").tempdir()?;
    let cluster = if args.control_plane {
        let binary = controlplane::built()?
            .context("the control plane is not built: run `cargo xtask controlplane` first")?;
        LocalCluster::real(&binary, folder.path())?
    } else {
        LocalCluster::small(folder.path())?
    };
    let stage = Stage::set(cluster.api()?)?;
    let shell = Shell::open(folder.path(), &binaries, &cluster, stage.quay())?;

    screen.heading("The stage");
    screen.remark(&format!(
        "Quay: a stand-in at {}, which answers like recordings of a real Quay",
        stage.quay().url()
    ));
    screen.remark(&format!("Cluster: {}", cluster.description()));
    screen.remark(shell.manner());
    for (name, value) in shell.exports() {
        screen.command(&format!("export {name}={value}"));
    }
    let acts = Acts {
        screen,
        shell: &shell,
        stage: &stage,
    };
    let transcript = acts.play()?;
    // Read before the next act adds secrets of its own.
    let mut proofs = proof::check(&stage, &shell, &transcript)?;
    proofs.extend(acts.play_openshift(cluster.kubeconfig())?);

    screen.heading("The proof, read without the plugins");
    for (what, holds) in &proofs {
        match holds {
            true => screen.holds(what),
            false => screen.fails(what),
        }
    }
    let broken = proofs.iter().filter(|(_, holds)| !holds).count();
    screen.line("");
    screen.line(&format!(
        "{} proofs, {broken} broken, {:.1} s",
        proofs.len(),
        began.elapsed().as_secs_f64()
    ));
    ensure!(broken == 0, "the demo did not prove what it promises");
    Ok(())
}

/// The demo's commands in order.
struct Acts<'a> {
    screen: &'a Screen,
    shell: &'a Shell,
    stage: &'a Stage,
}

/// Everything the commands said, and what the secrets were before the repair.
pub struct Transcript {
    said: String,
    before: serde_json::Value,
    /// The robot's token before it was rotated.
    replaced: String,
}

impl Acts<'_> {
    fn play(&self) -> Result<Transcript> {
        let mut said = String::new();
        self.screen
            .heading("Log in, make a robot, give it to a namespace");
        self.screen.remark(
            "The token comes from QUAY_API_TOKEN. This demo keeps it in a file in its own \
             temporary HOME;\nwithout --insecure-storage it goes into the keyring of the OS.",
        );
        let login = format!(
            "quay-robot login --registry {} --insecure-storage",
            self.stage.quay().registry()
        );
        let token = [("QUAY_API_TOKEN", self.stage.api_token())];
        said += &self.command(&login, &token, &Expected::Success)?;
        let create = format!(
            "quay-robot create {ROBOT} --description 'prod pulls' \
             --grant my-app --grant backend-api=read"
        );
        said += &self.command(&create, &[], &Expected::Success)?;
        let sync =
            format!("quay-pullsecret sync -n staging --robot {ROBOT} --service-account default");
        said += &self.command(&sync, &[], &Expected::Success)?;

        self.screen.heading("The same robot in 39 more namespaces");
        let scripted = self.stage.scripted()?;
        self.screen.remark(&format!(
            "{scripted} namespaces have had its credential for long, from a script around \
             `kubectl create secret docker-registry`.\n\
             `payments` keeps another registry's credential beside it, the secret of `ledger` is \
             immutable, Argo CD owns that of `shop`.\n\
             12 namespaces are new, and carry a label that says so."
        ));
        let fresh = format!(
            "quay-pullsecret sync --namespace-selector new=yes --robot {ROBOT} \
             --service-account default"
        );
        said += &self.command(&fresh, &[], &Expected::Success)?;
        self.screen.remark(
            "Is all well? verify asks Quay and the registry. It also remembers where a good token \
             stands: such a place gets the next one, too.",
        );
        said += &self.command("quay-pullsecret verify -A", &[], &Expected::Success)?;

        self.screen
            .heading("Somebody regenerates the robot's token in Quay");
        self.stage.regenerate()?;
        self.screen
            .remark("From now on every pull with the old token fails.");
        let before = self.shell.secrets()?;
        said += &self.command("quay-pullsecret sync -n staging", &[], &Expected::Success)?;
        self.screen.remark(
            "The same for the whole cluster. Two secrets are not ours to write: \
             the exit code is 1, and the table says why.",
        );
        said += &self.command("quay-pullsecret sync -A", &[], &Expected::Problem)?;
        self.screen
            .remark("Those two still hold the dead token, and verify says so: exit code 1 again.");
        said += &self.command("quay-pullsecret verify -A", &[], &Expected::Problem)?;
        let replaced = self.stage.robot_token()?;
        said += &self.rotate()?;
        Ok(Transcript {
            said,
            before,
            replaced,
        })
    }

    fn rotate(&self) -> Result<String> {
        self.screen.heading("A new token without a failed pull");
        self.screen.remark(
            "A second robot carries the pulls while the token is replaced. --grace is how long \
             kubelets are waited for,\ntwo minutes if nobody is in a hurry. The two secrets that \
             are not ours would stop it; they are accepted as lost.",
        );
        let rotate = format!("quay-robot rotate {ROBOT} --grace 1s --leave-behind --yes");
        self.stage.give_up(&self.stage.robot_token()?);
        let mut said = self.command(&rotate, &[], &Expected::Success)?;
        self.stage.rotated()?;
        said += &self.command("quay-robot history", &[], &Expected::Success)?;
        Ok(said)
    }

    /// Types a command, shows what it says, and insists on how it ends.
    fn command(
        &self,
        typed: &str,
        environment: &[(&str, &str)],
        expected: &Expected,
    ) -> Result<String> {
        self.screen.line("");
        self.screen.command(&self.shell.shown(typed));
        let began = Instant::now();
        let said = self.shell.run(typed, environment)?;
        self.screen.text(&said.text);
        let seconds = began.elapsed().as_secs_f64();
        let code = said.code.unwrap_or(-1);
        self.screen
            .remark(&format!("exit code {code}, {seconds:.2} s"));
        let wanted = match expected {
            Expected::Success => 0,
            Expected::Problem => 1,
        };
        ensure!(code == wanted, "expected exit code {wanted}");
        Ok(said.text)
    }
}
