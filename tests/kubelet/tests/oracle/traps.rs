//! The kubelet's rules that hurt, each in one case with its answer.

use quay_kubelet::{Answer, Bytes, PullSecret, Question};
use std::collections::BTreeMap;

/// What is done where the kubelet does not even try.
const REFUSED: &str = "refused";
const CURRENT: (&str, &str) = ("kubernetes.io/dockerconfigjson", ".dockerconfigjson");
const LEGACY: (&str, &str) = ("kubernetes.io/dockercfg", ".dockercfg");

/// One case.
pub struct Trap {
    /// The rule.
    pub name: &'static str,
    /// The case.
    pub question: Question,
    /// `user:password` of each attempt, or [`REFUSED`].
    pub answer: Vec<String>,
}

/// An answer as traps are written.
pub fn in_short(answer: &Answer) -> Vec<String> {
    if answer.error.is_some() {
        return vec![REFUSED.to_owned()];
    }
    let credentials = answer.credentials.iter();
    credentials
        .map(|found| format!("{}:{}", found.username, found.password))
        .collect()
}

fn trap(name: &'static str, secrets: Vec<PullSecret>, image: &str, answer: &[&str]) -> Trap {
    Trap {
        name,
        question: Question {
            secrets,
            image: image.to_owned(),
        },
        answer: answer.iter().map(|text| (*text).to_owned()).collect(),
    }
}

/// A case of one secret for the image `quay.io/acme/app`.
fn one(name: &'static str, content: impl AsRef<[u8]>, answer: &[&str]) -> Trap {
    trap(
        name,
        vec![secret(CURRENT, content)],
        "quay.io/acme/app",
        answer,
    )
}

