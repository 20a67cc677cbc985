mod hosted;
mod red_hat;
mod restore;
mod undo;

use super::super::observed::{Current, Observed};
use super::super::protected::red_hat_entry;
use super::super::release::Release;
use super::super::topology::Topology;
use super::decide::LARGEST;
use super::*;
use crate::cli::hint_text;
use crate::dockerconfig::RegistryNames;
use crate::kubelet::Format;
use crate::node_secrets::GLOBAL_PULL_SECRET;
use crate::pullsecret::{RegistryTokens, RobotToken};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

const ROBOT: &str = "acme+puller";

fn document(text: &str) -> Document {
    Document::parse(Format::DockerConfigJson, text.as_bytes()).unwrap()
}

fn secret(text: &str) -> Secret {
    let mut secret = Secret::default();
    secret.metadata.namespace = Some(GLOBAL_PULL_SECRET.namespace.to_owned());
    secret.metadata.name = Some(GLOBAL_PULL_SECRET.name.to_owned());
    secret.type_ = Some(Format::DockerConfigJson.secret_type().to_owned());
    let data = ByteString(text.as_bytes().to_vec());
    secret.data = Some([(Format::DockerConfigJson.data_key().to_owned(), data)].into());
    secret
}

fn standalone(text: &str) -> Observed {
    of(secret(text))
}

fn of(secret: Secret) -> Observed {
    Observed {
        topology: Topology::Standalone,
        release: Release::default(),
        name: GLOBAL_PULL_SECRET,
        current: Some(Current::read(secret).unwrap()),
        original: None,
    }
}

fn intent(key: Option<&str>) -> RobotIntent {
    RobotIntent {
        robot: ROBOT.parse().unwrap(),
        credential: Credential::new(ROBOT, SecretString::from("N".repeat(64))),
        names: RegistryNames::of("quay.io".parse().unwrap(), &[]),
        key: key.map(str::to_owned),
        default_key: "quay.io/acme".to_owned(),
    }
}

fn request(intent: Intent, replace: &[&str]) -> Request {
    Request {
        intent,
        replace: replace.iter().map(|key| (*key).to_owned()).collect(),
        force: false,
    }
}

fn update(key: Option<&str>, replace: &[&str]) -> Request {
    request(Intent::Robot(intent(key)), replace)
}

fn steps(plan: &Plan) -> Vec<(&str, &EntryChange)> {
    plan.entries
        .iter()
        .map(|entry| (entry.key.as_str(), &entry.change))
        .collect()
}

fn text(plan: &Plan) -> String {
    let document = plan.document().expect("something is written");
    String::from_utf8(document.to_json().expose_secret().to_vec()).expect("it was text")
}

// printf me:x | base64; printf acme+puller:old | base64
const RED_HAT: &str = r#"{"auths":{"cloud.openshift.com":{"auth":"bWU6eA==","email":"me@x"},"quay.io":{"auth":"bWU6eA=="},"quay.io/acme":{"auth":"YWNtZStwdWxsZXI6b2xk"}}}"#;

