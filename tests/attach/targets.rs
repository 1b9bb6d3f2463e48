//! What is no desk is said in one line.

use faultboard::remote::{RemoteDesk, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::desk::{Place, options};
use crate::support::{nobody, serve};

async fn why_not(address: String) -> String {
    let target = Target::parse(&address).expect("a target");
    let attached = RemoteDesk::attach(&[target], &options("me@here")).await;
    let why = attached.err().expect("no desk").to_string();
    assert!(!why.contains('\n'), "{why}");
    why.replace(&address, "THERE")
}

/// A server that answers each request with the next of these, and then with the last.
async fn answering(answers: &'static [(&'static str, &'static str)]) -> String {
    let served = serve(move |mut stream| async move {
        let mut head = vec![0; 2_048];
        let read = stream.read(&mut head).await.unwrap_or(0);
        let head = String::from_utf8_lossy(&head[..read]).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let found = answers.iter().find(|(at, _)| *at == path);
        let answer = found.map_or(
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            |(_, answer)| *answer,
        );
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    });
    served.await.to_string()
}

#[tokio::test]
async fn of_several_that_do_not_answer_the_first_is_said() {
    let (first, second) = (nobody().await.to_string(), nobody().await.to_string());
    let targets = [&first, &second].map(|address| Target::parse(address).expect("a target"));
    let attached = RemoteDesk::attach(&targets, &options("me@here")).await;
    let why = attached.err().expect("no desk").to_string();
    let said = format!("nothing answers on {first}: ");
    assert!(why.starts_with(&said), "{why}");
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a row for each answer")]
async fn what_is_no_desk_is_said_in_one_line() {
    let closed = why_not(nobody().await.to_string()).await;
    assert!(closed.starts_with("nothing answers on THERE: "), "{closed}");
    for (answer, says) in [
        (
            "SSH-2.0-OpenSSH_9.2\r\n",
            "what answers on THERE is no desk (it speaks no HTTP): it is neither faultboard nor toxiproxy",
        ),
        (
            "",
            "nothing answers on THERE: it closes the connection without an answer",
        ),
    ] {
        let there = answering(Vec::leak(vec![("/faultboard/v1", answer)])).await;
        assert_eq!(why_not(there).await, says);
    }
    for (answers, says) in [
        (
            &[][..],
            "what answers on THERE is no desk (404 Not Found): it is neither faultboard nor toxiproxy",
        ),
        (
            &[
                (
                    "/version",
                    "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{\"version\":\"1.2.3\"}",
                ),
                (
                    "/proxies",
                    "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>",
                ),
            ],
            "what answers on THERE is no desk (200 OK): it is neither faultboard nor toxiproxy",
        ),
        (
            &[(
                "/faultboard/v1",
                "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
            )],
            "THERE asks for a token: --token-file FILE or FAULTBOARD_TOKEN",
        ),
        (
            &[(
                "/faultboard/v1",
                "HTTP/1.1 200 OK\r\nContent-Length: 49\r\n\r\n{\"name\":\"faultboard\",\"api\":99,\"version\":\"99.0.0\"}",
            )],
            "THERE is faultboard 99.0.0 with version 99 of the interface, this program speaks 1",
        ),
        (
            &[(
                "/faultboard/v1",
                "HTTP/1.1 403 Forbidden\r\nContent-Length: 38\r\n\r\n{\"error\":\"not from here\",\"status\":403}",
            )],
            "THERE refuses: not from here",
        ),
        (
            // It has a place again when it is asked for its version: it is a desk all the same.
            &[
                (
                    "/faultboard/v1",
                    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 41\r\n\r\n{\"error\":\"it takes no more\",\"status\":503}",
                ),
                (
                    "/version",
                    "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"version\":\"2.12.0\"}",
                ),
                ("/proxies", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
            ],
            "THERE refuses: it takes no more",
        ),
    ] {
        assert_eq!(why_not(answering(answers).await).await, says);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_desk_on_a_unix_socket_is_attached_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("api.sock");
    let address = faultboard::api::Address::parse(&format!("unix:{}", path.display()));
    let place = Place::at(
        &address.expect("an address"),
        &faultboard::api::ApiArgs::default(),
    );
    let desk = place.attach("me@here").await;
    let contact = faultboard::desk::Desk::contact(&desk).borrow().clone();
    assert!(contact.lost().next().is_none(), "{contact:?}");
}
