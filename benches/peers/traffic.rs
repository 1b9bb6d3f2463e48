//! Upstreams, and clients that measure: blocking ones, so that their cost is the least.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use faultboard::proxy::clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;

/// An upstream that sends for as long as it is read.
pub(crate) fn source() -> SocketAddr {
    serve(|mut stream| {
        let block = vec![7_u8; 256 << 10];
        while stream.write_all(&block).is_ok() {}
    })
}

/// An upstream that counts what it is sent.
pub(crate) fn sink() -> (SocketAddr, Arc<AtomicU64>) {
    let count = Arc::<AtomicU64>::default();
    let counted = Arc::clone(&count);
    let addr = serve(move |mut stream| {
        let mut block = vec![0; 256 << 10];
        while let Ok(n @ 1..) = stream.read(&mut block) {
            counted.fetch_add(n as u64, Ordering::Relaxed);
        }
    });
    (addr, count)
}

fn serve(each: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let each = each.clone();
            std::thread::spawn(move || each(stream));
        }
    });
    addr
}

/// An upstream for thousands of clients, which gives back what it is sent.
pub(crate) fn echo(runtime: &Runtime) -> SocketAddr {
    let listener = runtime
        .block_on(async {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.bind("127.0.0.1:0".parse().expect("an address"))?;
            socket.listen(4096)
        })
        .expect("a free port");
    let addr = listener.local_addr().expect("bound");
    runtime.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let mut block = vec![0; 16 << 10];
                while let Ok(n @ 1..) = stream.read(&mut block).await {
                    if stream.write_all(&block[..n]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    addr
}

/// So many clients, each after one echoed byte.
pub(crate) fn crowd(addr: SocketAddr, size: usize) -> Vec<TcpStream> {
    let mut clients: Vec<TcpStream> = (0..size)
        .map(|_| TcpStream::connect(addr).expect("connects"))
        .collect();
    for client in &mut clients {
        exchange(client, &[1]);
    }
    clients
}

/// Sends and waits for the echo.
pub(crate) fn exchange(client: &mut TcpStream, bytes: &[u8]) {
    client.write_all(bytes).expect("sent");
    let mut back = vec![0; bytes.len()];
    client.read_exact(&mut back).expect("back");
    assert!(back == bytes, "an echo that is none");
}

/// Reads as fast as it comes, for `time` after `warm`: GiB a second.
pub(crate) fn download(addr: SocketAddr, warm: Duration, time: Duration) -> f64 {
    let mut stream = TcpStream::connect(addr).expect("connects");
    let mut block = vec![0; 256 << 10];
    let mut read = |until: Instant| {
        let mut bytes = 0;
        while now() < until {
            bytes += stream.read(&mut block).expect("more bytes");
        }
        bytes
    };
    read(now() + warm);
    let began = now();
    let bytes = read(began + time);
    gib(bytes as u64, now() - began)
}

/// Sends as fast as it is taken, for `time` after `warm`: GiB a second that reached the sink.
pub(crate) fn upload(addr: SocketAddr, count: &AtomicU64, warm: Duration, time: Duration) -> f64 {
    let mut stream = TcpStream::connect(addr).expect("connects");
    let block = vec![7; 256 << 10];
    let mut write = |until: Instant| {
        while now() < until {
            stream.write_all(&block).expect("taken");
        }
    };
    write(now() + warm);
    let (began, before) = (now(), count.load(Ordering::Relaxed));
    write(began + time);
    let rate = gib(count.load(Ordering::Relaxed) - before, now() - began);
    let _ = stream.shutdown(Shutdown::Both);
    rate
}

/// How a download at a rate arrived: the error of its average in percent, and the most bytes in any 50 ms over the ideal.
pub(crate) fn paced(addr: SocketAddr, rate: f64, time: Duration) -> (f64, f64) {
    let window = Duration::from_millis(50);
    let mut stream = TcpStream::connect(addr).expect("connects");
    let mut block = vec![0; 1 << 20];
    let began = now();
    let mut came: Vec<(Instant, usize)> = Vec::new();
    while now() < began + time {
        let n = stream.read(&mut block).expect("more bytes");
        came.push((now(), n));
    }
    // From the first piece on: its own time is not in what follows it.
    let (first, last) = (came[0].0, came[came.len() - 1].0);
    let bytes: usize = came[1..].iter().map(|(_, n)| n).sum();
    let error = bytes as f64 / (last - first).as_secs_f64() / rate - 1.0;
    let (mut most, mut sum, mut oldest) = (0, 0, 0);
    for (at, n) in &came {
        sum += n;
        while *at - came[oldest].0 >= window {
            sum -= came[oldest].1;
            oldest += 1;
        }
        most = most.max(sum);
    }
    let ideal = rate * window.as_secs_f64();
    (error * 100.0, most as f64 / ideal)
}

pub(crate) fn gib(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / f64::from(1 << 30) / time.as_secs_f64()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark that lets time pass: nothing tells when a process is at rest"
)]
pub(crate) fn rest(time: Duration) {
    std::thread::sleep(time);
}

pub(crate) fn now() -> Instant {
    clock::now()
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
