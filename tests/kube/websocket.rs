//! The server's side of WebSocket (RFC 6455), as far as port-forwards need it: frames that are whole, and no extensions.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const BINARY: u8 = 2;
const CLOSE: u8 = 8;

/// What the server answers to a client's key.
pub(crate) fn accept(key: &str) -> String {
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()))
}

/// The next message of a client; nothing where it closes.
pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let kind = from.read_u8().await?;
    let len = from.read_u8().await?;
    assert!(kind & 0x80 != 0 && len & 0x80 != 0, "whole and masked");
    let len = match len & 0x7f {
        126 => u64::from(from.read_u16().await?),
        127 => from.read_u64().await?,
        len => u64::from(len),
    };
    let mut mask = [0; 4];
    from.read_exact(&mut mask).await?;
    let mut bytes = vec![0; usize::try_from(len).expect("a length")];
    from.read_exact(&mut bytes).await?;
    for (byte, mask) in bytes.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    match kind & 0x0f {
        BINARY => Ok(Some(bytes)),
        CLOSE => Ok(None),
        other => panic!("no client of a port-forward sends a frame of kind {other}"),
    }
}

/// Sends a message to the client.
pub(crate) async fn write(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    to.write_u8(0x80 | BINARY).await?;
    match bytes.len() {
        len @ 0..126 => to.write_u8(u8::try_from(len).expect("fits")).await?,
        len => {
            to.write_u8(126).await?;
            to.write_u16(u16::try_from(len).expect("a short message"))
                .await?;
        }
    }
    to.write_all(bytes).await?;
    to.flush().await
}

/// Tells the client that no more comes.
pub(crate) async fn close(to: &mut (impl AsyncWrite + Unpin)) {
    // Who is gone needs no goodbye.
    let _ = to.write_all(&[0x80 | CLOSE, 0]).await;
    let _ = to.flush().await;
}

#[test]
fn a_key_is_answered_as_the_standard_has_it() {
    assert_eq!(
        accept("dGhlIHNhbXBsZSBub25jZQ=="),
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
}
