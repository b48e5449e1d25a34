//! Runs scenarios side by side, the longest first, and counts.

use std::collections::VecDeque;
use std::fmt::Display;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use super::scenario::Scenario;

/// How many tests ended how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Skipped.
    pub skipped: usize,
}

impl Count {
    /// Counts one more.
    pub fn add(&mut self, passed: bool) {
        if passed {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }

    /// Success needs a pass: where nothing was tested nothing was shown.
    pub fn exit_code(&self) -> ExitCode {
        if self.failed == 0 && self.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Count) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Runs every row with `run`, at most `jobs` at once; `say` gets a line or a block for each as it ends.
pub fn run_all<E: Display>(
    mut rows: Vec<&Scenario>,
    jobs: usize,
    run: &(dyn Fn(&Scenario) -> Result<(), E> + Sync),
    say: &(dyn Fn(&str) + Sync),
) -> Count {
    rows.sort_by_key(|row| std::cmp::Reverse(row.bound()));
    let queue = Mutex::new(VecDeque::from(rows));
    let count = Mutex::new(Count::default());
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let Some(row) = take(&queue) {
                    let started = Instant::now();
                    let outcome = run(row);
                    let seconds = started.elapsed().as_secs();
                    // Held while talking, so that blocks do not mix.
                    let mut count = lock(&count);
                    count.add(outcome.is_ok());
                    match outcome {
                        Ok(()) => say(&format!("passed  {:<22} {seconds:>5} s\n", row.name)),
                        Err(failure) => say(&format!("FAILED  {:<22} {seconds:>5} s\n{failure}", row.name)),
                    }
                }
            });
        }
    });
    *lock(&count)
}

/// A function of its own: in the head of a loop the lock would be held through its body.
fn take<'a>(queue: &Mutex<VecDeque<&'a Scenario>>) -> Option<&'a Scenario> {
    lock(queue).pop_front()
}

/// A thread that panicked must not hide the verdicts of the others; the scope reports it at its end.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::scenario::{BASE, Step};

    fn row(name: &'static str, script: &'static [Step]) -> Scenario {
        Scenario { name, script, ..BASE }
    }

    #[test]
    fn the_longest_starts_first_and_all_are_counted() {
        let rows =
            [row("short", &[Step::Expect("x", 1)]), row("long", &[Step::Expect("x", 99)]), row("middle", &[Step::ExpectPowerOff(9)])];
        let said = Mutex::new(String::new());
        let run = |row: &Scenario| match row.name {
            "long" => Err("  why\n"),
            _ => Ok(()),
        };
        let count = run_all(rows.iter().collect(), 1, &run, &|text| said.lock().unwrap().push_str(text));
        assert_eq!(count.to_string(), "2 passed, 1 failed, 0 skipped");
        let names: Vec<String> =
            said.into_inner().unwrap().lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(names, ["FAILED long", "why", "passed middle", "passed short"]);
    }

    #[test]
    fn only_passes_are_a_success() {
        let code = |passed, failed, skipped| Count { passed, failed, skipped }.exit_code();
        assert_eq!(code(1, 0, 1), ExitCode::SUCCESS);
        assert_eq!([code(1, 1, 0), code(0, 0, 0), code(0, 0, 9)], [ExitCode::FAILURE; 3]);
    }

    #[test]
    fn no_more_than_asked_run_at_once() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let rows: Vec<Scenario> = (0..6).map(|_| row("x", &[])).collect();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let run = |_: &Scenario| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // A busy machine may start the second thread late.
            let started = Instant::now();
            while most.load(Ordering::SeqCst) < 2 && started.elapsed().as_secs() < 5 {
                thread::yield_now();
            }
            thread::sleep(std::time::Duration::from_millis(20));
            now.fetch_sub(1, Ordering::SeqCst);
            Ok::<(), String>(())
        };
        assert_eq!(run_all(rows.iter().collect(), 2, &run, &|_| ()).passed, 6);
        assert_eq!(most.into_inner(), 2);
    }
}
