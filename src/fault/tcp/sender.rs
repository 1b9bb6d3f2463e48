//! The sender itself: what happens to it and when, and what it makes of acknowledgements. What it sends is in `transmit`,
//! how it repairs losses in `repair`, and what it waits for in `alarm`.

use std::collections::VecDeque;

use super::SEGMENT;
use super::bbr::{Bbr, Sample};
use super::buffer::Buffer;
use super::control::{Algorithm, Control};
use super::line::{Line, NEVER};
use super::losses::Losses;
use super::packet::{Acknowledgement, Mark, Packet, Segment};
use super::receiver::{Answer, Receiver};
use super::state::{Alarm, Probe, Reduction, State, Undo};
use super::timer::Timer;
use super::window::Window;

/// So many segments at most are acknowledged at once: more of one moment come in parts, as packets leave a network card.
const AGGREGATED: u32 = 4;
/// What happens within this time of one another may be dealt with together.
const BUNCH: u64 = 1_000_000;
/// From so many bytes on what arrives at a time is part of a long text, and its end waits so long for more.
const LONG: u64 = 8 << 10;
const CORK: u64 = 500_000;
/// The shortest round trip, in nanoseconds: about what a kernel and its wake-ups take on loopback.
const LEAST_RTT: u64 = 200_000;

/// What came of an acknowledgement.
#[derive(Clone, Copy, Debug, Default)]
struct News {
    /// How many segments are newly known to have come.
    came: u32,
    /// The next number that the receiver expects.
    expected: u64,
    /// The round trip of the last one that was sent once, and when the first such one was sent.
    rtt: Option<u64>,
    oldest: u64,
    /// The round trip of the last one in order, with what its acknowledgement was delayed by.
    took: Option<u64>,
    /// Of the one that was sent last: when, and what had been delivered then.
    latest: Option<(u64, Mark)>,
    /// Whether a probe turned out to have repaired a loss.
    repaired: bool,
}

/// A virtual TCP sender, of one direction of a connection, with its receiver.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) control: Control,
    pub(super) window: Window,
    pub(super) bbr: Option<Box<Bbr>>,
    pub(super) timer: Timer,
    /// What the application wrote and is not all sent: when, and up to where in the stream. Bound: what the link may hold.
    pub(super) written: VecDeque<(u64, u64)>,
    /// Until when the end of a long text waits to be filled up.
    corked_until: u64,
    /// Up to where in the stream segments were made.
    pub(super) sent: u64,
    /// In order; the first has the number `first`. Bound: the window.
    pub(super) segments: VecDeque<Segment>,
    pub(super) first: u64,
    pub(super) sacked: u32,
    pub(super) lost: u32,
    pub(super) again: u32,
    /// Segments in the order in which they were sent last, until they are judged. Bound: what is sent in a round trip.
    pub(super) order: VecDeque<(u64, u64)>,
    /// No segment with a lower number waits to be sent again.
    pub(super) repair_from: u64,
    pub(super) packets: VecDeque<Packet>,
    acknowledgements: VecDeque<Acknowledgement>,
    /// When the first of them comes that does, and when the last one did or will.
    hears_at: Option<u64>,
    told_to: u64,
    receiver: Receiver,
    /// Up to where in the stream the receiver is known to let it go.
    edge: u64,
    pub(super) state: State,
    /// The number of the segment that ends the repairs.
    pub(super) recovers: u64,
    pub(super) reduction: Reduction,
    pub(super) undo: Option<Undo>,
    /// Whether new segments go before those that are lost, at the moment.
    pub(super) tries_new: bool,
    /// Of the segment that was sent last of those that came: when, and its number; and the round trip of the last one told of.
    pub(super) latest: Option<(u64, u64, u64)>,
    pub(super) least_rtt: u64,
    pub(super) alarm: Option<(u64, Alarm)>,
    pub(super) probe: Option<Probe>,
    pub(super) backoff: u32,
    pub(super) last_sent: u64,
    pub(super) mark: Mark,
    /// How many segments must be delivered until the application is taken to have enough to send again.
    pub(super) idle_until: u64,
    /// When BBR's pace lets the next burst go.
    pub(super) next_burst: u64,
    /// Until when nothing is sent: the handshakes.
    pub(super) opens: u64,
    pub(super) clock: u64,
    /// What became of the packets.
    pub(super) losses: Losses,
}

// === impl Sender ===

