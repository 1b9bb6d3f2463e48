//! The console in a pseudo-terminal that is read and typed into, so that it draws all the time.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use super::program::BINARY;
use super::traffic::rest;

/// A console over one proxy.
pub(crate) struct Console {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    /// Where its proxy listens.
    pub(crate) addr: SocketAddr,
}

// === impl Console ===

impl Console {
    /// Starts it in front of an upstream.
    pub(crate) fn start(upstream: SocketAddr) -> Self {
        let size = PtySize {
            rows: 35,
            cols: 120,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pty = native_pty_system()
            .openpty(size)
            .expect("a pseudo-terminal");
        // Free now; should another take it meanwhile, the console says so and the benchmark ends.
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = free.local_addr().expect("bound");
        drop(free);
        let mut command = CommandBuilder::new(BINARY);
        command.arg(format!("{}={upstream}", addr.port()));
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        let child = pty.slave.spawn_command(command).expect("it starts");
        let mut output = pty.master.try_clone_reader().expect("its output");
        let keyboard = pty.master.take_writer().expect("its input");
        std::thread::spawn(move || {
            let _terminal = pty.master;
            let mut block = vec![0; 64 << 10];
            while let Ok(1..) = output.read(&mut block) {}
        });
        while TcpStream::connect(addr).is_err() {
            rest(Duration::from_millis(20));
        }
        Self {
            child,
            keyboard,
            addr,
        }
    }

    /// Presses a key that changes nothing but the screen, five times a second.
    pub(crate) fn press_until(mut self, stop: Arc<AtomicBool>) -> JoinHandle<()> {
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                self.keyboard.write_all(b"]").expect("a key");
                rest(Duration::from_millis(200));
            }
            self.child.kill().expect("it runs");
            let _ = self.child.wait();
        })
    }
}
