//! The client and the upstream: what they say, how they take what they are sent, and how they leave.

use std::io::ErrorKind;

use super::dice::Dice;
use super::world::{Event, World};

/// How often, in per cent, a peer that takes bytes then pauses for long.
const PAUSES: u64 = 5;
/// How many times longer than usual that pause is.
const PAUSE: u32 = 1_000;

/// A peer's script.
pub(crate) struct Peer {
    /// How many times it speaks before it leaves.
    pub(crate) speeches: u64,
    pub(crate) leaves: Leaves,
}

/// How a peer leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Leaves {
    /// It ends its stream and goes on listening.
    Ending,
    /// It ends its stream, and later its connection breaks.
    EndingThenBreaking,
    /// It closes in order, and refuses what it is sent later.
    Closing,
    /// Its connection breaks.
    Breaking,
    /// It stays and says no more.
    Not,
}

// === impl Peer ===

impl Peer {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let leaves = match dice.draw() % 10 {
            0..4 => Leaves::Ending,
            4 => Leaves::EndingThenBreaking,
            5 | 6 => Leaves::Closing,
            7 | 8 => Leaves::Breaking,
            _ => Leaves::Not,
        };
        Self {
            speeches: dice.scaled(1, 16) - 1,
            leaves,
        }
    }
}

// === impl World ===

impl World {
    /// A peer does what comes next in its script.
    pub(crate) fn act(&mut self, leg: usize) {
        if self.legs[leg].done {
            return;
        }
        let peer = &mut self.peers[leg];
        if peer.speeches > 0 {
            peer.speeches -= 1;
            let bytes = self.dice.scaled(1, self.weather.most);
            self.note(|| format!("peer {leg} says {bytes}"));
            self.legs[leg].said += bytes;
            self.legs[leg].wake();
            self.plan_soon(Event::Act(leg));
            return;
        }
        let leaves = peer.leaves;
        self.note(|| format!("peer {leg} leaves: {leaves:?}"));
        let it = &mut self.legs[leg];
        it.done = true;
        match leaves {
            Leaves::Not => it.fin = self.winding_up,
            Leaves::Ending => it.fin = true,
            Leaves::EndingThenBreaking => {
                it.fin = true;
                it.done = false;
                self.peers[leg].leaves = Leaves::Breaking;
                self.plan_soon(Event::Act(leg));
            }
            Leaves::Closing => {
                it.fin = true;
                it.closed = true;
                it.draining = false;
                self.sent_to(leg);
            }
            Leaves::Breaking => {
                let error = if self.dice.chance(80) {
                    ErrorKind::ConnectionReset
                } else {
                    ErrorKind::TimedOut
                };
                let unread_is_lost = self.dice.chance(50);
                self.legs[leg].break_off(error, unread_is_lost);
            }
        }
        self.legs[leg].wake();
    }

    /// A peer takes bytes that were sent to it.
    pub(crate) fn drain(&mut self, leg: usize) {
        self.legs[leg].draining = false;
        if self.legs[leg].broken || self.legs[leg].closed {
            return;
        }
        let sending = self.legs[leg].sending;
        let taken = if self.winding_up {
            sending
        } else {
            self.dice.up_to(sending)
        };
        self.note(|| format!("peer {leg} takes {taken} of {sending}"));
        self.legs[leg].sending -= taken;
        self.legs[leg].wake();
        if self.legs[leg].sending > 0 {
            self.legs[leg].draining = true;
            let pauses = !self.winding_up && self.dice.chance(PAUSES);
            let gap = self.dice.time(self.weather.gap) * if pauses { PAUSE } else { 1 };
            self.plan(gap, Event::Drain(leg));
        }
    }

    /// A peer that had closed refuses what it was sent.
    pub(crate) fn refuse(&mut self, leg: usize) {
        self.note(|| format!("peer {leg} refuses"));
        if !self.legs[leg].broken {
            self.legs[leg].break_off(ErrorKind::BrokenPipe, false);
        }
    }

    /// Takes away what stands in the way of an end: peers that stay end their streams.
    pub(crate) fn wind_up(&mut self) {
        self.winding_up = true;
        for leg in [0, 1] {
            let it = &mut self.legs[leg];
            if it.done && !it.fin && !it.broken {
                it.done = false;
                self.peers[leg].leaves = Leaves::Ending;
                self.plan_soon(Event::Act(leg));
            }
        }
    }
}
