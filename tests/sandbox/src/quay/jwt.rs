//! The registry's own tokens, and a look into those of others.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};

/// A throwaway: whoever trusts it trusts a sandbox.
const KEY: &[u8] = include_bytes!("../../keys/registry-token.p8");

/// How many signed tokens are remembered.
const REMEMBERED: usize = 1024;

/// Signs and checks the registry's tokens (RS256).
pub(super) struct Signer {
    key: RsaKeyPair,
    random: SystemRandom,
    id: String,
    /// The same claims in the same second are the same token, and signing is what costs.
    signed: Mutex<HashMap<String, String>>,
}

impl Signer {
    pub(super) fn new() -> io::Result<Self> {
        let key =
            RsaKeyPair::from_pkcs8(KEY).map_err(|error| io::Error::other(error.to_string()))?;
        let public = key.public_key().as_ref();
        let digest = ring::digest::digest(&ring::digest::SHA256, public);
        Ok(Self {
            id: URL_SAFE_NO_PAD.encode(digest),
            key,
            random: SystemRandom::new(),
            signed: Mutex::default(),
        })
    }

    pub(super) fn sign(&self, payload: &Value) -> String {
        let header = json!({ "alg": "RS256", "kid": self.id, "typ": "JWT" });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(payload));
        let mut known = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = known.get(&signed) {
            return token.clone();
        }
        let mut signature = vec![0; self.key.public().modulus_len()];
        let done = self.key.sign(
            &RSA_PKCS1_SHA256,
            &self.random,
            signed.as_bytes(),
            &mut signature,
        );
        // Only a buffer of the wrong size fails, and this one has the modulus' size.
        debug_assert!(done.is_ok());
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(signed, token.clone());
        token
    }

    /// The payload of a token this key has signed.
    pub(super) fn verify(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = decode(signature)?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public_key().as_ref())
            .verify(signed.as_bytes(), &signature)
            .ok()?;
        payload(token)
    }
}

/// The payload of a token, whoever signed it.
pub(super) fn payload(token: &str) -> Option<Value> {
    let (header, rest) = token.split_once('.')?;
    let (body, _) = rest.split_once('.')?;
    let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
    header.is_object().then_some(())?;
    serde_json::from_slice(&decode(body)?).ok()
}

/// The issuer of what looks like a token.
pub(super) fn issuer(token: &str) -> Option<String> {
    let payload = payload(token)?;
    Some(payload.get("iss")?.as_str()?.to_owned())
}

/// Base64 for URLs, padded or not.
pub(super) fn decode(part: &str) -> Option<Vec<u8>> {
    let part = part.trim_end_matches('=');
    URL_SAFE_NO_PAD
        .decode(part)
        .or_else(|_| URL_SAFE.decode(part))
        .ok()
}
