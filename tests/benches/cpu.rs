//! CPU time of this process, the steadier figure on a machine that others use too; measures no waiting.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of CPU time, user and system, of all threads.
pub(crate) fn cpu_ns() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "52 bits are 52 days of nanoseconds")]
    {
        now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
    }
}
