//! No silence: what takes long and cannot be interrupted is done while another thread says that it still goes on.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::spawn;
use std::time::{Duration, Instant};

/// Longest silence.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Does the work. Every ten seconds a line says that it still goes on; `doing` is its gerund and subject.
pub fn aloud<T>(doing: &str, work: impl FnOnce() -> T) -> T {
    let (end, ended) = channel::<()>();
    let (doing, started) = (doing.to_string(), Instant::now());
    let voice = spawn(move || {
        while ended.recv_timeout(HEARTBEAT) == Err(RecvTimeoutError::Timeout) {
            log::info!("still {doing}, {} s", started.elapsed().as_secs());
        }
    });
    let done = work();
    drop(end);
    // It has nothing to say any more.
    voice.join().unwrap_or_default();
    done
}

#[cfg(test)]
mod tests {
    use super::aloud;

    #[test]
    fn the_work_is_done_and_nobody_is_waited_for() {
        let started = std::time::Instant::now();
        assert_eq!(aloud("adding", || 2 + 2), 4);
        assert!(started.elapsed().as_secs() < 5);
    }
}
