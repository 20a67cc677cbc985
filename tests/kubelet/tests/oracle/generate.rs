//! Cases that look like what people have in their clusters, and like what breaks.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use fastrand::Rng;
use quay_kubelet::{Bytes, PullSecret, Question};
use std::collections::BTreeMap;

const HOSTS: [&str; 14] = [
    "quay.example.com",
    "quay.example.com:8443",
    "quay.io",
    "localhost",
    "localhost:5000",
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "10.0.0.1:5000",
    "[::1]",
    "[::1]:5000",
    "a.b.quay.io",
    "QUAY.io",
    "quay.io:443",
];
const PATHS: [&str; 9] = [
    "acme",
    "acme/app",
    "acme-internal/app",
    "acme/app/deep",
    "v1/app",
    "v2ray/app",
    "nginx",
    "library/nginx",
    "a_b/c.d",
];

/// A random question of this seed.
pub fn question(seed: u64) -> Question {
    let mut random = Random(Rng::with_seed(seed));
    let image = random.image();
    let count = [0, 1, 1, 1, 2, 2, 3][random.0.usize(0..7)];
    let mut secrets: Vec<PullSecret> = (0..count)
        .map(|number| random.secret(&format!("s{number}"), &image))
        .collect();
    if random.one_in(12)
        && let Some(first) = secrets.first().cloned()
    {
        secrets.push(first);
    }
    Question { secrets, image }
}

/// What generated things are made of.
pub struct Random(pub Rng);

impl Random {
    /// True once in so many times.
    pub fn one_in(&mut self, times: u32) -> bool {
        self.0.u32(0..times) == 0
    }

