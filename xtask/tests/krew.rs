//! The real krew takes what `cargo xtask package` makes: from an index, and by hand.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "test code: what cannot be set up fails the test"
)]
#[path = "krew/download.rs"]
mod download;

use download::Downloads;
use quay_tests::{Output, TestCluster, TestContext};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The plugins by krew's names, and the names of their archives.
const PLUGINS: [(&str, &str); 3] = [
    ("quay-robot", "kubectl-quay-robot"),
    ("quay-pullsecret", "kubectl-quay-pullsecret"),
    ("quay-global", "oc-quay-global"),
];
const VERSION: &str = concat!("v", env!("CARGO_PKG_VERSION"));
const LATER: &str = "v99.0.0";

/// A place to run krew in, with a release on a server of its own, and an index of it.
struct World {
    context: TestContext,
    releases: PathBuf,
    index: PathBuf,
    downloads: Downloads,
}

#[track_caller]
fn xtask(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .output();
    let output = output.unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Where krew is; `None` on a machine without Go, which builds it, or Git, which it runs.
fn krew() -> Option<String> {
    let there = |program: &str, argument: &str| Command::new(program).arg(argument).output();
    if there("go", "version").is_err() || there("git", "--version").is_err() {
        return None;
    }
    Some(xtask(&["krew"]).trim().to_owned())
}

impl World {
    fn open(krew: &str) -> Self {
        let mut context = TestContext::new("kubectl");
        let releases = context.path("releases");
        let root = context.path("krew");
        let path = format!("{krew}:{}/bin:/usr/local/bin:/usr/bin:/bin", root.display());
        context.set("PATH", &path);
        context.set("KREW_ROOT", &text(&root));
        context.set("KREW_NO_UPGRADE_CHECK", "1");
        let index = context.path("index");
        context.set("KREW_DEFAULT_INDEX_URI", &text(&index));
        let downloads = Downloads::serve(&releases);
        let world = Self {
            context,
            releases,
            index,
            downloads,
        };
        let folder = world.folder(VERSION);
        let package = [
            "package",
            "--profile",
            "dev",
            "--target",
            &host(),
            "--dir",
            &folder,
        ];
        xtask(&[&package[..], &world.release(VERSION)].concat());
        std::fs::create_dir_all(&world.index).unwrap();
        world.git(&["init", "--quiet"]);
        // As in this repository, the plugins' sources are beside their manifests.
        let sources = world.index.join("plugins/kubectl-quay-robot");
        std::fs::create_dir_all(&sources).unwrap();
        std::fs::write(sources.join("not-a-manifest.yaml"), "x: [").unwrap();
        world.publish(VERSION);
        world
    }

    /// Where the archives of a version are, as on the server.
    fn folder(&self, tag: &str) -> String {
        text(&self.releases.join("releases/download").join(tag))
    }

    fn release<'a>(&'a self, tag: &'a str) -> [&'a str; 4] {
        ["--repository", self.downloads.address(), "--tag", tag]
    }

    /// Writes the manifests of a version into the index, as a release does.
    fn publish(&self, tag: &str) {
        let (folder, into) = (self.folder(tag), text(&self.index.join("plugins")));
        let manifests = ["manifests", "--dir", &folder, "--into", &into];
        xtask(&[&manifests[..], &self.release(tag)].concat());
        self.git(&["add", "--all"]);
        let somebody = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let commit = ["commit", "--quiet", "--message", tag];
        self.git(&[&somebody[..], &commit].concat());
    }

    #[track_caller]
    fn git(&self, arguments: &[&str]) {
        let index = text(&self.index);
        let arguments = [&["-C", &index][..], arguments].concat();
        self.context.program("git", &arguments).run().expect(0);
    }

    #[track_caller]
    fn kubectl(&self, arguments: &[&str]) -> Output {
        self.context.program("kubectl", arguments).run().expect(0)
    }

    /// What is installed, with versions, which krew tells people alone.
    fn listed(&self) -> String {
        let list = self.context.program("kubectl", ["krew", "list"]);
        list.on_terminal().run().expect(0).stdout
    }

    fn manifest(&self, plugin: &str) -> String {
        text(&self.index.join("plugins").join(format!("{plugin}.yaml")))
    }
}

