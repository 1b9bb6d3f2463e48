//! What a connection's poll loop tells of its work, and how that moves the counters.

use std::time::{Duration, Instant};

use super::counters::{ConnMeter, ProxyMeter};
use super::facts::Facts;
use super::histogram::add;
use super::watch::Watch;
use crate::fault::{Direction, Losses, Sending};
use crate::snapshot::{Amid, ConnId, Fact, Leave, LegName, ProxyId, Seen};

/// A last message of at most so many bytes that the end follows within [`AT_ONCE`] says goodbye: nobody waits for its answer.
/// Measured over drivers of PostgreSQL and Redis, HTTP/2 and TLS, whose goodbyes are shorter and end within 10 ms.
const GOODBYE: u64 = 64;
const AT_ONCE: Duration = Duration::from_millis(10);

/// What a client sends so long after the first bytes of its request is more than that.
const MORE: Duration = Duration::from_millis(2);

/// What the loop tells of its work; one writer, no reader that waits.
pub trait Gauge {
    /// Bytes were delivered.
    fn delivered(&mut self, direction: Direction, bytes: usize, now: Instant);
    /// A segment that left had been held for so long.
    fn added(&mut self, direction: Direction, delay: Duration);
    /// Bytes came from the client or the upstream.
    fn arrived(&mut self, direction: Direction, bytes: usize, now: Instant);
    /// So many bytes wait, and whether their sender is not read because more may not.
    fn holds(&mut self, direction: Direction, bytes: usize, full: bool);
    /// A virtual sender is at this, or there is none any more; what became of its packets since the last time.
    fn sends(&mut self, _direction: Direction, _sending: Option<Sending>, _more: Losses) {}
    /// So many bytes left as others than they came.
    fn changed(&mut self, _direction: Direction, _bytes: u64) {}
    /// The end of a stream that left had been held for so long, because a fault asked for it.
    fn end_held(&mut self, _delay: Duration, _now: Instant) {}
    /// This direction has ended.
    fn ended(&mut self, direction: Direction);
    /// Where this direction comes from, the peer's end was read, or its connection broke, whatever is still held.
    fn left(&mut self, _direction: Direction, _how: Leave, _now: Instant) {}
    /// What is due in this direction was refused: its receiver's window is full.
    fn blocked(&mut self, _direction: Direction, _now: Instant) {}
    /// Whether somebody looks so closely that `late` is worth asking for.
    fn is_watched(&self) -> bool {
        false
    }
    /// What leaves now is so much later than faults asked for.
    fn late(&mut self, _direction: Direction, _late: Duration) {}
}

/// Moves the counters of one connection, and its part of its proxy's.
pub(crate) struct ConnGauge<'a> {
    conn: &'a ConnMeter,
    proxy: &'a ProxyMeter,
    /// When the engine began.
    start: Instant,
    /// Where more is noted, while somebody looks closely.
    pub(crate) watch: Option<&'a Watch>,
    /// Where facts go, and whose they are.
    facts: &'a Facts,
    proxy_id: ProxyId,
    conn_id: ConnId,
    talk: Talk,
}

/// How far a client and its upstream have come with each other.
struct Talk {
    /// When the client's first byte after silence came, until the first byte back leaves; and when it was read: a new client may
    /// have sent it while its upstream was being dialed.
    asked: Option<Instant>,
    read: Instant,
    /// When a client's first byte came that is not read yet.
    came: Option<Instant>,
    /// When the upstream's first byte since then came.
    replied: Option<Instant>,
    /// When a byte came last, from either side, and when one came from the client; the opening before the first.
    moved: Instant,
    up: Instant,
    /// When bytes were written to the client last.
    down: Option<Instant>,
    /// How many bytes the client has sent since its last request began.
    bytes: u64,
    answered: u32,
    /// Whether the client has sent more since its request, a while after it.
    more: bool,
    /// Whether the client has left, so that nobody feels an answer.
    gone: bool,
    /// How far the client lets its answers in, since its window was found full.
    blocked: Option<Blocked>,
}

