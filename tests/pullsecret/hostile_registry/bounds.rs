//! Time, memory and words that a registry can cost.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Version;
use std::io::Write;

#[test]
fn slow_registries_cost_their_time_once() {
    let hostile = Hostile::handing_out(&json!({}));
    hostile.always(FaultAction::Stall);
    let one = hostile.namespace(std::iter::repeat_n(hostile.host(0), ENTRIES));
    let told = hostile.verify(&one);
    let told = told.output.expect(1);
    assert_eq!(
        told.stdout.matches("no answer in time").count(),
        1,
        "{}",
        told.stdout
    );
    assert_eq!(
        told.stdout.matches("so it was not asked again").count(),
        ENTRIES - 1,
        "{}",
        told.stdout
    );
    let many = hostile.namespace(each(ENTRIES)(&hostile).into_iter());
    let told = hostile.verify(&many);
    assert!(told.took < Duration::from_secs(15), "{:?}", told.took);
    let told = told.output.expect(1);
    assert_eq!(told.stdout.matches("no answer in time").count(), ENTRIES);
}

#[test]
fn a_registry_that_is_never_quite_silent_has_its_time_too() {
    for path in ["/v2/auth", "/v2/"] {
        let hostile = Hostile::handing_out(&json!({}));
        // Each answer comes in time, and there are many of them.
        hostile
            .at(path, FaultAction::Delay(Duration::from_millis(900)))
            .with_tokens();
        let namespace = hostile.namespace(std::iter::repeat_n(hostile.host(0), 60));
        let told = hostile.verify(&namespace);
        assert!(told.took < Duration::from_secs(12), "{:?}", told.took);
        told.output.expect(1);
    }
    let hostile = Hostile::handing_out(&json!({}));
    let wait = FaultAction::TooManyRequests {
        retry_after_seconds: 20,
    };
    hostile.always(wait);
    let namespace = hostile.namespace(each(ENTRIES)(&hostile).into_iter());
    hostile.verify(&namespace).output.expect(1);
}

#[test]
fn answers_that_drip_are_not_waited_for() {
    let every = Duration::from_millis(100);
    let hostile = Hostile::handing_out(&json!({}));
    let body = pieces(200, "{\"token\": \"", usize::MAX, every);
    hostile
        .at("/v2/auth", FaultAction::Pieces(body))
        .with_tokens();
    let names = vec!["*.hostile.example.com".to_owned()];
    let head = drip(&hostile.authority, &names, every).expect("a port");
    let head = format!("r1.hostile.example.com:{head}");
    let namespace = hostile.namespace([hostile.host(0), head].into_iter());
    let told = hostile.verify(&namespace).output.expect(1);
    assert_eq!(
        told.stdout.matches("no answer in time").count(),
        2,
        "{}",
        told.stdout
    );
}

#[test]
fn loud_registries_are_cut_short() {
    let hostile = Hostile::handing_out(&json!({}));
    let loud = json!({"errors": [{"message": "loud ".repeat(3 << 20)}]}).to_string();
    hostile
        .at("/v2/auth", answer(401, &loud, &[]))
        .with_tokens();
    let hosts = std::iter::repeat_n(hostile.host(0), ENTRIES);
    let namespace = hostile.namespace(hosts);
    // It is loud, not slow: a busy machine is given the time for it.
    let patience = "--probe-timeout=10s";
    let verify = ["verify", "-n", &namespace, patience];
    let told = bounded(&hostile.world, &verify).output.expect(1);
    told.prints("refuses the credential");
    let json = ["verify", "-n", &namespace, patience, "-o", "json"];
    bounded(&hostile.world, &json).output.expect(1);
}

