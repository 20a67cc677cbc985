//! A certificate that signed itself, as `openssl req -x509` makes it: trusted where it was given.

use crate::robot::{BINARY, SCOPES};
use quay_sandbox::http::Authority;
use quay_sandbox::quay::QuayOptions;
use quay_tests::{TestContext, TestQuay};
use std::sync::Arc;

/// What this year is, roughly: the tests' certificates end with a year.
fn this_year() -> i32 {
    i32::from(jiff::Zoned::now().year())
}

fn self_signed(names: &[&str], last_year: i32) -> Arc<Authority> {
    Authority::self_signed(names, last_year).unwrap()
}

/// A Quay that shows this certificate, which is given as its authority.
fn signed_in(authority: Arc<Authority>) -> (TestContext, TestQuay) {
    let mut context = TestContext::new(BINARY);
    let options = QuayOptions {
        authority: Some(authority),
        ..QuayOptions::default()
    };
    let quay = TestQuay::start_with(&mut context, options);
    quay.sign_in(&mut context, SCOPES);
    (context, quay)
}

#[test]
fn a_self_signed_certificate_that_was_given_is_trusted() {
    let (context, _quay) = signed_in(self_signed(&["localhost"], this_year() + 1));
    let list = context.run("list myorg -o name").expect(0);
    assert_eq!(list.stdout, "robot/myorg+deploy\n");
}

#[test]
fn a_given_certificate_for_another_name_is_refused() {
    let (context, quay) = signed_in(self_signed(&["quay.example.com"], this_year() + 1));
    let output = context.run("list myorg").expect(1);
    output
        .says("certificate is for another name")
        .says("quay.example.com");
    assert_eq!(quay.quay.server().log().count(|_| true), 0);
}

#[test]
fn a_given_certificate_whose_time_is_over_is_refused() {
    let (context, quay) = signed_in(self_signed(&["localhost"], this_year() - 1));
    let output = context.run("list myorg").expect(1);
    output
        .says(&format!("expired at {}-12-31", this_year() - 1))
        .says("renew the certificate");
    assert_eq!(quay.quay.server().log().count(|_| true), 0);
}

#[test]
fn another_self_signed_certificate_is_refused_and_the_way_to_trust_it_is_told() {
    let (mut context, quay) = signed_in(self_signed(&["localhost"], this_year() + 1));
    let registry = quay.registry().to_owned();
    let refused = |context: &TestContext| {
        let output = context.run("list myorg -vvv").expect(1);
        assert!(!output.stderr.contains("trying again"), "{}", output.stderr);
        output
            .says("self-signed and not trusted (SHA-256 ")
            .says(&format!("openssl s_client -connect {registry}"))
            .says("--registry-ca server.pem");
    };
    let other = self_signed(&["localhost"], this_year() + 1);
    let ca = context.file("other.pem", other.pem());
    context.set("QUAY_CA_FILE", &ca.to_string_lossy());
    refused(&context);
    context.unset("QUAY_CA_FILE");
    refused(&context);
    assert_eq!(quay.quay.server().log().count(|_| true), 0);

    // Beside others, the right one is found.
    let both = format!("{}{}", other.pem(), quay.quay.ca_pem());
    let ca = context.file("both.pem", &both);
    let list = ["list", "myorg", "--registry-ca", &ca.to_string_lossy()];
    context.run(list).expect(0);
}
