//! Through which proxy Quay is asked: as Go decides it.

use crate::robot::{BINARY, SCOPES};
use quay_sandbox::quay::QuayOptions;
use quay_tests::{ConnectProxy, TestContext, TestQuay};
use std::net::Ipv4Addr;

/// A Quay on this machine whose address is not one of loopback's, so that it is asked through a
/// proxy; and a proxy.
fn start() -> (TestContext, TestQuay, ConnectProxy) {
    let mut context = TestContext::new(BINARY);
    let options = QuayOptions {
        address: Some(Ipv4Addr::UNSPECIFIED),
        ..QuayOptions::default()
    };
    let quay = TestQuay::start_with(&mut context, options);
    quay.sign_in(&mut context, SCOPES);
    (context, quay, ConnectProxy::start())
}

/// Who came to the proxy while the robots were listed with these variables.
fn asked(context: &TestContext, proxy: &ConnectProxy, variables: &[(&str, &str)]) -> usize {
    let mut run = context.command("list myorg -o name");
    for (name, value) in variables {
        run = run.env(name, value);
    }
    run.run().expect(0).prints("robot/myorg+deploy");
    proxy.heads().len()
}

#[test]
fn quay_is_asked_through_the_proxy_unless_no_proxy_names_it() {
    let (context, quay, proxy) = start();
    let (url, port) = (proxy.url(), quay.registry().rsplit_once(':').unwrap().1);
    let without_scheme = url.strip_prefix("http://").unwrap();
    let with_port = format!("0.0.0.0:{port}");
    let other_port = "0.0.0.0:1".to_owned();
    let through: &[&[(&str, &str)]] = &[
        &[("HTTPS_PROXY", &url)],
        &[("https_proxy", without_scheme)],
        &[("HTTPS_PROXY", &url), ("https_proxy", "http://127.0.0.1:9")],
        &[("HTTPS_PROXY", ""), ("https_proxy", &url)],
        &[("HTTPS_PROXY", &url), ("NO_PROXY", "")],
        &[
            ("HTTPS_PROXY", &url),
            ("NO_PROXY", "example.com, ,10.0.0.0/8"),
        ],
        &[("HTTPS_PROXY", &url), ("NO_PROXY", &other_port)],
        &[("HTTPS_PROXY", &url), ("REQUEST_METHOD", "GET")],
    ];
    for variables in through {
        assert!(asked(&context, &proxy, variables) > 0, "{variables:?}");
    }
    let directly: &[&[(&str, &str)]] = &[
        &[("HTTP_PROXY", &url)],
        &[("ALL_PROXY", &url)],
        &[("HTTPS_PROXY", &url), ("NO_PROXY", "*")],
        &[("HTTPS_PROXY", &url), ("NO_PROXY", &with_port)],
        &[("HTTPS_PROXY", &url), ("NO_PROXY", "0.0.0.0/8")],
        &[
            ("HTTPS_PROXY", &url),
            ("NO_PROXY", ""),
            ("no_proxy", "0.0.0.0"),
        ],
    ];
    for variables in directly {
        assert_eq!(asked(&context, &proxy, variables), 0, "{variables:?}");
    }
}

#[test]
fn quay_on_this_machine_is_asked_directly_whatever_the_proxy() {
    let (mut context, quay) = crate::robot::signed_in(SCOPES);
    let proxy = ConnectProxy::start();
    let url = proxy.url();
    assert_eq!(asked(&context, &proxy, &[("HTTPS_PROXY", &url)]), 0);
    let address = quay.quay.url().replace("localhost", "127.0.0.1");
    context.set("QUAY_URL", &address);
    context.set("QUAY_REGISTRY_ALIAS", quay.registry());
    assert_eq!(asked(&context, &proxy, &[("HTTPS_PROXY", &url)]), 0);
}

#[test]
fn a_proxy_is_shown_its_password_and_nobody_else_is() {
    let (mut context, _quay, proxy) = start();
    let password = "sesame-and-lilies-0123456789";
    context.watch(password);
    context.set("HTTPS_PROXY", &proxy.url_with(&format!("me:{password}")));
    let list = ["list", "myorg", "-o", "name", "-vvv"];
    context.run(list).expect(0);
    // printf 'me:sesame-and-lilies-0123456789' | base64
    let basic = "Basic bWU6c2VzYW1lLWFuZC1saWxpZXMtMDEyMzQ1Njc4OQ==";
    let heads = proxy.heads();
    assert!(!heads.is_empty() && heads.iter().all(|head| head.contains(basic)));

    context.set("HTTPS_PROXY", &format!("http://me:{password}@127.0.0.1:9"));
    let output = context.run(list).expect(1);
    output
        .says("through the proxy http://127.0.0.1:9")
        .says("NO_PROXY");
}
