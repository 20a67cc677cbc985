//! Whatever a pull secret holds: reading it does not panic, editing one entry changes no other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quay_common::dockerconfig::{Credential, Document};
use quay_common::kubelet::{Format, ImageReference, Keyring, Secret};
use secrecy::{ExposeSecret, SecretString};

const KEY: &str = "quay.io/acme";

fuzz_target!(|input: (bool, &str, &[u8])| {
    let (legacy, image, content) = input;
    let format = if legacy { Format::DockerCfg } else { Format::DockerConfigJson };
    let data = if legacy { [None, Some(content)] } else { [Some(content), None] };
    let secret = Secret { secret_type: format.secret_type(), data };
    if let (Ok(keyring), Ok(image)) = (Keyring::of(&[secret, secret]), image.parse::<ImageReference>()) {
        assert!(keyring.lookup(&image).len() % 2 == 0, "each secret counts twice");
    }
    let Ok(before) = Document::parse(format, content) else { return };
    let again = Document::parse(format, before.to_json().expose_secret()).expect("it was read");
    assert!(again == before);

    let credential = Credential::new("acme+robot", SecretString::from("token"));
    let mut after = before.clone();
    after.set(KEY, &credential);
    let after = Document::parse(format, after.to_json().expose_secret()).expect("it was written");
    assert!(after.holds(KEY, &credential));
    for (key, _) in before.entries().filter(|(key, _)| *key != KEY) {
        assert!(after.agrees(key, &before), "{key} was changed");
    }
});
