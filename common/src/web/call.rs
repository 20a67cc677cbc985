//! One request to a registry, to Quay or to Red Hat, and what comes back.

use reqwest::{Method, Url};
use secrecy::SecretString;
use serde_json::Value;
use std::fmt;

/// The credential of one request.
#[derive(Clone, Copy)]
pub(crate) enum Auth<'a> {
    None,
    Bearer(&'a SecretString),
    Basic(&'a str, &'a SecretString),
}

/// Whether a request may be sent again when nobody knows if it was carried out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Doing it twice is doing it once.
    Safe,
    /// Only after an answer that says it was not carried out.
    Refused,
    /// Only after 429: a proxy's word is not enough.
    Limited,
}

/// What a request carries.
pub(crate) enum Body {
    Json(Value),
    /// As browsers encode it.
    Form(String),
}

/// How much of a success is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Largest {
    /// A token with what it is good for, or less: 64 KiB.
    Token,
    /// A page of a list: 16 MiB. A listing of some ten thousand robots stays well below.
    Page,
}

impl Largest {
    /// The most bytes that are read.
    pub fn bytes(self) -> usize {
        match self {
            Self::Token => 64 << 10,
            Self::Page => 16 << 20,
        }
    }
}

impl fmt::Display for Largest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token => "64 KiB",
            Self::Page => "16 MiB",
        })
    }
}

/// One request; `url` is absolute.
pub(crate) struct Call<'a> {
    pub method: Method,
    pub url: Url,
    pub auth: Auth<'a>,
    pub body: Option<Body>,
    /// The kinds of content that are wanted, where the server has to be told.
    pub accept: Option<&'static str>,
    pub repeat: Repeat,
    pub largest: Largest,
}

/// One answer that is neither a redirect nor a sign to come back later.
pub(crate) struct Answer {
    pub status: u16,
    pub challenge: Option<String>,
    pub body: Vec<u8>,
    /// An earlier try ended without an answer, so the request may have been carried out twice.
    pub after_loss: bool,
}

impl Answer {
    /// Whether the server did what was asked: a status from 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
