//! Memory that an engine gives back, however long it lives.
//!
//! The C library's allocator gives each thread a heap of its own, up to eight for each processor, and a heap that was large
//! once stays large: an engine whose work moves over a pool of threads comes to hold as much for each of them as the largest
//! piece of work took. With few heaps, what one thread gave back is taken again by the next.

/// How many heaps there are at most: enough that threads seldom wait for one another.
const MOST: std::ffi::c_int = 2;

/// Asks the allocator for few heaps; called before the first other thread begins. Says whether it agreed.
#[expect(unsafe_code, reason = "no crate wraps this call of the C library; it changes a number of the allocator")]
pub(super) fn few() -> bool {
    // SAFETY: the call takes two numbers and touches nothing of ours.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, MOST) == 1 }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_allocator_agrees() {
        assert!(super::few());
    }
}
