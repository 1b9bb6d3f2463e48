//! When a lost segment is found missing, and how its copies come through.

use super::odds::{Draw, Odds};
use super::pipe::Pipe;
use super::timer::{MARGIN, MOST_TIMEOUT};
use super::{Sender, Window};

/// How many segments behind a lost one are looked at.
const LOOK_AHEAD: u32 = 64;
/// Linux: `tcp_reordering`; RFC 5681's three duplicate acknowledgements.
const ENOUGH_BEHIND: u32 = 3;

/// How a lost segment was found missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// By what came through behind it.
    Behind,
    /// By the tail loss probe, which is a copy of it.
    Probe,
    Timeout,
}

/// How a lost segment comes through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recovery {
    /// When the first copy is sent, and why.
    pub(super) first: u64,
    pub(super) found: Found,
    /// When the first timeout is, if there is one.
    pub(super) timeout: Option<u64>,
    /// When the copy is sent that comes through.
    pub(super) at: u64,
    /// How long the sender waits for that copy's acknowledgement.
    pub(super) patience: u64,
}

/// What the segments behind a lost one tell of it.
#[derive(Clone, Copy, Debug)]
struct Notice {
    /// When they tell that it is missing.
    at: Option<u64>,
    /// Whether nothing follows it into the window: it is the last one under way.
    alone: bool,
}

// === impl Sender ===

impl Sender {
    /// How the segment sent at `at`, which drew `draw` and is lost, comes through.
    pub(super) fn recovery(&self, at: u64, draw: Draw, behind: u32, odds: &Odds) -> Recovery {
        let timeout = self.timer.timeout();
        let (first, found) = self.found(at, behind, odds);
        let mut recovery = Recovery {
            first,
            found,
            timeout: (found == Found::Timeout).then_some(first),
            at: first,
            // A timeout doubles the next one (RFC 6298, 5.5), a probe does not.
            patience: if found == Found::Timeout {
                2 * timeout
            } else {
                timeout
            },
        };
        let mut told = found == Found::Behind && self.tells_of_copies(behind);
        for _ in 0..draw.copies_lost(odds) {
            if told {
                recovery.at += self.rtt;
                // Approximate: with a window, what tells of a copy comes once.
                told = self.pipe.is_none();
                continue;
            }
            recovery.at += recovery.patience.min(MOST_TIMEOUT);
            recovery.timeout.get_or_insert(recovery.at);
            recovery.patience = (recovery.patience * 2).min(MOST_TIMEOUT);
        }
        recovery
    }

    /// Whether what is sent behind a copy tells that the copy was lost (RFC 8985, 3.2): if there is more to send than is
    /// under way, and half the window has room for it beside the copy.
    ///
    /// Approximate: a half of two is taken to be the copy and one that tells nothing (another copy, or lost itself). Linux
    /// 6.18 with Reno ended 22 to 28 % of such losses with a timeout (`TCPSackRecoveryFail` of `TCPLostRetransmit`; 5 % loss,
    /// 10 and 50 ms).
    fn tells_of_copies(&self, behind: u32) -> bool {
        let window = self.pipe.as_ref().map(Pipe::window);
        window.map_or(behind > 0, |window| {
            behind > window && window / 2 > Window::LEAST_THRESHOLD
        })
    }

    /// When the lost segment sent at `at` is found missing, and how.
    fn found(&self, at: u64, behind: u32, odds: &Odds) -> (u64, Found) {
        let notice = self.notice(at, behind, odds);
        let followed = self.repair.filter(|repair| at < repair.at).map(|repair| {
            // What is sent in recovery doubles with each round trip (RFC 6937, the slow start bound).
            repair.at + self.rtt * u64::from((repair.followed + 2).ilog2())
        });
        let last = at.max(self.acknowledged);
        let timeout = (last + self.timer.timeout(), Found::Timeout);
        // A probe is sent only where nothing else is being repaired.
        let probe = (at >= self.recovered).then(|| {
            let probe = last + self.timer.probe(notice.alone);
            if notice.alone {
                (probe, Found::Probe)
            } else {
                (probe + self.rtt, Found::Behind)
            }
        });
        let told = [notice.at, followed].into_iter().flatten().min();
        let told = told.map(|at| (at, Found::Behind));
        [told, probe]
            .into_iter()
            .flatten()
            .fold(
                timeout,
                |least, next| {
                    if next.0 <= least.0 { next } else { least }
                },
            )
    }

    /// What the segments behind the one sent at `at` tell of it: their fates are drawn ahead.
    fn notice(&self, at: u64, behind: u32, odds: &Odds) -> Notice {
        let mut room = self.pipe.as_ref().map_or(u32::MAX, Pipe::room);
        let mut flights = self.pipe.iter().flat_map(Pipe::flights);
        let alone = behind == 0 || room == 0;
        // Until three behind it came through, the others may only be early (RFC 8985, 6.2, step 4).
        let recovering = at < self.recovered;
        let patience = if recovering { 0 } else { self.rtt / 4 + MARGIN };
        let mut chain = self.chain;
        let mut opens = at;
        let mut first = None;
        let mut came = 0;
        for _ in 0..behind.min(LOOK_AHEAD) {
            while room == 0 {
                let Some(flight) = flights.next() else {
                    return Notice { at: first, alone };
                };
                room = flight.segments;
                opens = opens.max(flight.at);
            }
            room -= 1;
            let told = opens + self.rtt;
            if first.is_some_and(|first| told >= first) {
                break;
            }
            if !chain.draw(odds).lost {
                came += 1;
                first = first.or(Some(told + patience));
            }
            if came == ENOUGH_BEHIND {
                first = Some(told);
                break;
            }
        }
        Notice { at: first, alone }
    }
}