impl Sender {
    /// A sender of the stream from `offset` on, which sends nothing before `opens`.
    pub(super) fn new(control: Control, rtt: u64, offset: u64, opens: u64) -> Self {
        let rtt = rtt.max(LEAST_RTT);
        let buffer = Buffer::new(control.receive_window, offset, opens);
        Self {
            control,
            window: Window::new(control.initial, control.algorithm == Algorithm::Cubic),
            bbr: Bbr::of(control, rtt),
            timer: Timer::new(rtt),
            written: VecDeque::new(),
            corked_until: 0,
            sent: offset,
            segments: VecDeque::new(),
            first: 0,
            sacked: 0,
            lost: 0,
            again: 0,
            order: VecDeque::new(),
            repair_from: 0,
            packets: VecDeque::new(),
            acknowledgements: VecDeque::new(),
            hears_at: None,
            told_to: 0,
            edge: buffer.edge(),
            receiver: Receiver::new(buffer),
            state: State::Open,
            recovers: 0,
            reduction: Reduction::default(),
            undo: None,
            tries_new: false,
            latest: None,
            least_rtt: rtt,
            alarm: None,
            probe: None,
            backoff: 0,
            last_sent: opens,
            mark: Mark::default(),
            idle_until: 0,
            next_burst: 0,
            opens,
            clock: opens,
            losses: Losses::default(),
        }
    }

    /// The application wrote `n` bytes at `at`. Calls are in the order of time.
    pub(super) fn write(&mut self, at: u64, n: u64) {
        let end = self.written.back().map_or(self.sent, |(_, end)| *end);
        let end = end.saturating_add(n);
        self.written.push_back((at, end));
        self.receiver.awaits(end);
        // A writer of much is taken to write on: a kernel fills segments with what is written at a time.
        let corked = (n >= LONG).then(|| at.saturating_add(CORK));
        self.corked_until = corked.unwrap_or(0);
    }

    /// What came through in order: up to where in the stream, and when.
    pub(super) fn through(&self) -> &VecDeque<(u64, u64)> {
        self.receiver.through()
    }

    /// What came through up to `end` has left.
    pub(super) fn forget(&mut self, end: u64) {
        self.receiver.forget(end);
    }

    /// How much the sender's socket holds (Linux: `tcp_sndbuf_expand`): twice the window, sent and not.
    pub(super) fn buffer(&self) -> u64 {
        let segments = u64::from(self.window.segments.max(self.control.initial));
        segments.saturating_mul(2 * SEGMENT)
    }

    /// What became of the packets so far.
    pub(super) fn losses(&self) -> Losses {
        self.receiver.losses(self.losses)
    }

    /// Gives back what it needed, where nothing is to come: most connections rest, and a thousand that do take little.
    pub(super) fn rest(&mut self) {
        if self.segments.is_empty() && self.written.is_empty() {
            self.written = VecDeque::new();
            self.segments = VecDeque::new();
            self.order = VecDeque::new();
            self.packets = VecDeque::new();
            self.acknowledgements = VecDeque::new();
            self.receiver.rest();
        }
    }

    /// When something happens next.
    #[cfg(test)]
    pub(super) fn next(&self) -> Option<u64> {
        self.next_event().map(|(at, _)| at)
    }

    /// When to look again: at the next event, or at the last one of its kind within a millisecond of it, so that what comes
    /// thick and fast is dealt with together.
    pub(super) fn next_look(&self) -> Option<u64> {
        let (first, event) = self.next_event()?;
        let within = first.saturating_add(BUNCH);
        let packets = self.packets.iter().map(|packet| packet.arrives);
        let last = match event {
            Event::Packet => packets.take_while(|at| *at <= within).last(),
            Event::Acknowledgement => {
                let next = self.packets.front().map_or(within, |it| it.arrives);
                let heard = self.acknowledgements.iter().filter_map(|told| told.at);
                heard.take_while(|at| *at <= within.min(next)).last()
            }
            Event::Alarm | Event::Delayed | Event::Write => None,
        };
        Some(last.unwrap_or(first))
    }

    /// When the next packet comes to the receiver, of those that ever do.
    pub(super) fn next_arrival(&self) -> Option<u64> {
        let first = self.packets.front().map(|packet| packet.arrives);
        first.filter(|at| *at < NEVER)
    }