/// A stretch in which a client's window is full now and then.
#[derive(Clone, Copy)]
struct Blocked {
    /// When it began, and how many bytes had been written then.
    from: Instant,
    delivered: u64,
    /// Since when a write is refused, where one is.
    since: Option<Instant>,
    /// For how long writes were refused before.
    sum: Duration,
}

// === impl ConnGauge ===

impl<'a> ConnGauge<'a> {
    /// The gauge of a connection that was accepted at `opened`, in an engine that began at `start`.
    pub(crate) fn new(
        (conn_id, conn): (ConnId, &'a ConnMeter),
        (proxy_id, proxy): (ProxyId, &'a ProxyMeter),
        facts: &'a Facts,
        start: Instant,
        opened: Instant,
    ) -> Self {
        Self {
            conn,
            proxy,
            start,
            watch: None,
            facts,
            proxy_id,
            conn_id,
            talk: Talk {
                asked: None,
                read: opened,
                came: conn.asked().and_then(|since| start.checked_add(since)),
                replied: None,
                moved: opened,
                up: opened,
                down: None,
                bytes: 0,
                answered: 0,
                more: false,
                gone: false,
                blocked: None,
            },
        }
    }

    fn at(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.start)
    }

    fn see(&self, now: Instant, seen: Seen) {
        self.facts.push(Fact {
            at: self.at(now),
            proxy: self.proxy_id,
            conn: self.conn_id,
            seen,
        });
    }

    /// The first byte back has left, at `now`, for a request that was made at `asked`.
    fn answered(&mut self, asked: Instant, now: Instant) {
        let waited = now.saturating_duration_since(asked);
        if !self.talk.gone {
            self.proxy.feels.record(waited);
            self.conn.set_answered(waited);
        }
        self.talk.answered = self.talk.answered.saturating_add(1);
        let replied = self.talk.replied.take().unwrap_or(now);
        let upstream = replied.saturating_duration_since(self.talk.read);
        let gone = self.talk.gone;
        let more = std::mem::take(&mut self.talk.more);
        self.see(
            now,
            Seen::Answered {
                waited,
                upstream,
                more,
                gone,
            },
        );
    }

    /// Bytes are written to a client whose window was found full, at `now`: where that has been looked at for long enough, or
    /// nothing was written for a while although it could have been, the stretch is over.
    fn let_in(&mut self, mut blocked: Blocked, bytes: u64, now: Instant) {
        let last = self.talk.down.unwrap_or(blocked.from);
        let pause = now.saturating_duration_since(last) >= Fact::SILENCE;
        let idle = match blocked.since.take() {
            Some(since) => {
                let lasted = now.saturating_duration_since(since);
                blocked.sum = blocked.sum.saturating_add(lasted);
                false
            }
            None => pause,
        };
        let until = if idle { last } else { now };
        let over = until.saturating_duration_since(blocked.from);
        if over >= Fact::STRETCH {
            // What is written now was let in by now; what comes after a rest was not by its beginning.
            let delivered = self.conn.delivered().down + if idle { 0 } else { bytes };
            let bytes = delivered.saturating_sub(blocked.delivered);
            let blocked = blocked.sum;
            self.see(
                now,
                Seen::Blocked {
                    over,
                    blocked,
                    bytes,
                },
            );
        }
        self.talk.blocked = (!idle && over < Fact::STRETCH).then_some(blocked);
    }
}

impl Gauge for ConnGauge<'_> {
    fn delivered(&mut self, direction: Direction, bytes: usize, now: Instant) {
        if let Some(watch) = self.watch {
            watch.delivered(direction, bytes, now);
        }
        if direction == Direction::Down
            && let Some(blocked) = self.talk.blocked
        {
            self.let_in(blocked, bytes as u64, now);
        }
        self.conn.add_delivered(direction, bytes as u64);
        add(&self.proxy.delivered[direction], bytes as u64);
        add(&self.proxy.writes[direction], 1);
        if direction == Direction::Down {
            self.talk.down = Some(now);
            if self.talk.came.take().is_some() {
                // The upstream speaks first: nobody waited for that.
                self.conn.set_asked(None);
            }
            if let Some(asked) = self.talk.asked.take() {
                self.answered(asked, now);
            }
        }
    }

