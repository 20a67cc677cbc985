//! `cargo xtask`: the demo, the tests, the benchmarks and a local installation.

mod api;
mod bench;
mod cargo;
mod clock;
mod cluster;
mod controlplane;
mod debian;
mod demo;
mod docs;
mod install;
mod interrupt;
mod krew;
mod kubelet;
mod links;
mod mutants;
mod node;
mod package;
mod picture;
mod process;
mod quick;
mod screen;
mod test;
mod tools;

use clap::{Parser, Subcommand};
use screen::Screen;
use std::process::ExitCode;

/// Developer commands
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Quick(quick::QuickArgs),
    Test(test::TestArgs),
    Bench(bench::BenchArgs),
    Install(install::InstallArgs),
    Docs(docs::DocsArgs),
    Picture(picture::PictureArgs),
    Package(package::PackageArgs),
    Manifests(package::ManifestsArgs),
    Krew(krew::KrewArgs),
    Controlplane(controlplane::ControlPlaneArgs),
    Kubelet(kubelet::KubeletArgs),
    Mutants(mutants::MutantsArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let screen = Screen::new();
    interrupt::watch();
    let result = match cli.command {
        Command::Demo(args) => demo::run(&args, &screen),
        Command::Quick(_) => quick::run(&screen),
        Command::Test(args) => test::run(&args, &screen),
        Command::Bench(args) => bench::run(&args, &screen),
        Command::Install(args) => install::run(&args, &screen),
        Command::Picture(args) => picture::run(&args, &screen),
        Command::Docs(args) => docs::run(&args, &screen),
        Command::Package(args) => package::package(&args, &screen),
        Command::Manifests(args) => package::manifests(&args, &screen),
        Command::Krew(args) => krew::run(&args, &screen),
        Command::Controlplane(args) => controlplane::run(&args, &screen),
        Command::Kubelet(args) => kubelet::run(&args, &screen),
        Command::Mutants(args) => mutants::run(&args, &screen),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            screen.error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
