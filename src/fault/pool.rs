//! Buffers for bytes that wait, kept by their size for the next link that needs one.
//!
//! It stands beside the links because they alone lend from it; no fault knows of it, and a buffer's history changes nothing
//! that a link does. How much all connections may hold together is the engine's concern.
//!
//! Each thread has its own pool, so nothing is locked. A pool keeps little more than what is in use: when many links have
//! held much and are empty again, their memory goes back to the system at once, because large buffers are mappings of
//! their own, which no heap holds on to.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use memmap2::MmapMut;

/// The sizes that buffers come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// For small messages: a thousand connections that each hold one take little.
    Small,
    /// For pages and answers.
    Medium,
    /// For streams.
    Large,
    /// For streams that fill large ones.
    Huge,
}

/// A buffer of one of the sizes; its bytes are whatever was last in it.
#[derive(Debug)]
pub(super) struct Buffer {
    memory: Memory,
    class: Class,
}

#[derive(Debug)]
enum Memory {
    Heap(Box<[u8]>),
    Mapped(MmapMut),
}

/// How many bytes of free buffers of a size a pool keeps, however little is in use.
const KEPT: usize = 2 << 20;

/// A pool keeps one of so many parts of what is in use beside that: what a delayed stream holds goes up and down.
const KEPT_SHARE: usize = 2;

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool::new()) };
}

struct Pool {
    free: [Vec<Buffer>; 4],
    /// Bytes in use, by size.
    lent: [usize; 4],
}

/// A buffer from this thread's pool, or a new one.
pub(super) fn lend(class: Class) -> Buffer {
    // While the thread ends there is no pool any more.
    POOL.try_with(|pool| pool.borrow_mut().lend(class))
        .unwrap_or_else(|_| Buffer::new(class))
}

/// Gives a buffer to this thread's pool, which keeps it or frees it.
pub(super) fn give_back(buffer: Buffer) {
    let _ = POOL.try_with(|pool| pool.borrow_mut().give_back(buffer));
}

// === impl Class ===

impl Class {
    /// The smallest size that takes `bytes`, or the largest there is.
    pub(super) fn for_bytes(bytes: usize) -> Self {
        [Self::Small, Self::Medium, Self::Large]
            .into_iter()
            .find(|class| bytes <= class.size())
            .unwrap_or(Self::Huge)
    }

    pub(super) const fn size(self) -> usize {
        match self {
            Self::Small => 2 << 10,
            Self::Medium => 16 << 10,
            Self::Large => 64 << 10,
            Self::Huge => 512 << 10,
        }
    }
}

// === impl Buffer ===

impl Buffer {
    fn new(class: Class) -> Self {
        let heap = || Memory::Heap(vec![0; class.size()].into_boxed_slice());
        let memory = match class {
            Class::Small | Class::Medium => heap(),
            // A process may have only so many mappings.
            Class::Large | Class::Huge => {
                MmapMut::map_anon(class.size()).map_or_else(|_| heap(), Memory::Mapped)
            }
        };
        Self { memory, class }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.memory {
            Memory::Heap(bytes) => bytes,
            Memory::Mapped(bytes) => bytes,
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.memory {
            Memory::Heap(bytes) => bytes,
            Memory::Mapped(bytes) => bytes,
        }
    }
}

// === impl Pool ===

impl Pool {
    const fn new() -> Self {
        Self {
            free: [Vec::new(), Vec::new(), Vec::new(), Vec::new()],
            lent: [0; 4],
        }
    }

    fn lend(&mut self, class: Class) -> Buffer {
        self.lent[class as usize] += class.size();
        self.free[class as usize]
            .pop()
            .unwrap_or_else(|| Buffer::new(class))
    }

    fn give_back(&mut self, buffer: Buffer) {
        let (index, size) = (buffer.class as usize, buffer.class.size());
        let (free, lent) = (&mut self.free[index], &mut self.lent[index]);
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
        let mut buffer = pool.lend(Class::Large);
        buffer[0] = 7;
        pool.give_back(buffer);
        assert_eq!(pool.lend(Class::Large)[0], 7);
        assert_eq!(kept(&pool), 0);
    }

    #[test]
    fn after_a_storm_little_is_kept() {
        let mut pool = Pool::new();
        let storm: Vec<Buffer> = (0..512).map(|_| pool.lend(Class::Large)).collect();
        for buffer in storm {
            pool.give_back(buffer);
        }
        assert!(kept(&pool) <= KEPT, "{} bytes", kept(&pool));
    }

    #[test]
    fn sizes_fit_what_they_are_for() {
        let class = |bytes| Class::for_bytes(bytes);
        assert_eq!(
            [
                class(1),
                class(2_048),
                class(2_049),
                class(16_385),
                class(1 << 20)
            ],
            [
                Class::Small,
                Class::Small,
                Class::Medium,
                Class::Large,
                Class::Huge
            ]
        );
    }
}