fn host() -> String {
    let rustc = Command::new("rustc")
        .args(["--print", "host-tuple"])
        .output();
    String::from_utf8(rustc.unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

fn global_pull_secret() -> serde_json::Value {
    let entry = serde_json::json!({"auths": {"quay.example.com": {"auth": "eDp5"}}});
    serde_json::json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "pull-secret", "namespace": "openshift-config"},
        "stringData": {".dockerconfigjson": entry.to_string()},
    })
}

#[test]
fn krew_finds_installs_runs_upgrades_and_removes_every_plugin() {
    let Some(krew) = krew() else {
        println!("krew was not tried: it takes Go and Git");
        return;
    };
    let mut world = World::open(&krew);
    let cluster = TestCluster::small("krew");
    cluster.join(&mut world.context);

    world.kubectl(&["krew", "index", "add", "quay", &text(&world.index)]);
    let found = world.kubectl(&["krew", "search", "quay-"]);
    for (plugin, _) in PLUGINS {
        let name = format!("quay/{plugin}");
        assert!(found.stdout.contains(&name), "{}", found.stdout);
        let installed = world.kubectl(&["krew", "install", &name]);
        installed.says(&format!("kubectl {plugin} completion install"));
        let version = world.kubectl(&[plugin, "--version"]).stdout;
        assert_eq!(version, format!("kubectl {plugin} {}\n", &VERSION[1..]));
    }
    let listed = world.listed();
    assert_eq!(listed.matches(VERSION).count(), 3, "{listed}");
    world
        .kubectl(&["quay-pullsecret", "list"])
        .says("No pull secrets");
    cluster.become_openshift();
    cluster.create(&global_pull_secret());
    let shown = world.kubectl(&["quay-global", "show"]);
    shown.prints("quay.example.com");
    world.kubectl(&["quay-robot", "completion", "install"]);
    let offered = || world.kubectl(&["__complete", "quay-robot", "who"]);
    offered().prints("whoami\t");

    let (now, later) = (world.folder(VERSION), world.folder(LATER));
    std::fs::create_dir_all(&later).unwrap();
    for (_, package) in PLUGINS {
        for entry in std::fs::read_dir(&now).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.starts_with(package) {
                let new = Path::new(&later).join(name.replace(VERSION, LATER));
                std::fs::copy(Path::new(&now).join(name), new).unwrap();
            }
        }
    }
    world.publish(LATER);
    world.kubectl(&["krew", "upgrade"]);
    let upgraded = world.listed();
    assert_eq!(upgraded.matches(LATER).count(), 3, "{upgraded}");
    // The completer's link leads to krew's, and so to the new version.
    offered().prints("whoami\t");

    for (plugin, _) in PLUGINS {
        world.kubectl(&["krew", "uninstall", plugin]);
        let gone = world
            .context
            .program("kubectl", [plugin, "--version"])
            .run();
        assert_ne!(gone.code, 0, "{plugin} is still there");
    }
}

#[test]
fn krew_installs_archives_by_hand_and_its_validator_finds_nothing_wrong() {
    let Some(krew) = krew() else { return };
    let world = World::open(&krew);
    for (plugin, package) in PLUGINS {
        let manifest = world.manifest(plugin);
        // Installs every platform of the manifest, and looks for the licence.
        let validate = world
            .context
            .program("validate-krew-manifest", ["-manifest", &manifest]);
        validate
            .run()
            .expect(0)
            .says("spec.platforms installed fine");
        let archives = std::fs::read_dir(world.folder(VERSION)).unwrap();
        let archive = archives
            .map(|entry| text(&entry.unwrap().path()))
            .find(|path| path.contains(package))
            .unwrap();
        let manifest = format!("--manifest={manifest}");
        let archive = format!("--archive={archive}");
        world.kubectl(&["krew", "install", &manifest, &archive]);
        let version = world.kubectl(&[plugin, "--version"]).stdout;
        assert_eq!(version, format!("kubectl {plugin} {}\n", &VERSION[1..]));
    }
}