#[test]
fn a_robot_is_refreshed_where_it_is_and_added_where_it_is_not() {
    let held = plan(&standalone(RED_HAT), &update(None, &[])).unwrap();
    assert_eq!(steps(&held), [("quay.io/acme", &EntryChange::Updated)]);
    let fresh = plan(&standalone(r#"{"auths":{}}"#), &update(None, &[])).unwrap();
    assert_eq!(steps(&fresh), [("quay.io/acme", &EntryChange::Added)]);
    let again = plan(&standalone(&text(&fresh)), &update(None, &[])).unwrap();
    assert_eq!(steps(&again), [("quay.io/acme", &EntryChange::Unchanged)]);
    assert!(!again.has_write(), "a no-op writes nothing");
}

#[test]
fn red_hats_entry_is_replaced_only_when_it_is_named() {
    let refused = plan(&standalone(RED_HAT), &update(Some("quay.io"), &[])).unwrap();
    assert!(refused.has_refusal());
    // The entry that holds the robot is refreshed all the same.
    assert_eq!(refused.changed_keys(), ["quay.io/acme"]);
    let other = update(Some("quay.io"), &["cloud.openshift.com"]);
    assert!(plan(&standalone(RED_HAT), &other).unwrap().has_refusal());
    let named = update(Some("quay.io"), &["quay.io"]);
    let named = plan(&standalone(RED_HAT), &named).unwrap();
    assert_eq!(
        steps(&named),
        [
            ("quay.io/acme", &EntryChange::Updated),
            ("quay.io", &EntryChange::Replaced)
        ]
    );
}

#[test]
fn an_entry_is_removed_unless_it_is_red_hats() {
    let remove = |key: &str, replace: &[&str]| {
        let request = request(Intent::Remove(key.to_owned()), replace);
        plan(&standalone(RED_HAT), &request)
    };
    let ours = remove("quay.io/acme", &[]).unwrap();
    assert_eq!(steps(&ours), [("quay.io/acme", &EntryChange::Removed)]);
    assert!(!text(&ours).contains("acme"));
    let protected = remove("cloud.openshift.com", &[]).unwrap();
    assert!(protected.has_refusal() && !protected.has_write());
    let named = remove("cloud.openshift.com", &["cloud.openshift.com"]).unwrap();
    assert_eq!(named.changed_keys(), ["cloud.openshift.com"]);
    assert!(hint_text(&remove("nowhere", &[]).unwrap_err().next).contains("quay.io"));
}

#[test]
fn what_cannot_be_read_is_not_written_and_can_be_restored() {
    let robot = format!(r#"{{"auths":{{"quay.io":{{"auth":"{RED_HAT}"}}}}"#);
    for broken in ["", "{", "[]", r#"{"auths":[]}"#, "SECRET", &robot] {
        let obstacle = plan(&standalone(broken), &update(None, &[])).unwrap_err();
        assert!(
            hint_text(&obstacle.next).contains("rollback"),
            "{obstacle:?}"
        );
        assert!(!obstacle.reason.contains("SECRET"));
        let restore = RestoreIntent {
            document: document(RED_HAT),
            wrote: Vec::new(),
            exact: false,
        };
        let restored = plan(&standalone(broken), &request(Intent::Restore(restore), &[]));
        assert_eq!(text(&restored.unwrap()), RED_HAT);
    }
    // No `auths` at all is an empty pull secret.
    let bare = plan(&standalone("{}"), &update(None, &[])).unwrap();
    assert_eq!(steps(&bare), [("quay.io/acme", &EntryChange::Added)]);
    // An `auth` that is not base64 belongs to nobody.
    let garbled = standalone(r#"{"auths":{"quay.io/acme":{"auth":"!!"}}}"#);
    assert!(plan(&garbled, &update(None, &[])).unwrap().has_refusal());
}

#[test]
fn a_refresh_follows_quay_and_never_touches_red_hats_entries() {
    // printf acme+puller:old | base64
    let now = r#"{"auths":{"quay.io":{"auth":"YWNtZStwdWxsZXI6b2xk"},"quay.io/acme":{"auth":"YWNtZStwdWxsZXI6b2xk"},"elsewhere.example.com":{"auth":"YWNtZStwdWxsZXI6b2xk"}}}"#;
    let token = RobotToken::Current(SecretString::from("N".repeat(64)));
    let wanted = CurrentTokens {
        registries: vec![RegistryTokens {
            registry: "quay.io".parse().unwrap(),
            names: RegistryNames::of("quay.io".parse().unwrap(), &[]),
            robots: [(ROBOT.parse().unwrap(), token)].into(),
            bridges: Vec::new(),
        }],
        only: None,
    };
    let plan = plan(&standalone(now), &request(Intent::Refresh(wanted), &[])).unwrap();
    assert_eq!(
        steps(&plan),
        [
            ("quay.io/acme", &EntryChange::Updated),
            ("elsewhere.example.com", &EntryChange::Unknown)
        ]
    );
    assert_eq!(plan.changed_keys(), ["quay.io/acme"]);
}

#[test]
fn immutable_owned_and_too_large_secrets_are_refused_with_the_way_out() {
    let mut immutable = secret(RED_HAT);
    immutable.immutable = Some(true);
    let obstacle = plan(&of(immutable), &update(None, &[])).unwrap_err();
    assert!(obstacle.reason.contains("immutable"));
    let mut owned = secret(RED_HAT);
    let mark = ("argocd.argoproj.io/tracking-id".to_owned(), "x".to_owned());
    owned.metadata.annotations = Some([mark].into());
    let owned = of(owned);
    let obstacle = plan(&owned, &update(None, &[])).unwrap_err();
    assert!(obstacle.reason.contains("Argo CD") && hint_text(&obstacle.next).contains("--force"));
    let mut forced = update(None, &[]);
    forced.force = true;
    assert!(plan(&owned, &forced).is_ok());
    let padding = "x".repeat(LARGEST);
    let large = standalone(&format!(r#"{{"auths":{{}},"padding":"{padding}"}}"#));
    let obstacle = plan(&large, &update(None, &[])).unwrap_err();
    assert!(obstacle.reason.contains("1048576"), "{}", obstacle.reason);
}

/// A generator of its own, so that a failure is found again by its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }

    fn members(&mut self, depth: u64) -> String {
        let count = self.below(4);
        let members = (0..count).map(|number| {
            let name = self.pick(&["x", "email", "größe", "a\\\"b", "note", "nested"]);
            format!(r#""{name}{number}":{}"#, self.value(depth + 1))
        });
        members.collect::<Vec<_>>().join(",")
    }

    fn value(&mut self, depth: u64) -> String {
        match self.below(if depth > 3 { 5 } else { 7 }) {
            0 => "null".to_owned(),
            1 => "true".to_owned(),
            2 => self.below(1 << 50).to_string(),
            3 => format!("-{}.50", self.below(1000)),
            4 => format!(r#""\u00e9 {}\/""#, self.below(1000)),
            5 => format!("[{},{}]", self.value(depth + 1), self.value(depth + 1)),
            _ => format!("{{{}}}", self.members(depth + 1)),
        }
    }

    fn entry(&mut self) -> String {
        let credential = self.pick(&[
            r#""auth":"bWU6eA==""#,
            r#""auth":"YWNtZStwdWxsZXI6b2xk","username":"acme+puller","password":"old""#,
            r#""auth":"!!""#,
            r#""username":"me","password":"x""#,
            r#""email":"""#,
        ]);
        let more = self.members(1);
        match more.is_empty() {
            true => format!("{{{credential}}}"),
            false => format!("{{{credential},{more}}}"),
        }
    }

    fn secret(&mut self) -> String {
        const KEYS: [&str; 10] = [
            "cloud.openshift.com",
            "quay.io",
            "registry.redhat.io",
            "registry.connect.redhat.com",
            "quay.io/acme",
            "https://quay.io/v1/",
            "quay.io/acme/app",
            "quay.example.com",
            "*.example.com",
            "größe.example.com",
        ];
        let mut entries = Vec::new();
        for key in KEYS {
            if self.below(2) == 0 {
                let at = usize::try_from(self.below(entries.len() as u64 + 1)).unwrap();
                let entry = self.entry();
                entries.insert(at, format!(r#""{key}":{entry}"#));
            }
        }
        let (before, after) = (self.value(1), self.value(1));
        format!(
            r#"{{"first":{before},"auths":{{{}}},"last":{after}}}"#,
            entries.join(",")
        )
    }

    fn request(&mut self) -> Request {
        let key = self.pick(&[
            "quay.io",
            "quay.io/acme",
            "quay.example.com",
            "new.example.com",
        ]);
        let intent = match self.below(3) {
            0 => Intent::Robot(intent(None)),
            1 => Intent::Robot(intent(Some(key))),
            _ => Intent::Remove(key.to_owned()),
        };
        let replace = self.pick(&["", "quay.io", "quay.example.com", "cloud.openshift.com"]);
        request(intent, &[replace])
    }
}

/// Everything but the entries of these keys, in its order, as text.
fn rest(text: &str, without: &[String]) -> String {
    let mut value: Value = serde_json::from_str(text).unwrap();
    if let Some(auths) = value["auths"].as_object_mut() {
        auths.retain(|key, _| !without.contains(key));
    }
    value.to_string()
}

/// Red Hat's entries that `after` lost or changed.
fn harmed(before: &str, after: &str) -> Vec<String> {
    let parse = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    let (before, after) = (parse(before), parse(after));
    let entries = before["auths"].as_object().unwrap().iter();
    entries
        .filter(|(key, value)| red_hat_entry(key).is_some() && after["auths"][*key] != **value)
        .map(|(key, _)| key.clone())
        .collect()
}

#[test]
fn whatever_is_planned_every_other_entry_survives_to_the_letter() {
    let mut written = 0;
    for seed in 1..=4000 {
        let mut random = Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let before = random.secret();
        let request = random.request();
        let Ok(plan) = plan(&standalone(&before), &request) else {
            continue;
        };
        if !plan.has_write() {
            assert!(plan.changed_keys().is_empty(), "seed {seed}");
            continue;
        }
        written += 1;
        let after = text(&plan);
        let changed = plan.changed_keys();
        assert_eq!(
            rest(&before, &changed),
            rest(&after, &changed),
            "seed {seed}"
        );
        for key in harmed(&before, &after) {
            let held = before.contains(&format!(r#""{key}":{{"auth":"YWNtZStwdWxsZXI6b2xk""#));
            let allowed = request.replace.contains(&key)
                || (held && matches!(request.intent, Intent::Robot(_)));
            assert!(allowed, "seed {seed}: {key} of {before}");
        }
    }
    assert!(written > 1000, "only {written} plans wrote anything");
}
