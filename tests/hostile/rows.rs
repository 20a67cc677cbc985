//! The command lines.

use crate::hostile::world::{OTHER_ROBOT, ROBOT, World};

/// What a command is there to hand to a cluster that the user chose.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hands {
    Nothing,
    /// The tokens of robots that the cluster's secrets name.
    Robots,
}

/// One command: how it is run, and in which ways.
pub struct Row {
    /// As the command tree names it, such as `ocm status`.
    pub command: &'static str,
    pub lines: Vec<String>,
    pub stdin: String,
    pub hands: Hands,
    /// Whether later runs would not be signed in any more.
    pub ends_login: bool,
    quay: bool,
    /// Whether it has to be told which of two registries is meant.
    names_registry: bool,
    cluster: bool,
    ocm: bool,
}

impl Row {
    fn new(command: &'static str, lines: &[&str]) -> Self {
        Self {
            command,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            stdin: String::new(),
            hands: Hands::Nothing,
            ends_login: false,
            quay: false,
            names_registry: false,
            cluster: false,
            ocm: false,
        }
    }

    /// It asks a Quay.
    fn quay(mut self) -> Self {
        self.quay = true;
        self
    }

    fn names_registry(mut self) -> Self {
        self.names_registry = true;
        self
    }

    /// It asks clusters.
    fn cluster(mut self) -> Self {
        self.cluster = true;
        self
    }

    /// It asks Red Hat's services.
    fn ocm(mut self) -> Self {
        self.ocm = true;
        self
    }

    fn hands_robots(mut self) -> Self {
        self.hands = Hands::Robots;
        self
    }

    fn ends_login(mut self) -> Self {
        self.ends_login = true;
        self
    }

    /// What leads it to the liars, and nothing.
    pub fn ways(&self, world: &World) -> Vec<Way> {
        let (honest, liar) = (world.honest.registry(), world.liar_registry());
        let elsewhere = world.elsewhere();
        let mut ways = vec![Way::default()];
        if self.quay {
            ways.push(Way::flags(&["--registry", &liar]));
            ways.push(Way::flags(&["--registry", honest]).env("QUAY_URL", world.liar_url()));
            ways.push(Way::default().env("QUAY_URL", world.liar_url()));
        }
        if self.cluster {
            ways.push(Way::flags(&["--context", "liar"]));
            ways.push(Way::flags(&["--context", "honest", "--context", "liar"]));
        }
        if self.ocm {
            ways.push(Way::default().env("OCM_URL", elsewhere.clone()));
            ways.push(Way::default().env("OCM_TOKEN_URL", format!("{elsewhere}/token")));
        }
        if self.names_registry {
            for way in &mut ways {
                way.flags.extend(["--registry", honest].map(str::to_owned));
            }
            ways.push(Way::flags(&["--registry", &liar]));
        }
        ways
    }
}

/// Flags and variables of one run.
#[derive(Debug, Default)]
pub struct Way {
    pub flags: Vec<String>,
    pub environment: Vec<(&'static str, String)>,
}

impl Way {
    fn flags(flags: &[&str]) -> Self {
        Self {
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            environment: Vec::new(),
        }
    }

    fn env(mut self, name: &'static str, value: String) -> Self {
        self.environment.push((name, value));
        self
    }

