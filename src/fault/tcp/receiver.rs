//! The receiver that a virtual sender sends to: it passes on what is in order, and acknowledges.

use std::collections::VecDeque;
use std::time::Duration;

use super::buffer::Buffer;
use super::line::Line;
use super::losses::Losses;
use super::packet::{Acknowledgement, Packet, Segment};

/// So many acknowledgements are sent at once before the receiver begins to delay them (Linux: `TCP_MAX_QUICKACKS`).
const QUICK: u32 = 16;
/// How long an acknowledgement waits for a second packet (Linux: `TCP_DELACK_MIN`).
const DELAY: u64 = 40_000_000;
/// So many packets of one moment are acknowledged together: 64 kB, as network cards hand them on.
const GATHERED: u32 = 44;
/// So many packets out of order in a row are told of one by one, later ones together (Linux: `TCP_FASTRETRANS_THRESH`).
const ONE_BY_ONE: u32 = 3;

/// The state of the receiver.
#[derive(Debug)]
pub(super) struct Receiver {
    /// The number of the next segment in order.
    expected: u64,
    /// The highest number that came, and one.
    seen: u64,
    /// A packet whose acknowledgement waits for a second one, and until when.
    delayed: Option<(u64, Packet)>,
    quick: u32,
    /// How many packets of this moment wait to be acknowledged with the next one.
    gathered: u32,
    /// How many packets came out of order in a row.
    strays: u32,
    last_arrival: u64,
    buffer: Buffer,
    /// What came through in order: up to where in the stream, and when. Bound: what the sender may have under way.
    through: VecDeque<(u64, u64)>,
    /// How often what was in order waited for a copy of a lost packet, and for how long in all.
    stalls: u64,
    stalled: u64,
    /// Where the messages end that are not wholly through. Bound: what the link may hold.
    messages: VecDeque<u64>,
    /// Up to where the last whole message went; how many came, and how many of them a stall had held.
    whole: u64,
    /// Up to where the last stall held the stream.
    late_to: u64,
    came: u64,
    late: u64,
}

// === impl Receiver ===

impl Receiver {
    pub(super) fn new(buffer: Buffer) -> Self {
        Self {
            expected: 0,
            seen: 0,
            delayed: None,
            quick: QUICK,
            gathered: 0,
            strays: 0,
            last_arrival: 0,
            buffer,
            through: VecDeque::new(),
            stalls: 0,
            stalled: 0,
            messages: VecDeque::new(),
            whole: 0,
            late_to: 0,
            came: 0,
            late: 0,
        }
    }

    /// A message goes up to `end` in the stream.
    pub(super) fn awaits(&mut self, end: u64) {
        self.messages.push_back(end);
    }

    /// Adds what the receiver knows of losses.
    pub(super) fn losses(&self, losses: Losses) -> Losses {
        Losses {
            stalls: self.stalls,
            stalled: Duration::from_nanos(self.stalled),
            messages: self.came,
            late: self.late,
            ..losses
        }
    }

    /// What is up to `end` is through; where `late`, because a copy of a lost packet came.
    fn count_messages(&mut self, end: u64, late: bool) {
        if late {
            self.late_to = end;
        }
        while let Some(to) = self.messages.front().copied().filter(|to| *to <= end) {
            self.messages.pop_front();
            self.came += 1;
            // A stall held all of what it let through in the end, so whatever begins before that was late.
            self.late += u64::from(self.whole < self.late_to);
            self.whole = to;
        }
    }

    /// What came through in order.
    pub(super) fn through(&self) -> &VecDeque<(u64, u64)> {
        &self.through
    }

    /// What came through up to `end` is done with.
    pub(super) fn forget(&mut self, end: u64) {
        while self.through.front().is_some_and(|(to, _)| *to <= end) {
            self.through.pop_front();
        }
    }

    /// Gives back what it needed, where it is empty.
    pub(super) fn rest(&mut self) {
        if self.through.is_empty() {
            self.through = VecDeque::new();
        }
        if self.messages.is_empty() {
            self.messages = VecDeque::new();
        }
    }

    /// When an acknowledgement that waits is sent.
    pub(super) fn next(&self) -> Option<u64> {
        self.delayed.map(|(at, _)| at)
    }