    /// What happens next, and when; of what happens at one time, the first of these.
    fn next_event(&self) -> Option<(u64, Event)> {
        let mut next = (u64::MAX, None);
        let mut may = |at: Option<u64>, event| {
            if let Some(at) = at.filter(|at| *at < next.0) {
                next = (at, Some(event));
            }
        };
        may(
            self.packets.front().map(|packet| packet.arrives),
            Event::Packet,
        );
        may(self.hears_at, Event::Acknowledgement);
        may(self.alarm.map(|(at, _)| at), Event::Alarm);
        may(self.receiver.next(), Event::Delayed);
        may(self.next_write(), Event::Write);
        let (at, event) = next;
        Some((at, event?))
    }

    /// When what the application wrote can be sent, where the window has room.
    fn next_write(&self) -> Option<u64> {
        let ready = self.ready().filter(|_| self.may_send_new())?;
        let paced = self.bbr.as_ref().map_or(0, |_| self.next_burst);
        Some(ready.max(self.opens).max(self.clock).max(paced))
    }

    /// When the next segment is ready: at once, or in the midst of a long text once it is full, or nothing has followed.
    fn ready(&self) -> Option<u64> {
        let (written, end) = *self.written.front()?;
        let full = self.sent.saturating_add(SEGMENT);
        if end >= full {
            return Some(written);
        }
        let filled = self.written.iter().find(|(_, end)| *end >= full);
        let filled = filled.map_or(u64::MAX, |(at, _)| *at);
        Some(filled.min(self.corked_until).max(written))
    }

    /// Lets time pass until `until`.
    pub(super) fn run(&mut self, line: &mut Line, until: u64) {
        while let Some((at, event)) = self.next_event()
            && at <= until
        {
            self.clock = self.clock.max(at);
            match event {
                Event::Packet => self.arrive(line),
                Event::Acknowledgement => self.hear(line),
                Event::Alarm => self.wake(line),
                Event::Delayed => {
                    if let Some((at, packet)) = self.receiver.undelay() {
                        let told = self.receiver.acknowledge(&packet, at, line);
                        self.tell(told);
                    }
                }
                Event::Write => self.transmit(line),
            }
        }
    }

    /// A packet comes to the receiver.
    fn arrive(&mut self, line: &mut Line) {
        let Some(packet) = self.packets.pop_front() else {
            return;
        };
        let more = self.packets.front();
        let more = more.is_some_and(|next| next.arrives == packet.arrives);
        let rest = self.timer.timeout();
        let (first, segments) = (self.first, &mut self.segments);
        let answer = (self.receiver).take(
            packet,
            more,
            first,
            segments,
            rest,
            line.back(packet.arrives),
        );
        let (before, told) = match answer {
            Answer::Waits => return,
            Answer::Later { before } => (before, self.receiver.tell(&packet, None)),
            Answer::Now { before } => {
                let told = self.receiver.acknowledge(&packet, packet.arrives, line);
                (before, told)
            }
        };
        if let Some(before) = before {
            let told = self.receiver.tell(&before, None);
            self.tell(told);
        }
        self.tell(told);
    }

    /// An acknowledgement sets out, behind those before it.
    fn tell(&mut self, mut told: Acknowledgement) {
        if let Some(at) = &mut told.at {
            *at = (*at).max(self.told_to);
            self.told_to = *at;
            self.hears_at = self.hears_at.or(Some(*at));
        }
        self.acknowledgements.push_back(told);
    }

    /// An acknowledgement comes to the sender, with what those would have told that were lost before it.
    fn hear(&mut self, line: &mut Line) {
        let before = self.first;
        let news = self.take_news();
        while self.first < news.expected && self.segments.pop_front().is_some() {
            self.sacked -= 1;
            self.first += 1;
        }
        self.repair_from = self.repair_from.max(self.first);
        let advanced = self.first > before;
        if let Some(rtt) = news.rtt {
            self.timer.sample(rtt);
            self.least_rtt = self.least_rtt.min(rtt);
        }
        // Linux looks at what is in order after what is not (`tcp_rack_advance`).
        if let Some(((_, _, last), took)) = self.latest.as_mut().zip(news.took) {
            *last = took;
        }
        if advanced {
            self.backoff = 0;
        }
        self.end_episodes(news.repaired);
        let found = self.detect(self.clock);
        self.begin_episode(found);
        self.control_window(&news, found.segments, advanced);
        self.rearm_when_heard(if advanced { 0 } else { news.oldest });
        self.tries_new = self.prefers_new(news.came > 0, advanced);
        self.transmit(line);
        self.tries_new = false;
    }