/// A case of one key, which holds `a:b`.
fn key(name: &'static str, key: &str, image: &str, matches: bool) -> Trap {
    let content = format!(r#"{{"auths":{{"{key}":{{"auth":"YTpi"}}}}}}"#);
    let answer: &[&str] = if matches { &["a:b"] } else { &[] };
    trap(name, vec![secret(CURRENT, content)], image, answer)
}

fn secret((secret_type, key): (&str, &str), content: impl AsRef<[u8]>) -> PullSecret {
    let content = Bytes(content.as_ref().to_vec());
    PullSecret {
        name: "s".to_owned(),
        secret_type: secret_type.to_owned(),
        data: BTreeMap::from([(key.to_owned(), content)]),
    }
}

/// Every trap there is.
pub fn all() -> Vec<Trap> {
    [reading(), keys(), secrets(), images()]
        .into_iter()
        .flatten()
        .collect()
}

// printf a:b | base64: YTpi; c:d: Yzpk; e:f: ZTpm
fn reading() -> Vec<Trap> {
    vec![
        one(
            "auths in any case",
            r#"{"Auths":{"quay.io":{"auth":"YTpi"}}}"#,
            &["a:b"],
        ),
        one(
            "auths with a long s",
            r#"{"authſ":{"quay.io":{"auth":"YTpi"}}}"#,
            &["a:b"],
        ),
        one(
            "auth in any case",
            r#"{"auths":{"quay.io":{"AUTH":"YTpi"}}}"#,
            &["a:b"],
        ),
        one(
            "username in any case",
            r#"{"auths":{"quay.io":{"Username":"a","pAssword":"b"}}}"#,
            &["a:b"],
        ),
        one(
            "two auths are put together",
            r#"{"auths":{"quay.io/acme":{"auth":"YTpi"}},"auths":{"quay.io":{"auth":"Yzpk"}}}"#,
            &["a:b", "c:d"],
        ),
        one(
            "null takes away what was before it",
            r#"{"auths":{"quay.io":{"auth":"YTpi"}},"auths":null}"#,
            &[],
        ),
        one(
            "what null takes away may be broken",
            r#"{"auths":{"x":{"auth":"!"}},"auths":null}"#,
            &[REFUSED],
        ),
        one(
            "the last of two equal keys counts",
            r#"{"auths":{"quay.io":{"auth":"YTpi"},"quay.io":{"auth":"Yzpk"}}}"#,
            &["c:d"],
        ),
        one(
            "two equal keys are not merged",
            r#"{"auths":{"quay.io":{"auth":"YTpi"},"quay.io":{}}}"#,
            &[":"],
        ),
        one(
            "one that is replaced may be broken",
            r#"{"auths":{"quay.io":{"auth":"!"},"quay.io":{}}}"#,
            &[REFUSED],
        ),
        one(
            "the last of two equal fields counts",
            r#"{"auths":{"quay.io":{"auth":"YTpi","Auth":"Yzpk"}}}"#,
            &["c:d"],
        ),
        one(
            "null leaves a field as it was",
            r#"{"auths":{"quay.io":{"auth":"YTpi","auth":null}}}"#,
            &["a:b"],
        ),
        one(
            "null is an entry with empty names",
            r#"{"auths":{"quay.io":null}}"#,
            &[":"],
        ),
        one(
            "{} is an entry with empty names",
            r#"{"auths":{"quay.io":{}}}"#,
            &[":"],
        ),
        one(
            "auth overrides",
            r#"{"auths":{"quay.io":{"auth":"YTpi","username":"x","password":"y"}}}"#,
            &["a:b"],
        ),
        one(
            "empty auth does not",
            r#"{"auths":{"quay.io":{"auth":"","username":"x","password":"y"}}}"#,
            &["x:y"],
        ),
        one(
            "unknown fields count for nothing",
            r#"{"auths":{"quay.io":{"identitytoken":5,"username":"x"}}}"#,
            &["x:"],
        ),
        one(
            "auth without padding",
            r#"{"auths":{"quay.io":{"auth":"dTpwdw"}}}"#,
            &["u:pw"],
        ),
        one(
            "auth with loose bits at its end",
            r#"{"auths":{"quay.io":{"auth":"dTpwdx=="}}}"#,
            &["u:pw"],
        ),
        one(
            "auth with line breaks",
            r#"{"auths":{"quay.io":{"auth":"dTpw\r\ndw=="}}}"#,
            &["u:pw"],
        ),
        one(
            "auth with a space",
            r#"{"auths":{"quay.io":{"auth":"YTpi "}}}"#,
            &[REFUSED],
        ),
        one(
            "auth in the URL alphabet",
            r#"{"auths":{"quay.io":{"auth":"Ojo-Pz8_"}}}"#,
            &[REFUSED],
        ),
        one(
            "the first colon splits",
            r#"{"auths":{"quay.io":{"auth":"YTpiOmM="}}}"#,
            &["a:b:c"],
        ),
        one(
            "auth without a colon",
            r#"{"auths":{"quay.io":{"auth":"YWI="}}}"#,
            &[REFUSED],
        ),
        one(
            "auth of any bytes",
            r#"{"auths":{"quay.io":{"auth":"YTr/"}}}"#,
            &["a:\u{FFFD}"],
        ),
        one(
            "names that are not UTF-8",
            b"{\"auths\":{\"quay.io\":{\"username\":\"M\xfcller\"}}}",
            &["M\u{FFFD}ller:"],
        ),
        one(
            "half a surrogate pair",
            br#"{"auths":{"quay.io":{"username":"\ud800"}}}"#,
            &["\u{FFFD}:"],
        ),
        one(
            "a broken entry of another registry",
            r#"{"auths":{"quay.io":{"auth":"YTpi"},"x":{"auth":"!"}}}"#,
            &[REFUSED],
        ),
        one(
            "an entry that is text",
            r#"{"auths":{"quay.io":{"auth":"YTpi"},"x":"y"}}"#,
            &[REFUSED],
        ),
        one(
            "a field that is a number",
            r#"{"auths":{"quay.io":{"auth":"YTpi","email":5}}}"#,
            &[REFUSED],
        ),
        one("auths that are a list", r#"{"auths":[]}"#, &[REFUSED]),
        one(
            "HttpHeaders of a wrong type",
            r#"{"auths":{},"HttpHeaders":{"a":1}}"#,
            &[REFUSED],
        ),
        one("null as a whole", "null", &[]),
    ]
}

fn keys() -> Vec<Trap> {
    let app = "quay.io/acme/app";
    vec![
        key("a scheme", "https://quay.io", app, true),
        key("a scheme in capitals", "HTTPS://quay.io", app, false),
        key("another scheme", "docker://quay.io", app, false),
        key("/v1/", "https://quay.io/v1/", app, true),
        key("/v2/", "quay.io/v2/", app, true),
        key("/v2 without a slash", "https://quay.io/v2", app, false),
        key("/v2 and an organization", "quay.io/v2/acme", app, true),
        key("an organization", "quay.io/acme", app, true),
        key("the beginning of an organization", "quay.io/ac", app, true),
        key(
            "an organization and a slash",
            "quay.io/acme/",
            "quay.io/acme-internal/app",
            false,
        ),
        key("a slash alone", "quay.io/", app, true),
        key("port 443 is not none", "quay.io:443", app, false),
        key("another port", "quay.io:8443", app, false),
        key(
            "a port that is not there",
            "quay.io",
            "quay.io:8443/acme/app",
            false,
        ),
        key("a host in capitals", "QUAY.io", app, false),
        key("a space", "quay.io ", app, false),
        key("a star is one label", "*.io", app, true),
        key(
            "a star is not two labels",
            "*.io",
            "a.quay.io/acme/app",
            false,
        ),
        key("a star in a label", "q*y.io", app, true),
        key("a star in the path", "quay.io/*", app, false),
        key("a question mark begins a query", "qua?.io", app, false),
        key(
            "what follows a question mark is cut off",
            "quay.io?x",
            app,
            true,
        ),
        key("a control character", "quay.io?\\u0001", app, false),
        key("a class of characters", "[p-r]uay.io", app, false),
        key("a class in the middle", "qua[x-z].io", app, false),
        key("a percent sign in the path", "quay.io/%61cme", app, true),
        key("a percent sign twice", "quay.io/%2561cme", app, true),
        key("a percent sign in the host", "qua%79.io", app, false),
        key("a user before the host", "me@quay.io", app, true),
        key("IPv6 with a port", "[::1]:5000", "[::1]:5000/app", true),
        key("IPv6 without a port", "[::1]", "[::1]/app", false),
        key("two colons", "quay.io:1:2", app, false),
        key("nothing", "", app, false),
    ]
}

fn secrets() -> Vec<Trap> {
    let app = "quay.io/acme/app";
    let of = |user: &str| {
        let content = format!(r#"{{"auths":{{"quay.io":{{"username":"{user}"}}}}}}"#);
        secret(CURRENT, content)
    };
    let legacy = || secret(LEGACY, r#"{"quay.io":{"auth":"YTpi"}}"#);
    let typed = |secret_type: &str, mut secret: PullSecret| {
        secret.secret_type = secret_type.to_owned();
        secret
    };
    let path = secret(CURRENT, r#"{"auths":{"quay.io/acme":{"username":"path"}}}"#);
    let broken = secret(CURRENT, r#"{"auths":{"x":{"auth":"!"}}}"#);
    vec![
        trap("the legacy format", vec![legacy()], app, &["a:b"]),
        trap("a wrong type", vec![typed("Opaque", of("a"))], app, &[]),
        trap("a wrong data key", vec![typed(LEGACY.0, of("a"))], app, &[]),
        trap("an empty value", vec![secret(CURRENT, "")], app, &[]),
        trap(
            "the order of secrets",
            vec![of("z"), of("a")],
            app,
            &["z:", "a:"],
        ),
        trap(
            "a longer path in a later secret",
            vec![of("a"), path],
            app,
            &["path:", "a:"],
        ),
        trap(
            "a secret named twice",
            vec![of("a"), of("a")],
            app,
            &["a:", "a:"],
        ),
        trap(
            "a broken secret beside a good one",
            vec![of("a"), broken],
            app,
            &[REFUSED],
        ),
    ]
}

fn images() -> Vec<Trap> {
    let hub = "https://index.docker.io/v1/";
    vec![
        key("Docker Hub's key for a bare name", hub, "nginx", true),
        key(
            "Docker Hub's key for an organization",
            hub,
            "docker.io/acme/app",
            true,
        ),
        key(
            "Docker Hub's key for another registry",
            hub,
            "quay.io/acme/app",
            false,
        ),
        key("Docker Hub's key for localhost", hub, "localhost/app", true),
        key("docker.io for a bare name", "docker.io", "nginx", true),
        key(
            "docker.io/library for a bare name",
            "docker.io/library",
            "nginx",
            true,
        ),
        key(
            "docker.io for index.docker.io",
            "docker.io",
            "index.docker.io/acme/app",
            true,
        ),
        trap(
            "Docker Hub's key is only tried where nothing matches",
            vec![secret(
                CURRENT,
                r#"{"auths":{"https://index.docker.io/v1/":{"auth":"YTpi"},"docker.io":{"auth":"Yzpk"}}}"#,
            )],
            "nginx",
            &["c:d"],
        ),
        key(
            "a tag and a digest",
            "quay.io/acme",
            &format!("quay.io/acme/app:v1@sha256:{}", "0".repeat(64)),
            true,
        ),
        trap(
            "a digest that is too short",
            vec![],
            "quay.io/acme/app@sha256:00",
            &[REFUSED],
        ),
        trap(
            "a repository in capitals",
            vec![],
            "quay.io/Acme/app",
            &[REFUSED],
        ),
    ]
}
