//! As much HTTP/1.1 as the demo speaks with itself: heads with a length and a word on whether to go on.
//!
//! Bytes may come late, in pieces or damaged by a fault: whatever is not understood is an error, never a wait without
//! end or a buffer without bound.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio::time::timeout;

/// A head longer than this is not one of ours.
const LONGEST: usize = 4096;

/// What a head says about what follows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// How many bytes of body follow.
    pub(super) length: u64,
    /// Whether the connection ends after it.
    pub(super) closes: bool,
}

/// Reads a head, `None` where the peer ended before one; fails when nothing comes for `patience`.
pub(super) async fn read_head(
    input: &mut (impl AsyncBufRead + Unpin),
    patience: Duration,
) -> io::Result<Option<Head>> {
    let mut head = Vec::new();
    loop {
        let bytes = fill(input, patience).await?;
        if bytes.is_empty() {
            return match head.len() {
                0 => Ok(None),
                _ => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        }
        let line = bytes.iter().position(|byte| *byte == b'\n');
        let taken = line.map_or(bytes.len(), |end| end + 1);
        head.extend_from_slice(&bytes[..taken]);
        input.consume(taken);
        if head.ends_with(b"\r\n\r\n") {
            return parse(&head).map(Some);
        }
        if head.len() > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

/// Reads `length` bytes and forgets them; fails when nothing comes for `patience`.
pub(super) async fn skip(
    input: &mut (impl AsyncBufRead + Unpin),
    mut length: u64,
    patience: Duration,
) -> io::Result<()> {
    while length > 0 {
        let here = fill(input, patience).await?.len();
        if here == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let taken = usize::try_from(length).map_or(here, |length| length.min(here));
        input.consume(taken);
        length -= taken as u64;
    }
    Ok(())
}

async fn fill(input: &mut (impl AsyncBufRead + Unpin), patience: Duration) -> io::Result<&[u8]> {
    timeout(patience, input.fill_buf()).await?
}

fn parse(head: &[u8]) -> io::Result<Head> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let text = std::str::from_utf8(head).map_err(|_| invalid())?;
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let length = match field("content-length") {
        Some(length) => length.parse().map_err(|_| invalid())?,
        None => 0,
    };
    Ok(Head {
        length,
        closes: field("connection") == Some("close"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn heads_and_bodies_follow_each_other() {
        let mut input: &[u8] = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nConnection: close\r\n\r\n";
        let first = read_head(&mut input, PATIENCE).await.expect("a head");
        assert_eq!(
            first,
            Some(Head {
                length: 3,
                closes: false
            })
        );
        skip(&mut input, 3, PATIENCE).await.expect("a body");
        let second = read_head(&mut input, PATIENCE).await.expect("a head");
        assert_eq!(
            second,
            Some(Head {
                length: 0,
                closes: true
            })
        );
        assert_eq!(read_head(&mut input, PATIENCE).await.expect("an end"), None);
    }

    #[tokio::test]
    async fn a_head_that_breaks_off_or_never_ends_is_an_error() {
        let endless = vec![b'x'; LONGEST + 1];
        for (input, kind) in [
            (&b"GET / HT"[..], io::ErrorKind::UnexpectedEof),
            (&endless, io::ErrorKind::InvalidData),
            (
                b"GET /\r\ncontent-length: -1\r\n\r\n",
                io::ErrorKind::InvalidData,
            ),
        ] {
            let mut input = input;
            let error = read_head(&mut input, PATIENCE)
                .await
                .expect_err("not a head");
            assert_eq!(error.kind(), kind);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_a_wait_for_a_silent_peer() {
        let (_peer, stream) = tokio::io::duplex(1);
        let mut input = tokio::io::BufReader::new(stream);
        let error = skip(&mut input, 1, PATIENCE).await.expect_err("silence");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