    /// Takes acknowledgements of one moment together, as kernels that aggregate packets do.
    fn take_news(&mut self) -> News {
        let mut news = News {
            expected: self.first,
            oldest: u64::MAX,
            ..News::default()
        };
        while let Some(told) = self.acknowledgements.pop_front() {
            news.expected = news.expected.max(told.expected);
            self.edge = self.edge.max(told.edge);
            self.mark_delivered(&told, &mut news);
            if told.at.is_some() {
                self.hears_at = self.acknowledgements.iter().find_map(|next| next.at);
                if self.hears_at != Some(self.clock) || news.came >= AGGREGATED {
                    break;
                }
            }
        }
        news
    }

    /// The segment of an acknowledgement is known to have come.
    fn mark_delivered(&mut self, told: &Acknowledgement, news: &mut News) {
        let now = self.clock;
        let Some(segment) = self.segment(told.number).filter(|segment| !segment.sacked) else {
            return;
        };
        segment.sacked = true;
        let Segment {
            sent,
            lost,
            again,
            copies,
            mark,
            ..
        } = *segment;
        (segment.lost, segment.again) = (false, false);
        self.sacked += 1;
        self.lost -= u32::from(lost);
        self.again -= u32::from(again);
        self.mark.delivered += 1;
        self.mark.at = now;
        news.came += 1;
        if news
            .latest
            .is_none_or(|(_, latest)| mark.delivered >= latest.delivered)
        {
            news.latest = Some((sent, mark));
            self.mark.first_sent = sent;
        }
        let took = now.saturating_sub(told.sent);
        if copies == 0 {
            news.rtt = Some(took);
            news.oldest = news.oldest.min(sent);
        }
        let probe = self.probe.filter(|probe| probe.copies);
        news.repaired |=
            probe.is_some_and(|probe| told.number + 1 == probe.end && told.sent == sent);
        // A copy whose answer comes sooner than any could is the first one's answer.
        if copies == 0 || took >= self.least_rtt {
            let (sent, number, _) = self.latest.unwrap_or_default();
            let (sent, number) = (told.sent, told.number).max((sent, number));
            self.latest = Some((sent, number, took));
            let is_in_order = told.number < told.expected;
            news.took = Some(took).filter(|_| is_in_order).or(news.took);
        }
        if let Some(undo) = self.undo.filter(|undo| told.sent < undo.at) {
            self.undo_timeout(undo);
        }
    }

    /// What the congestion control makes of an acknowledgement.
    fn control_window(&mut self, news: &News, newly_lost: u32, advanced: bool) {
        let now = self.clock;
        let out = self.out();
        if let Some(bbr) = &mut self.bbr {
            let (sent, mark) = news.latest.unwrap_or((now, self.mark));
            let interval = (sent - mark.first_sent.min(sent)).max(now - mark.at.min(now));
            let sample = Sample {
                now,
                delivered: self.mark.delivered,
                prior_delivered: mark.delivered,
                interval: (news.latest.is_some() && interval >= self.least_rtt).then_some(interval),
                app_limited: mark.idle,
                rtt: news.rtt,
                acknowledged: news.came,
                lost: newly_lost,
                out,
                recovering: self.state == State::Recovery,
            };
            self.window.segments = bbr.acknowledged(&sample, self.window.segments);
        } else if self.state == State::Recovery {
            self.reduce(news.came, advanced && newly_lost == 0);
        } else if news.came > 0 && advanced {
            let (first, next) = (self.first, self.next_number());
            (self.window).acknowledged(news.came, first, next, news.rtt, now);
        }
    }

    pub(super) fn segment(&mut self, number: u64) -> Option<&mut Segment> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.segments.get_mut(place)
    }

    pub(super) fn next_number(&self) -> u64 {
        self.first + self.segments.len() as u64
    }

    /// How many segments are taken to be under way.
    pub(super) fn out(&self) -> u32 {
        self.sent_count() - self.sacked - self.lost + self.again
    }

    /// How many segments were sent and are not acknowledged in order.
    pub(super) fn sent_count(&self) -> u32 {
        u32::try_from(self.segments.len()).unwrap_or(u32::MAX)
    }

    /// Whether the receiver's window has room.
    fn receiver_has_room(&self) -> bool {
        self.sent < self.edge
    }

    fn may_send_new(&self) -> bool {
        self.out() < self.window.segments && self.receiver_has_room()
    }

    /// Whether the application has written what is not sent.
    pub(super) fn has_new(&self) -> bool {
        self.ready().is_some_and(|at| at <= self.clock) && self.receiver_has_room()
    }
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Packet,
    Acknowledgement,
    Alarm,
    Delayed,
    Write,
}