    /// Whether the lying API server is among the chosen.
    pub fn chooses_liar(&self) -> bool {
        self.flags.iter().any(|flag| flag == "liar")
    }
}

/// Lines that ask nobody.
fn quiet() -> [Row; 2] {
    [
        Row::new("completion", &["completion bash"]),
        Row::new(
            "completion install",
            &["completion install --dir completers"],
        ),
    ]
}

/// Every way to the liars, for what takes whatever it is given.
pub fn everywhere(world: &World) -> Vec<Way> {
    Row::new("", &[]).quay().cluster().ways(world)
}

pub fn robot(world: &World) -> Vec<Row> {
    let row = Row::new;
    let mut login = row("login", &[]);
    login.lines = vec![format!(
        "login --registry {} --quay-url {} --token-stdin --insecure-storage",
        world.liar_registry(),
        world.liar_url()
    )];
    login.stdin.clone_from(&world.liar_api_token);
    let robot = |words: &str| words.replace("ROBOT", ROBOT);
    let rotate = [
        robot("rotate ROBOT --dry-run"),
        robot("rotate ROBOT --yes --grace 0s --settle-timeout 1s"),
        robot("rotate ROBOT --yes --in-place --leave-behind"),
    ];
    let rotate: Vec<&str> = rotate.iter().map(String::as_str).collect();
    let mut rows = vec![
        login,
        row("whoami", &["whoami myorg"]).quay(),
        row("list", &["list", "list myorg -o json"]).quay(),
        row("describe", &[&robot("describe ROBOT")])
            .quay()
            .cluster(),
        row("create", &["create myorg+tmp --grant my-app"]).quay(),
        row("grant", &["grant myorg+tmp backend-api"]).quay(),
        row("revoke", &["revoke myorg+tmp backend-api"]).quay(),
        row("token", &[&robot("token ROBOT -o token")]).quay(),
        row("delete", &["delete myorg+tmp --yes"]).quay().cluster(),
        row("rotate", &rotate).quay().cluster().hands_robots(),
        row("history", &["history", "history --state liar:lure/state"]).cluster(),
        row("federation get", &["federation get myorg+tmp"]).quay(),
        row(
            "federation set",
            &["federation set myorg+tmp --service-account lure/default --yes"],
        )
        .quay()
        .cluster(),
        row(
            "federation add",
            &["federation add myorg+tmp --service-account lure/default"],
        )
        .quay()
        .cluster(),
        row(
            "federation check",
            &["federation check myorg+tmp --service-account lure/default"],
        )
        .quay()
        .cluster(),
        row(
            "federation remove",
            &["federation remove myorg+tmp --service-account lure/default --yes"],
        )
        .quay()
        .cluster(),
        row("logout", &["logout"]).ends_login(),
    ];
    rows.extend(quiet());
    rows
}

pub fn pullsecret(world: &World) -> Vec<Row> {
    let row = Row::new;
    let explain = [world.honest.registry(), &world.liar_registry()]
        .map(|host| format!("explain sa/default -n lure --image {host}/myorg/my-app:v1"));
    let with_robot = format!("sync -n lure --robot {ROBOT}");
    let other = format!("sync -n lure --robot {OTHER_ROBOT} --secret-name other");
    let delete = format!("delete --robot {ROBOT} -n lure --yes --dry-run=server");
    let mut rows = vec![
        row("list", &["list -A -o json"]).cluster(),
        row("verify", &["verify -A -o json", "verify -n lure"])
            .quay()
            .cluster(),
        row("sync", &["sync -A", &with_robot, &other])
            .quay()
            .cluster()
            .hands_robots(),
        row("explain", &["explain -A", &explain[0], &explain[1]])
            .quay()
            .cluster(),
        row("attach", &["attach lure -n lure --service-account default"]).cluster(),
        row("detach", &["detach lure -n lure --service-account default"]).cluster(),
        row("delete", &[&delete]).cluster().names_registry(),
    ];
    rows.extend(quiet());
    rows
}

pub fn global(world: &World) -> Vec<Row> {
    let row = Row::new;
    let (line, offline) = world.ocm_login();
    let mut login = row("ocm login", &[&line]);
    login.stdin = offline;
    let update = format!("update --robot {ROBOT} --yes");
    let registry = world.honest.registry();
    let line = format!("set {registry} --username {ROBOT} --password-stdin --yes");
    let mut set = row("set", &[&line]);
    set.stdin.clone_from(&world.honest.robot_token);
    let mut rows = vec![
        row("show", &["show -o wide"]).cluster(),
        row("update", &[&update, "update --yes"])
            .quay()
            .cluster()
            .hands_robots(),
        set.quay().cluster().hands_robots(),
        row("confirm", &["confirm"]).cluster(),
        row("verify", &["verify -o json"]).quay().cluster(),
        row("status", &["status"]).cluster(),
        row("backups", &["backups"]).cluster(),
        row("rollback", &["rollback --yes"])
            .quay()
            .cluster()
            .hands_robots(),
        row("remove", &["remove docker.io --yes"]).cluster(),
        login,
        row("ocm whoami", &["ocm whoami"]).ocm(),
        row("ocm rotate", &["ocm rotate --yes --dry-run"]).ocm(),
        row("ocm status", &["ocm status"]).ocm(),
        row("ocm download", &["ocm download -o pull-secret.json"]).ocm(),
        row("ocm logout", &["ocm logout"]).ends_login(),
    ];
    rows.extend(quiet());
    rows
}
