//! A stream whose every word tells its place, sent to an echo and checked on its way back.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use faultboard::fault::random::{Random, mix};

use super::traffic::now;

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) bytes: u64,
    pub(crate) errors: u64,
    pub(crate) time: Duration,
}

/// Sends for `time` and checks all of it, while `meanwhile` is done again and again.
pub(crate) fn run(
    addr: SocketAddr,
    time: Duration,
    mut meanwhile: impl FnMut(&mut Random),
) -> Outcome {
    let mut sender = TcpStream::connect(addr).expect("connects");
    let receiver = sender.try_clone().expect("a second handle");
    let checking = std::thread::spawn(move || check(receiver));
    let began = now();
    let sending = std::thread::spawn(move || {
        let mut words = words(0);
        while now() - began < time {
            // Odd sizes, so that pieces begin anywhere.
            let block: Vec<u8> = words.by_ref().take(40_001).collect();
            sender.write_all(&block).expect("taken");
        }
        sender.shutdown(Shutdown::Write).expect("an end");
    });
    let mut dice = Random::new(7);
    while now() - began < time {
        meanwhile(&mut dice);
    }
    sending.join().expect("all sent");
    let (bytes, errors) = checking.join().expect("all checked");
    Outcome {
        bytes,
        errors,
        time: now() - began,
    }
}

/// A command that changes the faults in some way.
pub(crate) fn change(dice: &mut Random) -> String {
    let draw = dice.draw();
    let way = ["up", "down", "both"][(draw >> 8) as usize % 3];
    let ms = (draw >> 16) % 15;
    match draw % 6 {
        0 => "clear all".to_owned(),
        1 => format!("set all latency {ms}ms {way}"),
        2 => format!("set all latency {ms}ms jitter=3ms dist=pareto {way}"),
        3 => format!("set all bandwidth 900MB/s {way}"),
        4 => "bypass all on".to_owned(),
        _ => "bypass all off".to_owned(),
    }
}

fn words(from: u64) -> impl Iterator<Item = u8> {
    (from..).flat_map(|place| mix(place).to_le_bytes())
}

/// Reads to the end: how many bytes came, and how many were not the right ones.
fn check(mut stream: TcpStream) -> (u64, u64) {
    let mut block = vec![0; 256 << 10];
    let mut wanted = words(0);
    let (mut bytes, mut errors) = (0, 0);
    loop {
        let n = stream.read(&mut block).expect("no error");
        if n == 0 {
            return (bytes, errors);
        }
        let right = block[..n].iter().zip(wanted.by_ref());
        errors += right.filter(|(came, wanted)| *came != wanted).count() as u64;
        bytes += n as u64;
    }
}
