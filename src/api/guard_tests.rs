//! The table of who is admitted.

use axum::body::Body;

use super::*;

fn request(method: &str, headers: &[(&str, &str)]) -> Request {
    let builder = Request::builder().method(method).uri("/proxies");
    let builder = headers.iter().fold(builder, |builder, (name, value)| {
        builder.header(*name, *value)
    });
    builder.body(Body::empty()).expect("a request")
}

fn access(reach: Reach, tokens: &str) -> Access {
    let args = ApiArgs {
        api_host: vec!["ours.example".to_owned()],
        ..ApiArgs::default()
    };
    Access::new(reach, Tokens::parse(tokens).unwrap_or_default(), &args)
}

fn status(access: &Access, method: &str, headers: &[(&str, &str)]) -> u16 {
    match access.judge(&request(method, headers)) {
        Ok(_) => 200,
        Err(refused) => refused.status().as_u16(),
    }
}

#[test]
fn what_a_page_can_send_is_refused_wherever_the_api_listens() {
    for reach in [Reach::Local, Reach::WithToken, Reach::Open] {
        let access = access(reach, "");
        for (name, value, expected) in [
            ("user-agent", "Mozilla/5.0 (X11)", 403),
            ("user-agent", "mozilla/5.0", 200),
            ("user-agent", "curl/8", 200),
            ("origin", "https://evil.example", 403),
            ("origin", "null", 403),
            ("sec-fetch-site", "cross-site", 403),
            ("sec-fetch-site", "same-site", 403),
            ("sec-fetch-site", "none", 200),
            ("sec-fetch-mode", "cors", 200),
        ] {
            let headers = [("host", "localhost:8474"), (name, value)];
            assert_eq!(
                status(&access, "GET", &headers),
                expected,
                "{reach:?} {name}: {value}"
            );
        }
    }
}

#[test]
fn a_name_that_a_stranger_can_own_is_no_host() {
    let (local, open) = (access(Reach::Local, ""), access(Reach::Open, ""));
    for (host, expected) in [
        ("127.0.0.1:8474", 200),
        ("[::1]:8474", 200),
        ("::1", 200),
        ("localhost", 200),
        ("LOCALHOST.:1", 200),
        ("toxiproxy:8474", 200),
        ("api.localhost", 200),
        ("faultboard.shop.svc.cluster.local:8474", 200),
        ("printer.home.arpa", 200),
        ("ours.example:80", 200),
        ("evil.example", 403),
        ("evil.example:8474", 403),
        ("localhost.evil.example", 403),
        ("svc", 200),
        ("", 403),
        ("user@evil.example", 403),
    ] {
        for access in [&local, &open] {
            assert_eq!(status(access, "GET", &[("host", host)]), expected, "{host}");
        }
    }
    assert_eq!(
        status(
            &access(Reach::WithToken, "t"),
            "GET",
            &[("host", "evil.example")]
        ),
        401
    );
    assert_eq!(status(&local, "GET", &[]), 400);
}

#[test]
fn the_refusal_of_a_host_names_the_option_that_allows_it() {
    let refused = access(Reach::Local, "").host(
        &Uri::from_static("/"),
        request("GET", &[("host", "evil.example:1")]).headers(),
        Version::HTTP_11,
    );
    assert_eq!(
        refused.expect_err("not known").error,
        "host \"evil.example\" is not known here: start with --api-host evil.example"
    );
}

#[test]
fn a_token_opens_and_the_reading_one_only_reads() {
    // x:secret, any:look, x:
    let (basic, look, empty) = ("Basic eDpzZWNyZXQ=", "basic YW55Omxvb2s=", "Basic eDo=");
    let access = access(Reach::WithToken, "secret\nlook");
    for (given, get, post) in [
        (Some("Bearer secret"), 200, 200),
        (Some("bearer  secret "), 200, 200),
        (Some(basic), 200, 200),
        (Some("Bearer look"), 200, 403),
        (Some(look), 200, 403),
        (Some("Bearer secre"), 401, 401),
        (Some("Bearer secrets"), 401, 401),
        (Some(empty), 401, 401),
        (Some("Basic ???"), 401, 401),
        (Some("secret"), 401, 401),
        (None, 401, 401),
    ] {
        let headers: Vec<_> = given
            .map(|value| ("authorization", value))
            .into_iter()
            .collect();
        let got = (
            status(&access, "GET", &headers),
            status(&access, "POST", &headers),
        );
        assert_eq!(got, (get, post), "{given:?}");
    }
}

#[test]
fn a_token_is_asked_for_on_loopback_too_and_not_where_the_api_is_open() {
    let host = [("host", "localhost")];
    for (reach, tokens, expected) in [
        (Reach::Local, "", 200),
        (Reach::Local, "secret", 401),
        (Reach::Open, "secret", 200),
    ] {
        assert_eq!(
            status(&access(reach, tokens), "POST", &host),
            expected,
            "{reach:?}"
        );
    }
}

#[test]
fn where_all_is_read_only_nothing_is_changed() {
    let args = ApiArgs {
        api_read_only: true,
        ..ApiArgs::default()
    };
    let access = Access::new(Reach::Local, Tokens::default(), &args);
    for (method, expected) in [("GET", 200), ("POST", 403), ("PATCH", 403), ("DELETE", 403)] {
        assert_eq!(
            status(&access, method, &[("host", "localhost")]),
            expected,
            "{method}"
        );
    }
}
