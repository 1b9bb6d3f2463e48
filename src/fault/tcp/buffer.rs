//! The receiver's buffer: how far ahead of its application it lets the sender go, as Linux lets that grow.
//!
//! It offers 64 kB at first. Each packet makes it offer two segments more, up to what its buffer takes (`tcp_grow_window`);
//! and once in a round trip the buffer itself grows to several times what its application read in the one before, where that
//! was more than ever (`tcp_rcv_space_adjust`). So a sender that starts slowly is ahead of it in rare rounds only; but while
//! the offer grows each packet is acknowledged by itself, which a sender's window grows by.

use super::SEGMENT;

/// What is offered first (Linux: half of `tcp_rmem`'s default, without the options of a SYN).
const FIRST: u64 = 65_160;
/// What a buffer of that size takes in full segments, each of which takes 2,304 bytes of memory.
const FIRST_MOST: u64 = 131_072 * SEGMENT / 2_304;
/// How much more is offered with each packet, and the smallest one that counts.
const STEP: u64 = 2 * 1_460;
const LEAST_PACKET: u64 = 128;
/// What the sender's first window brings (Linux: `TCP_INIT_CWND`).
const FIRST_ROUND: u64 = 10 * 1_460;

/// A receiver's buffer. Times are nanoseconds; its application reads at once what is in order.
#[derive(Debug)]
pub(super) struct Buffer {
    /// How much it offers, how much it could, and how much it ever will.
    offer: u64,
    most: u64,
    limit: u64,
    /// Up to where in the stream it ever let the sender go.
    edge: u64,
    /// The most that was read in a round trip; since when, and from where in the stream, the present one is counted.
    space: u64,
    since: u64,
    from: u64,
    /// The round trip as the receiver sees it, and when the packet was sent that it was last taken from.
    round_trip: Option<u64>,
    sampled: u64,
}

// === impl Buffer ===

impl Buffer {
    /// A buffer that offers at most `limit`, of a connection that opened at `opens` and whose stream begins at `offset`.
    pub(super) fn new(limit: u64, offset: u64, opens: u64) -> Self {
        let offer = FIRST.min(limit);
        Self {
            offer,
            most: FIRST_MOST.min(limit),
            limit,
            edge: offset.saturating_add(offer),
            space: FIRST_ROUND,
            since: opens,
            from: offset,
            round_trip: None,
            sampled: u64::MAX,
        }
    }

    /// Up to where in the stream the sender may go.
    pub(super) fn edge(&self) -> u64 {
        self.edge
    }

    /// A packet of so many bytes came whose sender heard of what it let it send a round trip before; true where it offers more.
    pub(super) fn came(&mut self, len: u64, sent: u64, round_trip: u64) -> bool {
        if len >= SEGMENT && sent != self.sampled {
            self.sampled = sent;
            let smoothed = |before: u64| before + round_trip.saturating_sub(before) / 8;
            let before = self.round_trip.unwrap_or(round_trip);
            self.round_trip = Some(round_trip.min(smoothed(before)));
        }
        let more = self.most.saturating_sub(self.offer).min(STEP);
        if len < LEAST_PACKET || more == 0 {
            return false;
        }
        self.offer += more;
        true
    }

    /// The application read what is in order, up to `end`, at `now`.
    pub(super) fn read(&mut self, end: u64, now: u64) {
        if let Some(round_trip) = self.round_trip
            && now.saturating_sub(self.since) >= round_trip
        {
            self.adjust(end.saturating_sub(self.from));
            (self.since, self.from) = (now, end);
        }
        self.edge = self.edge.max(end.saturating_add(self.offer));
    }

    /// So much was read in a round trip (Linux: `tcp_rcvbuf_grow`).
    fn adjust(&mut self, read: u64) {
        let before = self.space;
        let Some(grown) = read.checked_sub(before) else {
            return;
        };
        self.space = read;
        // A sender that doubles is two rounds ahead of what was read.
        let twice = read.saturating_mul(2);
        let faster = u128::from(twice) * u128::from(grown) / u128::from(before);
        let faster = u64::try_from(faster).unwrap_or(u64::MAX).saturating_mul(2);
        self.most = twice.saturating_add(faster).min(self.limit).max(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: u64 = 100_000_000;

    /// A buffer after rounds of so many segments each, and what it offers beyond what was read.
    fn offers(limit: u64, rounds: &[u64]) -> Vec<u64> {
        let (mut buffer, mut end, mut now) = (Buffer::new(limit, 0, 0), 0, 0);
        let offers = rounds.iter().map(|segments| {
            now += ROUND_TRIP;
            for _ in 0..*segments {
                end += SEGMENT;
                buffer.came(SEGMENT, now - ROUND_TRIP / 2, ROUND_TRIP);
                buffer.read(end, now);
            }
            buffer.edge() - end
        });
        offers.collect()
    }

    #[test]
    fn it_offers_64_kb_at_first_and_keeps_ahead_of_a_sender_that_doubles() {
        let rounds = [10, 20, 40, 80, 160, 320];
        let offers = offers(3_000_000, &rounds);
        assert_eq!(offers[..2], [FIRST_MOST, FIRST_MOST]);
        for (offer, round) in offers.iter().zip(rounds).skip(2) {
            assert!(*offer >= 2 * round * SEGMENT, "{offers:?}");
        }
    }

    #[test]
    fn it_does_not_grow_where_no_more_is_read_nor_beyond_its_limit() {
        assert_eq!(offers(3_000_000, &[10; 20]), [FIRST_MOST; 20]);
        assert_eq!(offers(100_000, &[10, 80, 160, 320])[3], 100_000);
        assert_eq!(offers(20_000, &[10, 10]), [20_000, 20_000]);
    }

    #[test]
    fn what_it_let_go_it_does_not_take_back() {
        let mut buffer = Buffer::new(3_000_000, 500, 0);
        assert_eq!(buffer.edge(), 500 + FIRST);
        buffer.read(600, 0);
        assert_eq!(buffer.edge(), 600 + FIRST);
        buffer.read(550, 0);
        assert_eq!(buffer.edge(), 600 + FIRST);
    }
}
