//! Runs scenarios side by side, the longest first, and counts.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use super::scenario::Scenario;

/// The verdict on a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was as the row says.
    Passed,
    /// Something was not; the text is shown as it is.
    Failed(String),
    /// It cannot run here, for this reason.
    Skipped(String),
}

/// How many scenarios ended how.
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
pub fn run_all(mut rows: Vec<&Scenario>, jobs: usize, run: &(dyn Fn(&Scenario) -> Outcome + Sync), say: &(dyn Fn(&str) + Sync)) -> Count {
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
                    match outcome {
                        Outcome::Passed => {
                            count.passed += 1;
                            say(&format!("passed  {:<22} {seconds:>5} s\n", row.name));
                        }
                        Outcome::Failed(text) => {
                            count.failed += 1;
                            say(&format!("FAILED  {:<22} {seconds:>5} s\n{text}", row.name));
                        }
                        Outcome::Skipped(reason) => {
                            count.skipped += 1;
                            say(&format!("skipped {:<22} {seconds:>5} s  {reason}\n", row.name));
                        }
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
            "short" => Outcome::Skipped("no sgdisk".to_owned()),
            "long" => Outcome::Failed("  why\n".to_owned()),
            _ => Outcome::Passed,
        };
        let count = run_all(rows.iter().collect(), 1, &run, &|text| said.lock().unwrap().push_str(text));
        assert_eq!(count.to_string(), "1 passed, 1 failed, 1 skipped");
        let names: Vec<String> =
            said.into_inner().unwrap().lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(names, ["FAILED long", "why", "passed middle", "skipped short"]);
    }

    #[test]
    fn no_more_than_asked_run_at_once() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let rows: Vec<Scenario> = (0..6).map(|_| row("x", &[])).collect();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let run = |_: &Scenario| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(std::time::Duration::from_millis(20));
            now.fetch_sub(1, Ordering::SeqCst);
            Outcome::Passed
        };
        assert_eq!(run_all(rows.iter().collect(), 2, &run, &|_| ()).passed, 6);
        assert_eq!(most.into_inner(), 2);
    }
}
