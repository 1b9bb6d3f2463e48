//! Buffers for bytes that wait, kept by their size for the next link that needs one.
//!
//! It stands beside the links because they alone lend from it; no fault knows of it, and a buffer's history changes nothing
//! that a link does. How much all connections may hold together is the engine's concern.
//!
//! Each thread has its own pool, so nothing is locked. A pool keeps little more than what is in use: when many links have
//! held much and are empty again, their memory goes back to the system at once, because large buffers are mappings of
//! their own, which no heap holds on to.

use std::cell::RefCell;
use std::ops::DerefMut;

use memmap2::MmapMut;

/// A buffer of one of the sizes: memory of the heap, or a mapping of its own. Its bytes are whatever was last in it.
pub(super) type Buffer = Box<dyn DerefMut<Target = [u8]> + Send>;

/// The sizes that buffers come in: for small messages, so that a thousand connections that each hold one take little; for pages
/// and answers; for streams; for streams that fill large ones.
const SIZES: [usize; 4] = [2 << 10, 16 << 10, 64 << 10, 512 << 10];

/// From this size on a buffer is a mapping of its own. A process may have only so many, so small ones are none.
const MAPPED: usize = 64 << 10;

/// How many bytes of free buffers of a size a pool keeps, however little is in use.
const KEPT: usize = 2 << 20;

/// A pool keeps one of so many parts of what is in use beside that: what a delayed stream holds goes up and down.
const KEPT_SHARE: usize = 2;

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool::new()) };
}

struct Pool {
    /// The free buffers of each size.
    free: [Vec<Buffer>; SIZES.len()],
    /// Bytes in use, by size.
    lent: [usize; SIZES.len()],
}

/// A buffer of the smallest size that takes `bytes`, or of the largest there is: from this thread's pool, or a new one.
pub(super) fn lend(bytes: usize) -> Buffer {
    // While the thread ends there is no pool any more.
    POOL.try_with(|pool| pool.borrow_mut().lend(bytes))
        .unwrap_or_else(|_| new_buffer(SIZES[class_for(bytes)]))
}

/// Gives a buffer to this thread's pool, which keeps it or frees it.
pub(super) fn give_back(buffer: Buffer) {
    let _ = POOL.try_with(|pool| pool.borrow_mut().give_back(buffer));
}

/// The place in `SIZES` of the smallest that takes `bytes`, or of the largest.
fn class_for(bytes: usize) -> usize {
    let class = SIZES.iter().position(|size| bytes <= *size);
    class.unwrap_or(SIZES.len() - 1)
}

fn new_buffer(size: usize) -> Buffer {
    if size >= MAPPED
        && let Ok(mapping) = MmapMut::map_anon(size)
    {
        return Box::new(mapping);
    }
    Box::new(vec![0; size])
}

// === impl Pool ===

impl Pool {
    const fn new() -> Self {
        Self {
            free: [const { Vec::new() }; SIZES.len()],
            lent: [0; SIZES.len()],
        }
    }

    fn lend(&mut self, bytes: usize) -> Buffer {
        let class = class_for(bytes);
        self.lent[class] += SIZES[class];
        let free = self.free[class].pop();
        free.unwrap_or_else(|| new_buffer(SIZES[class]))
    }

    fn give_back(&mut self, buffer: Buffer) {
        let (class, size) = (class_for(buffer.len()), buffer.len());
        let (free, lent) = (&mut self.free[class], &mut self.lent[class]);
        // It may have been lent by another thread's pool.
        *lent = lent.saturating_sub(size);
        free.push(buffer);
        let kept = KEPT.max(*lent / KEPT_SHARE) / size;
        if free.len() > kept {
            free.truncate(kept);
            free.shrink_to(2 * kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(pool: &Pool) -> usize {
        pool.free.iter().flatten().map(|buffer| buffer.len()).sum()
    }

    #[test]
    fn a_buffer_is_lent_again() {
        let mut pool = Pool::new();
        let mut buffer = pool.lend(64 << 10);
        buffer[0] = 7;
        pool.give_back(buffer);
        assert_eq!(pool.lend(64 << 10)[0], 7);
        assert_eq!(kept(&pool), 0);
    }

    #[test]
    fn after_a_storm_little_is_kept() {
        let mut pool = Pool::new();
        let storm: Vec<Buffer> = (0..512).map(|_| pool.lend(64 << 10)).collect();
        for buffer in storm {
            pool.give_back(buffer);
        }
        assert!(kept(&pool) <= KEPT, "{} bytes", kept(&pool));
    }

    #[test]
    fn sizes_fit_what_they_are_for() {
        let bytes = [1, 2_048, 2_049, 16_385, 1 << 20];
        assert_eq!(
            bytes.map(|bytes| Pool::new().lend(bytes).len()),
            [2 << 10, 2 << 10, 16 << 10, 64 << 10, 512 << 10]
        );
    }
}