#[test]
fn a_body_without_an_end_is_not_read_to_its_end() {
    let gigabyte = 16 << 10;
    for (code, said) in [
        (200, "larger than 64 KiB"),
        (401, "refuses the credential"),
        (500, "500"),
    ] {
        let hostile = Hostile::handing_out(&json!({}));
        let mut body = pieces(code, "{\"token\": \"", gigabyte, Duration::ZERO);
        // Nothing is unpacked that was not asked for.
        body.headers = vec![("Content-Encoding".to_owned(), "gzip".to_owned())];
        hostile
            .at("/v2/auth", FaultAction::Pieces(body))
            .with_tokens();
        let namespace = hostile.namespace(std::iter::repeat_n(hostile.host(0), ENTRIES));
        hostile.verify(&namespace).output.expect(1).prints(said);
        let log = hostile.server.log().all();
        assert!(
            log.iter()
                .all(|request| request.header("accept-encoding").is_none())
        );
    }
}

/// So many MiB of zeros, as gzip: members of a MiB each, which follow one another.
fn bomb(mebibytes: usize) -> Pieces {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&vec![0; 1 << 20]).expect("it is memory");
    Pieces {
        code: 200,
        headers: vec![("Content-Encoding".to_owned(), "gzip".to_owned())],
        head: String::new(),
        piece: packed.finish().expect("it is memory").into(),
        times: mebibytes,
        every: Duration::ZERO,
    }
}

#[test]
fn a_body_that_would_unpack_to_a_gigabyte_is_not_unpacked() {
    // As much as a token may have, packed; and a gigabyte.
    for (mebibytes, said) in [(48, "the body is compressed"), (1024, "larger than 64 KiB")] {
        let hostile = Hostile::handing_out(&json!({}));
        hostile
            .at("/v2/auth", FaultAction::Pieces(bomb(mebibytes)))
            .with_tokens();
        let namespace = hostile.namespace(std::iter::repeat_n(hostile.host(0), ENTRIES));
        let told = hostile.verify(&namespace);
        assert!(told.took < Duration::from_secs(10), "{:?}", told.took);
        told.output.expect(1).prints(said);
    }
    let world = world();
    let namespace = world.cluster.namespace("bomb");
    world.stale_secret(&namespace, "a");
    let before = world.cluster.content(&namespace, "a");
    let faults = world.quay.quay.server().faults();
    faults.add(wherever("/robots", FaultAction::Pieces(bomb(1024))));
    for command in ["sync", "verify"] {
        let told = bounded(&world, &[command, "-n", &namespace]);
        assert!(told.took < Duration::from_secs(10), "{:?}", told.took);
        told.output.expect(1).prints("the body is compressed");
    }
    assert_eq!(world.cluster.content(&namespace, "a"), before);
}

#[test]
fn an_answer_that_goaway_cuts_off_is_no_answer() {
    let hostile = Hostile::handing_out(&json!({}));
    let names = vec!["*.hostile.example.com".to_owned()];
    let port = goaway(&hostile.authority, &names, "{\"token\": \"").expect("a port");
    let hosts = (0..4).map(|number| format!("r{number}.hostile.example.com:{port}"));
    let namespace = hostile.namespace(hosts);
    let verify = ["verify", "-n", &namespace, PATIENCE, "-o", "json"];
    let told = bounded(&hostile.world, &verify).output.expect(1);
    for item in told.items() {
        assert_eq!(item["state"], "unknown", "{item:#}");
    }
    assert_eq!(told.items().len(), 4);
}

#[test]
fn connections_that_end_in_the_middle_cost_no_answer() {
    let hostile = Hostile::handing_out(&json!({}));
    let world = &hostile.world;
    for faults in [hostile.server.faults(), world.quay.quay.server().faults()] {
        faults.add(wherever("", FaultAction::GoAway));
    }
    let namespace = world.cluster.namespace("goaway");
    for number in 0..ENTRIES {
        world.current_secret(&namespace, &format!("s{number}"));
    }
    let used = image(world, "my-app:v1");
    world
        .cluster
        .create(&pod(&namespace, "shop", &used, &["s0"]));
    bounded(world, &["verify", "-n", &namespace])
        .output
        .expect(0);
    let log = world.quay.quay.server().log().all();
    assert!(log.iter().all(|asked| asked.version == Version::HTTP_2));
}
