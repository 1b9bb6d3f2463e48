//! The sockets that the loop is given: every call is checked against the ledger, and registers what it is to wait for.

use std::io::{self, ErrorKind, IoSlice};
use std::task::{Context, Poll};

use faultboard::proxy::pump::Socket;

use super::ledger::Said;
use super::leg::Answer;
use super::world::{Shared, World};

/// One of the two sockets of a simulated connection.
pub(crate) struct FakeSocket {
    pub(crate) world: Shared,
    pub(crate) leg: usize,
}

/// What a task waits for.
#[derive(Clone, Copy)]
enum Interest {
    Read,
    Write,
    /// As for writing; a leg without a layer has never anything to flush.
    Flush,
    Error,
}

impl FakeSocket {
    /// Asks the world, and registers the task where the answer is to wait.
    fn ask(
        &self,
        cx: &Context<'_>,
        interest: Interest,
        what: impl FnOnce(&mut World, usize) -> Answer,
    ) -> Poll<io::Result<u64>> {
        let mut world = self.world.borrow_mut();
        world.calls += 1;
        let leg = &world.legs[self.leg];
        let can = match interest {
            Interest::Read => leg.readable(),
            Interest::Write => leg.writable(),
            Interest::Flush => leg.writable() && leg.layer > 0,
            Interest::Error => leg.broken,
        };
        let answer = if can && world.refuses(cx) {
            world.note(|| format!("leg {} refuses for no reason", self.leg));
            Poll::Pending
        } else {
            what(&mut world, self.leg)
        };
        match answer {
            Poll::Pending => {
                let waits = &mut world.legs[self.leg].waits;
                let slot = match interest {
                    Interest::Read => &mut waits.read,
                    Interest::Write | Interest::Flush => &mut waits.write,
                    Interest::Error => &mut waits.error,
                };
                *slot = Some(cx.waker().clone());
                Poll::Pending
            }
            Poll::Ready(answer) => {
                world.progress += 1;
                Poll::Ready(answer.map_err(io::Error::from))
            }
        }
    }
}

impl Socket for FakeSocket {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.ask(cx, Interest::Read, |world, leg| {
            let most = world.part(buffer.len() as u64);
            let answer = world.legs[leg].read(most);
            world.note(|| format!("leg {leg} read of {most}: {answer:?}"));
            if let Poll::Ready(answer) = answer {
                world.was_read(leg, answer, buffer);
            }
            answer
        })
        .map_ok(|n| n as usize)
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.ask(cx, Interest::Write, |world, leg| {
            let most = slices.iter().map(|slice| slice.len() as u64).sum();
            assert!(most > 0, "the loop writes nothing");
            let most = world.part(most);
            let mut answer = world.legs[leg].write(most);
            if answer.is_pending() && world.legs[leg].sink_layer(u64::MAX) > 0 {
                answer = world.legs[leg].write(most);
            }
            world.note(|| format!("leg {leg} write of {most}: {answer:?}"));
            match answer {
                Poll::Ready(Ok(n)) => world.was_written(leg, n, slices),
                Poll::Ready(Err(error)) => {
                    world.ledger.failed(leg, error, Said::Writing, world.now);
                }
                Poll::Pending => {}
            }
            answer
        })
        .map_ok(|n| n as usize)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.ask(cx, Interest::Flush, |world, leg| {
            let before = world.legs[leg].layer;
            let answer = world.legs[leg].flush();
            world.progress += before - world.legs[leg].layer;
            world.sent_to(leg);
            world.note(|| format!("leg {leg} flush of {before}: {answer:?}"));
            if let Poll::Ready(Err(error)) = answer {
                world.ledger.failed(leg, error, Said::Writing, world.now);
            }
            answer
        })
        .map_ok(|_| ())
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.ask(cx, Interest::Write, |world, leg| {
            let before = world.legs[leg].layer;
            let answer = world.legs[leg].shutdown();
            world.progress += before - world.legs[leg].layer;
            world.sent_to(leg);
            world.note(|| format!("leg {leg} shutdown: {answer:?}"));
            match answer {
                Poll::Ready(Err(error)) if before > 0 => {
                    world.ledger.failed(leg, error, Said::Writing, world.now);
                }
                Poll::Ready(_) => world.ledger.ended(leg, world.now),
                Poll::Pending => {}
            }
            answer
        })
        .map_ok(|_| ())
    }

    fn poll_error(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let answer = self.ask(cx, Interest::Error, |world, leg| {
            match world.legs[leg].watch() {
                None => Poll::Pending,
                Some(error) => {
                    world.note(|| format!("leg {leg} error: {error}"));
                    world.ledger.failed(leg, error, Said::Watching, world.now);
                    Poll::Ready(Err(error))
                }
            }
        });
        answer.map(|answer| answer.expect_err("nothing but an error is told here"))
    }
}

impl World {
    fn was_read(&mut self, leg: usize, answer: Result<u64, ErrorKind>, buffer: &mut [u8]) {
        let now = self.now;
        match answer {
            Err(error) => self.ledger.failed(leg, error, Said::Reading, now),
            Ok(0) => self.ledger.end_was_read(leg, self.legs[leg].fin, now),
            Ok(n) => self.ledger.arrived(leg, &mut buffer[..n as usize], now),
        }
    }

    fn was_written(&mut self, leg: usize, n: u64, slices: &[IoSlice<'_>]) {
        let mut left = n as usize;
        for slice in slices {
            let part = &slice[..left.min(slice.len())];
            self.ledger.delivered(leg, part, self.now);
            left -= part.len();
        }
        if self.legs[leg].layer > 0 && self.dice.chance(50) {
            let some = self.dice.up_to(n);
            self.legs[leg].sink_layer(some);
        }
        self.sent_to(leg);
    }
}
