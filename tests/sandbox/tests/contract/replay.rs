//! Sends a recorded request to the sandbox and compares the answer.

use std::collections::BTreeSet;
use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use jiff::fmt::rfc2822;
use quay_sandbox::quay::{Quay, QuayOptions};
use reqwest::{Client, Method};
use serde_json::Value;

use crate::client::client;
use crate::recording::{Exchange, Request, Response};
use crate::rules::{self, Learned};
use crate::stage;

/// SERVER_HOSTNAME of the recorded server.
pub const HOSTNAME: &str = "localhost:8080";

/// A sandbox in the place of the recorded server.
pub struct Replay {
    pub quay: Quay,
    pub client: Client,
    pub learned: Learned,
}

impl Replay {
    pub fn start() -> io::Result<Self> {
        let quay = Quay::start(QuayOptions {
            server_hostname: Some(HOSTNAME.into()),
            plain_http: true,
            ..QuayOptions::default()
        })?;
        let client = client(None)?;
        Ok(Self {
            quay,
            client,
            learned: Learned::default(),
        })
    }

    /// Replays an exchange; the error says what differs.
    pub async fn exchange(&mut self, host: &str, exchange: &Exchange) -> Result<(), String> {
        let (Some(request), Some(response)) = (&exchange.request, &exchange.response) else {
            return Err("not an exchange".into());
        };
        self.put_clock(response);
        let cookie = self.cookie(&exchange.label, request);
        let answer = self.send(host, request).await?;
        self.learn_headers(response, &answer, cookie.as_deref());
        self.compare(request, response, &answer)
    }

    /// The sandbox's clock stands at the recorded second, and a millisecond later at every further
    /// exchange of it, however long the replay takes.
    fn put_clock(&mut self, response: &Response) {
        let date = response.header("date").unwrap_or_default();
        let Ok(zoned) = rfc2822::parse(&date.replace("GMT", "+0000")) else {
            return;
        };
        let second = zoned.timestamp();
        self.quay.edit(|state| {
            let next = state.now() + SignedDuration::from_millis(1);
            let same = next.as_second() == second.as_second();
            state.stop_clock(if same { next } else { second });
        });
    }

    /// The recorded session cookie, once the sandbox has one for it.
    fn cookie(&mut self, label: &str, request: &Request) -> Option<String> {
        let cookie = request.headers.get("Cookie")?;
        let cookie = cookie.strip_prefix("_csrf_token=")?.to_owned();
        if self.learned.get(&cookie).is_none() {
            let csrf = request.headers.get("X-CSRF-Token").map(String::as_str);
            stage::session(&self.quay, label, &cookie, csrf, &mut self.learned);
        }
        Some(cookie)
    }

    async fn send(&self, host: &str, request: &Request) -> Result<Answer, String> {
        let port = self.quay.server().port();
        let path = self.learned.translate(&request.path);
        let method: Method = request.method.parse().map_err(|_| "no such verb")?;
        let url = format!("http://127.0.0.1:{port}{path}");
        let mut sent = self.client.request(method, url).header("host", host);
        for (name, value) in &request.headers {
            sent = sent.header(name, self.translate_header(value));
        }
        if let Some(body) = &request.body {
            sent = sent.body(self.learned.translate(body));
        }
        let response = sent.send().await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.to_string(), value)
            })
            .collect();
        let body = response.text().await.map_err(|error| error.to_string())?;
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    /// Basic credentials are translated inside of their encoding.
    fn translate_header(&self, value: &str) -> String {
        let decoded = value
            .strip_prefix("Basic ")
            .and_then(|encoded| STANDARD.decode(encoded).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok());
        match decoded {
            Some(text) => format!("Basic {}", STANDARD.encode(self.learned.translate(&text))),
            None => self.learned.translate(value),
        }
    }

    /// Values that come in headers: sessions, CSRF tokens, and the token or code of a redirect.
    fn learn_headers(&mut self, recorded: &Response, own: &Answer, session: Option<&str>) {
        let cookie = |header: &str| -> Option<String> {
            let value = header.strip_prefix("_csrf_token=")?;
            Some(value.split(';').next()?.to_owned())
        };
        if let Some(recorded) = recorded.header("set-cookie").and_then(cookie) {
            // The recorded server signs a session anew with every answer; the sandbox keeps its.
            let own = own.header("set-cookie").and_then(cookie);
            let kept = session.and_then(|it| self.learned.get(it).map(str::to_owned));
            if let Some(own) = own.or(kept) {
                self.learned.learn(&recorded, &own);
            }
        }
        if let (Some(recorded), Some(own)) = (
            recorded.header("x-next-csrf-token"),
            own.header("x-next-csrf-token"),
        ) {
            self.learned.learn(recorded, own);
        }
        for mark in ["access_token=", "code="] {
            let after = |location: &str| -> Option<String> {
                let (_, value) = location.split_once(mark)?;
                Some(value.split('&').next()?.to_owned())
            };
            if let (Some(recorded), Some(own)) = (
                recorded.header("location").and_then(after),
                own.header("location").and_then(after),
            ) {
                self.learned.learn(&recorded, &own);
            }
        }
    }

    fn compare(
        &mut self,
        request: &Request,
        recorded: &Response,
        own: &Answer,
    ) -> Result<(), String> {
        if recorded.status != own.status {
            let (own, recorded) = (own.status, recorded.status);
            return Err(format!("status {own} instead of {recorded}"));
        }
        for name in rules::HEADERS {
            let wanted = recorded.header(name).map(|it| self.learned.translate(it));
            let found = own.header(name).map(str::to_owned);
            let equal = match name {
                "allow" => set(wanted.as_deref()) == set(found.as_deref()),
                _ => wanted == found,
            };
            if !equal {
                return Err(format!("{name}: {found:?} instead of {wanted:?}"));
            }
        }
        self.compare_bodies(request, recorded.body(), &own.body)
    }

    fn compare_bodies(
        &mut self,
        request: &Request,
        recorded: &str,
        own: &str,
    ) -> Result<(), String> {
        let value: Option<Value> = serde_json::from_str(own).ok();
        if let Some(cut) = recorded.strip_suffix(rules::CUT) {
            let recorded = rules::whole_entries(cut).ok_or("nothing to compare")?;
            let own = value.ok_or("no JSON")?;
            return self.learned.values_equal("", &recorded, &own);
        }
        let wanted: Option<Value> = serde_json::from_str(recorded).ok();
        let (Some(wanted), Some(own)) = (wanted, value) else {
            let page = recorded.starts_with("<!DOCTYPE html>") && own.starts_with(recorded);
            return if page || own == recorded {
                Ok(())
            } else {
                Err(format!("`{own}` instead of `{recorded}`"))
            };
        };
        if request.path.contains("/logs") {
            rules::logs_equal(&wanted, &own)
        } else if request.path.contains("limit=") {
            self.learned.cut_lists_equal(&wanted, &own)
        } else {
            self.learned.values_equal("", &wanted, &own)
        }
    }
}

fn set(allow: Option<&str>) -> BTreeSet<&str> {
    allow.unwrap_or_default().split(", ").collect()
}

/// An answer of the sandbox.
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}