    /// A packet comes, and `more` at the same moment: as one, as network cards hand them on. `segments` are those from `first`
    /// on that the sender has under way; a receiver that heard nothing for `rest` acknowledges at once for a while, and its
    /// acknowledgements take `back`.
    pub(super) fn take(
        &mut self,
        packet: Packet,
        more: bool,
        first: u64,
        segments: &mut VecDeque<Segment>,
        rest: u64,
        back: u64,
    ) -> Answer {
        let now = packet.arrives;
        let had_gap = self.expected < self.seen;
        let place = |number: u64| usize::try_from(number.checked_sub(first)?).ok();
        let segment = place(packet.number).and_then(|place| segments.get_mut(place));
        let again = segment.is_none_or(|segment| std::mem::replace(&mut segment.received, true));
        let took = now.saturating_sub(packet.sent).saturating_add(back);
        let grows = !again && self.buffer.came(packet.len, packet.sent, took);
        let late = packet.late > 0 && packet.number == self.expected && !again;
        if late {
            self.stalls += 1;
            self.stalled = self.stalled.saturating_add(packet.late);
        }
        while let Some(segment) = place(self.expected).and_then(|place| segments.get(place))
            && segment.received
        {
            self.expected += 1;
            self.buffer.read(segment.end, now);
            match self.through.back_mut() {
                Some((end, at)) if *at == now => *end = segment.end,
                _ => self.through.push_back((segment.end, now)),
            }
        }
        if let Some((end, _)) = self.through.back().copied() {
            self.count_messages(end, late);
        }
        self.seen = self.seen.max(packet.number + 1);
        if again || now.saturating_sub(self.last_arrival) > rest {
            self.quick = QUICK;
        }
        self.quick |= u32::from(grows);
        self.last_arrival = now;
        let before = self.delayed.take().map(|(_, packet)| packet);
        let in_order = !had_gap && !again && self.expected == self.seen;
        self.strays = if self.expected > packet.number {
            0
        } else {
            self.strays + 1
        };
        let together = in_order || self.strays > ONE_BY_ONE;
        if more && together && self.gathered < GATHERED {
            self.gathered += 1;
            return Answer::Later { before };
        }
        let alone = before.is_none() && std::mem::take(&mut self.gathered) == 0;
        if alone && in_order && !packet.pushes && self.quick == 0 {
            self.delayed = Some((now.saturating_add(DELAY), packet));
            return Answer::Waits;
        }
        Answer::Now { before }
    }

    /// The acknowledgement that waited goes.
    pub(super) fn undelay(&mut self) -> Option<(u64, Packet)> {
        self.delayed.take()
    }

    /// An acknowledgement of `packet` sets out at `now`.
    pub(super) fn acknowledge(
        &mut self,
        packet: &Packet,
        now: u64,
        line: &mut Line,
    ) -> Acknowledgement {
        self.quick = self.quick.saturating_sub(1);
        self.tell(packet, line.answer(now, packet.sure))
    }

    /// What is told of `packet`, at `at`; never, where the next one tells it.
    pub(super) fn tell(&self, packet: &Packet, at: Option<u64>) -> Acknowledgement {
        Acknowledgement {
            at,
            number: packet.number,
            sent: packet.sent,
            expected: self.expected,
            edge: self.buffer.edge(),
        }
    }
}

/// What a receiver does with a packet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// It acknowledges it at once, and with it the one before, if that waited.
    Now {
        /// The packet that waited.
        before: Option<Packet>,
    },
    /// It acknowledges it with the next one, which has come too, and with it the one before, if that waited.
    Later {
        /// The packet that waited.
        before: Option<Packet>,
    },
    /// It waits for a second packet.
    Waits,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tcp::packet::Mark;

    /// The messages that came and those of them that were late, where each segment has 100 bytes, messages end there, and packets
    /// come in this order, those marked as copies of lost ones.
    fn counted(messages: &[u64], packets: &[(u64, bool)]) -> (u64, u64) {
        let mut receiver = Receiver::new(Buffer::new(1 << 20, 0, 0));
        for end in messages {
            receiver.awaits(*end);
        }
        let segment = |number| Segment {
            end: (number + 1) * 100,
            began: 0,
            sent: 0,
            sacked: false,
            lost: false,
            again: false,
            received: false,
            copies: 0,
            mark: Mark::default(),
        };
        let mut segments = (0..packets.len() as u64).map(segment).collect();
        for (at, (number, is_copy)) in (1..).zip(packets) {
            let packet = Packet {
                arrives: at * 1_000_000,
                number: *number,
                len: 100,
                sent: 0,
                late: if *is_copy { 50_000_000 } else { 0 },
                pushes: true,
                sure: false,
            };
            receiver.take(packet, false, 0, &mut segments, u64::MAX, 0);
        }
        let losses = receiver.losses(Losses::default());
        (losses.messages, losses.late)
    }

    #[test]
    fn a_lost_packet_makes_its_message_and_those_behind_it_late() {
        let (each, copy, first) = ([100, 200, 300, 400, 500], true, false);
        let on_time = [0, 1, 2, 3, 4].map(|number| (number, first));
        let one_lost = [(0, first), (2, first), (3, first), (1, copy), (4, first)];
        let last_lost = [(0, first), (1, first), (2, first), (3, first), (4, copy)];
        let for_nothing = [(0, first), (1, first), (1, copy), (2, first), (3, first)];
        for (case, messages, packets, came) in [
            ("nothing is lost", &each[..], on_time, (5, 0)),
            (
                "it and the two that had overtaken it",
                &each,
                one_lost,
                (5, 3),
            ),
            ("the last one", &each, last_lost, (5, 1)),
            ("a copy that was not needed", &each, for_nothing, (4, 0)),
            ("one message of several packets", &[500], one_lost, (1, 1)),
            (
                "one before it in the same packet",
                &[150, 180, 500],
                one_lost,
                (3, 3),
            ),
            ("what ended before it", &[80, 100, 500], one_lost, (3, 1)),
        ] {
            assert_eq!(counted(messages, &packets), came, "{case}");
        }
    }
}