    /// One of these.
    pub fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.0.usize(0..choices.len())]
    }

    /// The name of an image.
    pub fn image(&mut self) -> String {
        if self.one_in(30) {
            return self
                .of(&[
                    "",
                    "quay.io/",
                    "quay.io/UP",
                    "a b",
                    ":tag",
                    "//x",
                    "quay.io//x",
                    "é/x",
                ])
                .to_owned();
        }
        let digest = format!("@sha256:{}", "0a".repeat(self.0.usize(31..34)));
        let suffix = ["", "", ":v1", &digest, ":v1@sha512:00"][self.0.usize(0..5)].to_owned();
        let path = self.of(&PATHS);
        match self.one_in(5) {
            true => format!("{path}{suffix}"),
            false => format!("{}/{path}{suffix}", self.of(&HOSTS)),
        }
    }

    fn secret(&mut self, name: &str, image: &str) -> PullSecret {
        let legacy = self.one_in(4);
        let (mut secret_type, mut key) = match legacy {
            true => ("kubernetes.io/dockercfg", ".dockercfg"),
            false => ("kubernetes.io/dockerconfigjson", ".dockerconfigjson"),
        };
        let content = self.content(legacy, image);
        if self.one_in(20) {
            secret_type = self.of(&["Opaque", "", "kubernetes.io/dockercfg"]);
        }
        if self.one_in(25) {
            key = self.of(&["config.json", ".dockercfg", ".dockerconfigjson"]);
        }
        let mut data = BTreeMap::from([(key.to_owned(), Bytes(content))]);
        if self.one_in(25) {
            data.insert(".dockercfg".to_owned(), Bytes(self.entries(image)));
        }
        PullSecret {
            name: name.to_owned(),
            secret_type: secret_type.to_owned(),
            data,
        }
    }

    /// What a secret of one of the two types holds.
    pub fn content(&mut self, legacy: bool, image: &str) -> Vec<u8> {
        match self.0.u32(0..40) {
            0 => Vec::new(),
            1 => self
                .of(&["null", "{}", "[]", "5", "\"x\"", " {\"auths\":null}\n"])
                .into(),
            2 => self
                .of(&[
                    "{",
                    "{\"auths\":{}}x",
                    "\u{feff}{}",
                    "{\"a\" 1}",
                    "{\"a\":01}",
                ])
                .into(),
            _ if legacy => self.entries(image),
            _ => self.root(image),
        }
    }

    fn root(&mut self, image: &str) -> Vec<u8> {
        let mut members = Vec::new();
        for _ in 0..[1, 1, 1, 1, 2, 3][self.0.usize(0..6)] {
            let name = match self.one_in(5) {
                true => self.of(&["Auths", "AUTHS", "auth\u{17f}", "auth", "auths "]),
                false => "auths",
            };
            let value = match self.one_in(15) {
                true => self.of(&["null", "[]", "\"\"", "7"]).into(),
                false => self.entries(image),
            };
            members.push((self.string(name.as_bytes()), value));
        }
        if self.one_in(10) {
            let name = self.of(&["HttpHeaders", "httpheaders", "credsStore", "credHelpers"]);
            let value = self.of(&[
                "null",
                "{\"a\":\"b\"}",
                "{\"a\":null}",
                "{\"a\":1}",
                "\"x\"",
                "[1e400]",
            ]);
            let at = self.0.usize(0..=members.len());
            members.insert(at, (self.string(name.as_bytes()), value.into()));
        }
        self.object(members)
    }

    fn entries(&mut self, image: &str) -> Vec<u8> {
        let mut members = Vec::new();
        for _ in 0..self.0.usize(0..4) {
            let key = self.key(image);
            let name = self.string(&key);
            let entry = self.entry();
            if self.one_in(12) {
                members.push((self.string(&key), self.entry()));
            }
            members.push((name, entry));
        }
        self.object(members)
    }

    /// A key near the image's name.
    pub fn key(&mut self, image: &str) -> Vec<u8> {
        let (host, path) = match image.split_once('/') {
            Some((host, path)) if !self.one_in(4) => (host.to_owned(), path.to_owned()),
            _ => (self.of(&HOSTS).to_owned(), self.of(&PATHS).to_owned()),
        };
        let host = match self.0.u32(0..16) {
            0 => host.split(':').next().unwrap_or_default().to_owned(),
            1 => format!("{host}:443"),
            2 => host.to_uppercase(),
            3..6 => self.glob(&host),
            6 => format!("{}{host}", self.of(&["u@", "u:p@", "u%zz@", "ü@", "@"])),
            7 => "index.docker.io".to_owned(),
            _ => host,
        };
        let path = path.split([':', '@']).next().unwrap_or_default();
        let organization = path.split('/').next().unwrap_or_default();
        let path = match self.0.u32(0..12) {
            0..5 => String::new(),
            5 => format!("/{organization}"),
            6 => format!("/{organization}/"),
            7 => format!("/{path}"),
            8 => format!("/{}", &path[..self.0.usize(0..=path.len())]),
            9 => self
                .of(&["/", "//", "/v1", "/v1/", "/v2", "/v2/", "/v1//"])
                .to_owned(),
            10 => format!("{}{path}", self.of(&["/v1/", "/v2/", "/v3/", "//"])),
            _ => self
                .of(&[
                    "/%61cme",
                    "/%2561cme",
                    "/%",
                    "/%zz",
                    "/acme?x",
                    "/acme%3Fx",
                    "/%23",
                    "#f",
                    "#%z",
                    "?",
                ])
                .to_owned(),
        };
        let scheme = match self.one_in(3) {
            true => self.of(&[
                "https://",
                "https://",
                "http://",
                "HTTPS://",
                "docker://",
                "//",
            ]),
            false => "",
        };
        let mut key = format!("{scheme}{host}{path}").into_bytes();
        if self.one_in(12) {
            let odd = [
                " ", "\t", "\u{7f}", "ü", "%", "\\", "\u{0}", "?", "{", "*", ":", "[", "]", "%e9",
                "%41",
            ];
            let at = self.0.usize(0..=key.len());
            let odd = self.of(&odd).bytes().collect::<Vec<_>>();
            key.splice(at..at, odd);
        }
        if self.one_in(40) {
            key.push(0xe9);
        }
        key
    }

    /// The host with one of its labels turned into a pattern.
    fn glob(&mut self, host: &str) -> String {
        let mut labels: Vec<String> = host.split('.').map(str::to_owned).collect();
        let at = self.0.usize(0..labels.len());
        let label = labels[at].clone();
        let first = label.chars().next().map(String::from).unwrap_or_default();
        let rest = label.get(first.len()..).unwrap_or_default().to_owned();
        labels[at] = match self.0.u32(0..12) {
            0..3 => "*".to_owned(),
            3 => format!(
                "*{}",
                label.chars().last().map(String::from).unwrap_or_default()
            ),
            4 => format!("{first}*"),
            5 => format!("?{rest}"),
            6 => format!("[{first}-z]{rest}"),
            7 => format!("[^a]{rest}"),
            8 => format!("\\{label}"),
            9 => format!("[{rest}"),
            10 => format!("*{rest}*"),
            _ => "**".to_owned(),
        };
        labels.join(".")
    }

    fn entry(&mut self) -> Vec<u8> {
        if self.one_in(12) {
            return self
                .of(&["null", "{}", "{}", "\"x\"", "5", "[]", "true"])
                .into();
        }
        let mut members = Vec::new();
        for _ in 0..self.0.usize(0..3) {
            let name = self.field(&["username", "password", "email"]);
            members.push((name, self.text()));
        }
        if !self.one_in(5) {
            let at = self.0.usize(0..=members.len());
            members.insert(at, (self.field(&["auth"]), self.auth()));
        }
        if self.one_in(8) {
            members.push((
                self.field(&["auth", "username", "identitytoken", "x"]),
                self.text(),
            ));
        }
        self.object(members)
    }

    fn field(&mut self, names: &[&str]) -> Vec<u8> {
        let name = self.of(names);
        let name = match self.0.u32(0..10) {
            0 => name.to_uppercase(),
            1 => name[..1].to_uppercase() + &name[1..],
            2 => name.replace('s', "\u{17f}"),
            _ => name.to_owned(),
        };
        self.string(name.as_bytes())
    }

    fn text(&mut self) -> Vec<u8> {
        match self.0.u32(0..14) {
            0 => b"null".to_vec(),
            1 => self.of(&["5", "{}", "[]", "false"]).into(),
            2 => b"\"\"".to_vec(),
            3 => b"\"M\xfcller\"".to_vec(),
            4 => br#""\ud800x\udc00""#.to_vec(),
            5 => b"\"\xf0\x9f\x92\"".to_vec(),
            6 => r#""\ud83d\ude00ü😀\/\n""#.into(),
            _ => {
                let number = self.0.u32(0..100);
                self.string(format!("text{number}").as_bytes())
            }
        }
    }

    fn auth(&mut self) -> Vec<u8> {
        let mut pair = format!(
            "myorg+robot{}:token{}",
            self.0.u32(0..9),
            self.0.u32(0..999)
        )
        .into_bytes();
        match self.0.u32(0..12) {
            0 => pair.retain(|byte| *byte != b':'),
            1 => pair.push(0xff),
            2 => pair.insert(0, 0xfc),
            3 => pair.extend(b":more"),
            4 => pair = b":".to_vec(),
            _ => {}
        }
        let padded = STANDARD.encode(&pair);
        let text = match self.0.u32(0..16) {
            0 => STANDARD_NO_PAD.encode(&pair),
            1 => URL_SAFE.encode([&pair[..], b"\xff\xfe\xfb"].concat()),
            2 => format!("{}\n{}", &padded[..4], &padded[4..]),
            3 => format!("{padded} "),
            4 => format!("{padded}\r\n"),
            5 => format!("{padded}="),
            6 => padded.trim_end_matches('=').to_owned() + "=",
            7 => self
                .of(&["", "=", "!", "\n", "dTpwdx==", "dTpwdx", "a"])
                .to_owned(),
            8 => return self.text(),
            _ => padded,
        };
        self.string(text.as_bytes())
    }

    /// Bytes as a JSON string, some of its ASCII letters escaped.
    fn string(&mut self, text: &[u8]) -> Vec<u8> {
        let escaped = self.one_in(6);
        let mut json = vec![b'"'];
        for byte in text {
            match byte {
                b'"' | b'\\' => json.extend([b'\\', *byte]),
                ..0x20 => json.extend(format!("\\u{byte:04x}").bytes()),
                ..0x80 if escaped && self.one_in(4) => {
                    json.extend(format!("\\u{byte:04X}").bytes())
                }
                _ => json.push(*byte),
            }
        }
        json.push(b'"');
        json
    }

    fn object(&mut self, members: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<u8> {
        let space = if self.one_in(4) { " \r\n\t" } else { "" };
        let mut json = format!("{space}{{{space}").into_bytes();
        for (number, (name, value)) in members.into_iter().enumerate() {
            if number > 0 {
                json.push(b',');
            }
            json.extend(name);
            json.extend(format!("{space}:{space}").bytes());
            json.extend(value);
        }
        json.extend(format!("{space}}}").bytes());
        json
    }
}