    fn added(&mut self, direction: Direction, delay: Duration) {
        if let Some(watch) = self.watch {
            watch.added(direction, delay);
        }
        self.conn.set_added(direction, delay);
        self.proxy.added[direction].record(delay);
    }

    fn arrived(&mut self, direction: Direction, bytes: usize, now: Instant) {
        if let Some(watch) = self.watch {
            watch.arrived(direction, now);
        }
        let bytes = bytes as u64;
        let moved = std::mem::replace(&mut self.talk.moved, now);
        let silent = now.saturating_duration_since(moved);
        match (direction, self.talk.asked) {
            (Direction::Up, asked) => {
                self.talk.up = now;
                if let Some(asked) = asked {
                    self.talk.bytes = self.talk.bytes.saturating_add(bytes);
                    self.talk.more |= now.saturating_duration_since(asked) > MORE;
                } else {
                    let asked = self.talk.came.take().unwrap_or(now);
                    (self.talk.asked, self.talk.read) = (Some(asked), now);
                    self.talk.bytes = bytes;
                    self.conn.set_asked(Some(self.at(asked)));
                    self.see(now, Seen::Asked { bytes, silent });
                }
            }
            (Direction::Down, Some(_)) => {
                self.talk.replied.get_or_insert(now);
            }
            (Direction::Down, None) if silent >= Fact::SILENCE => {
                self.see(now, Seen::Pushed { bytes, silent });
            }
            (Direction::Down, None) => {}
        }
    }

    fn holds(&mut self, direction: Direction, bytes: usize, full: bool) {
        if self.conn.set_held(direction, bytes as u64, full) {
            add(&self.proxy.fulls, 1);
        }
    }

    fn sends(&mut self, direction: Direction, sending: Option<Sending>, more: Losses) {
        self.conn.set_sending(direction, sending);
        self.proxy.losses[direction].add(more);
    }

    fn changed(&mut self, direction: Direction, bytes: u64) {
        add(&self.proxy.changed[direction], bytes);
    }

    fn end_held(&mut self, delay: Duration, now: Instant) {
        self.proxy.waits.close.set(self.at(now), delay);
    }

    fn ended(&mut self, direction: Direction) {
        self.conn.set_ended(direction);
    }

    fn left(&mut self, direction: Direction, how: Leave, now: Instant) {
        let Talk {
            asked,
            read,
            up,
            down,
            bytes,
            answered,
            ..
        } = self.talk;
        let since = |then: Instant| now.saturating_duration_since(then);
        // As long as is known: who left while the upstream was being dialed did so nobody knows when.
        let waiting = asked.map(|_| since(read));
        if direction == Direction::Up {
            // One that only half-closes, behind a first request, waits on. Who says goodbye or breaks off does not.
            let at_once = asked.is_some_and(|asked| since(asked) <= AT_ONCE);
            let goodbye = answered > 0 && bytes <= GOODBYE;
            if how == Leave::Rst || !at_once || goodbye {
                self.talk.gone = true;
                self.conn.set_asked(None);
                let waited = asked.is_some_and(|asked| since(asked) >= Fact::SILENCE);
                // One whose connection broke is counted when that ends.
                if how == Leave::Fin && waited {
                    add(&self.proxy.gave_up, 1);
                }
            }
        }
        let amid = Amid {
            waiting,
            silent_up: since(up),
            silent_down: down.map(since),
            asked: bytes,
            answered,
            held: self.conn.held().down > 0,
        };
        let leg = match direction {
            Direction::Up => LegName::Client,
            Direction::Down => LegName::Upstream,
        };
        self.see(now, Seen::Left { leg, how, amid });
    }

    fn blocked(&mut self, direction: Direction, now: Instant) {
        if direction == Direction::Down {
            let blocked = self.talk.blocked.get_or_insert_with(|| Blocked {
                from: now,
                delivered: self.conn.delivered().down,
                since: None,
                sum: Duration::ZERO,
            });
            blocked.since.get_or_insert(now);
        }
    }

    fn is_watched(&self) -> bool {
        self.watch.is_some()
    }

    fn late(&mut self, direction: Direction, late: Duration) {
        if let Some(watch) = self.watch {
            watch.late(direction, late);
        }
    }
}
