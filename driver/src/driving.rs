//! Who drives the I/O: sockets and timers go on only while some thread waits for them.
//!
//! A thread of its own does, the keeper, unless an event loop or a blocking caller has borrowed the driver: whoever asks
//! for one thing after another waits for its socket itself. Then neither a command nor its answer has to wake another
//! thread, which takes longer than all else that a client does about a small command.
//!
//! What the MongoDB driver does in the background, heartbeats for one, waits until somebody drives: while a borrower
//! computes, for up to two leases.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake};
use std::thread::Thread;
use std::time::{Duration, Instant};

use tokio::runtime::{EnterGuard, Runtime};
use tokio::sync::Notify;

/// A borrower that has not driven for so long loses the driver when the keeper next looks, and none drives longer without
/// looking up.
pub const LEASE: Duration = Duration::from_millis(20);

/// An event loop or a thread that can drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Borrower(u64);

impl Borrower {
    #[expect(clippy::new_without_default, reason = "each is another")]
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The tokio runtime of a process, and who drives it.
pub struct Io {
    process: u32,
    runtime: Runtime,
    /// Tasks that have not ended.
    in_flight: Arc<AtomicUsize>,
    lease: Mutex<Lease>,
    /// Tells the keeper that there is a borrower.
    borrowed: Notify,
    /// Tells the keeper that there is none.
    ended: Condvar,
}

/// A task that has not ended, however it does.
pub struct InFlight(Arc<AtomicUsize>);

impl InFlight {
    fn count(all: &Arc<AtomicUsize>) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(all))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Wakes a thread that waits for the keeper.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[derive(Default)]
struct Lease {
    borrower: Option<Borrower>,
    /// The keeper has left the driver to the borrower.
    left: bool,
    /// The borrower has driven since the keeper last looked.
    used: bool,
    /// Who started the last task, if there was no other beside it.
    last: Option<Borrower>,
}

impl Io {
    pub fn new(runtime: Runtime) -> Self {
        Self {
            process: std::process::id(),
            runtime,
            in_flight: Arc::default(),
            lease: Mutex::default(),
            borrowed: Notify::new(),
            ended: Condvar::new(),
        }
    }

    /// Whether this is the process that made it: nobody drives it in another.
    pub fn is_here(&self) -> bool {
        self.process == std::process::id()
    }

    /// The keeper's work, for ever.
    pub fn keep(&self) {
        loop {
            self.runtime.block_on(self.borrowed.notified());
            self.wait_for_end();
        }
    }

    fn wait_for_end(&self) {
        let mut lease = self.lease();
        lease.left = true;
        while lease.borrower.is_some() {
            lease.used = false;
            let (again, waited) = self.ended.wait_timeout(lease, LEASE).unwrap_or_else(PoisonError::into_inner);
            lease = again;
            if waited.timed_out() && !lease.used {
                lease.borrower = None;
            }
        }
        lease.left = false;
    }

    /// Does some work, and then hands what came of it to `done`. `from` will wait for that, and could drive meanwhile.
    pub fn spawn<T: Send>(
        &self,
        from: Option<Borrower>,
        work: impl Future<Output = T> + Send + 'static,
        done: impl FnOnce(T) + Send + 'static,
    ) {
        let in_flight = InFlight::count(&self.in_flight);
        // This one itself is counted: of two that start at once neither is alone.
        let alone = from.filter(|_| self.in_flight.load(Ordering::Relaxed) == 1);
        let task = async move {
            let outcome = work.await;
            // Whoever waits sees that it has ended.
            drop(in_flight);
            done(outcome);
        };
        let lent = self.lend(alone);
        match alone {
            Some(borrower) if lent => self.drive(borrower, async move {
                tokio::spawn(task);
                // It goes as far as it can without waiting: a command is on its way when this returns.
                tokio::task::yield_now().await;
            }),
            _ => drop(self.runtime.spawn(task)),
        }
    }

    /// Counts what goes on beside whoever could drive, as long as this lives: the keeper drives.
    pub fn beside(&self) -> InFlight {
        self.lend(None);
        InFlight::count(&self.in_flight)
    }

    /// Whether a task has not ended.
    pub fn is_busy(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) > 0
    }

    /// Decides who drives from a new task on; true where it is `alone`, who started this one and waits for no other. The
    /// second of such tasks in a row is the first that is lent for.
    fn lend(&self, alone: Option<Borrower>) -> bool {
        let mut lease = self.lease();
        let again = alone.is_some() && lease.last == alone;
        lease.last = alone;
        if lease.borrower.is_none() {
            if again {
                lease.borrower = alone;
                self.borrowed.notify_one();
            }
            return false;
        }
        if lease.borrower == alone {
            return lease.left;
        }
        // Whoever else waits does not depend on how often the borrower comes to drive.
        self.end(&mut lease);
        false
    }

    /// Whether the driver is with this borrower now.
    pub fn is_with(&self, borrower: Borrower) -> bool {
        self.is_here() && self.lease().borrower == Some(borrower)
    }

    /// Gives the driver back to the keeper.
    pub fn give_back(&self, borrower: Borrower) {
        let mut lease = self.lease();
        if lease.borrower == Some(borrower) {
            self.end(&mut lease);
        }
    }

    fn end(&self, lease: &mut Lease) {
        lease.borrower = None;
        self.ended.notify_one();
    }

    /// Drives on this thread until the future has ended.
    pub fn drive<T>(&self, borrower: Borrower, until: impl Future<Output = T>) -> T {
        let mut lease = self.lease();
        lease.used |= lease.borrower == Some(borrower);
        drop(lease);
        self.runtime.block_on(until)
    }

    /// Drives as far as it goes without waiting.
    pub fn drive_on(&self, borrower: Borrower) {
        self.drive(borrower, async {
            // Sockets are looked at behind the tasks, and those that this wakes run in the next round.
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        });
    }

    /// Waits on this thread for at most so long, and drives meanwhile if the driver is with this borrower.
    pub fn wait<T>(
        &self,
        borrower: Borrower,
        longest: Duration,
        mut until: impl Future<Output = T> + Unpin,
    ) -> Option<T> {
        if self.is_with(borrower) {
            let came = self.drive(borrower, async { tokio::time::timeout(LEASE.min(longest), &mut until).await.ok() });
            if came.is_none() {
                self.give_back(borrower);
            }
            return came;
        }
        let waker = Arc::new(Unpark(std::thread::current())).into();
        let mut context = Context::from_waker(&waker);
        let deadline = Instant::now() + longest;
        loop {
            if let Poll::Ready(came) = Pin::new(&mut until).poll(&mut context) {
                return Some(came);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            std::thread::park_timeout(left);
        }
    }

    /// What is made meanwhile belongs to the runtime.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.runtime.enter()
    }

    fn lease(&self) -> MutexGuard<'_, Lease> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread::ThreadId;

    use tokio::sync::oneshot::{Receiver, channel};

    use super::*;

    fn kept() -> Arc<Io> {
        let io = Arc::new(Io::new(tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()));
        let keeper = Arc::clone(&io);
        std::thread::spawn(move || keeper.keep());
        io
    }

    /// Starts what takes so many milliseconds, and tells the thread that it ended on.
    fn begin(io: &Io, from: Option<Borrower>, milliseconds: u64) -> Receiver<ThreadId> {
        let (sender, receiver) = channel();
        let work = async move { tokio::time::sleep(Duration::from_millis(milliseconds)).await };
        io.spawn(from, work, move |()| sender.send(std::thread::current().id()).unwrap());
        receiver
    }

    /// Lends to a new borrower, which has something in flight then.
    fn lent(io: &Io) -> (Borrower, Receiver<ThreadId>) {
        loop {
            let own = Borrower::new();
            begin(io, Some(own), 1).blocking_recv().unwrap();
            assert!(!io.is_with(own));
            let second = begin(io, Some(own), 1);
            // A thread that is kept waiting for so long loses it again.
            if io.is_with(own) {
                return (own, second);
            }
            second.blocking_recv().unwrap();
        }
    }

    #[test]
    fn a_borrower_that_does_not_drive_loses_the_driver() {
        let io = kept();
        let (own, second) = lent(&io);
        assert_ne!(second.blocking_recv().unwrap(), std::thread::current().id());
        assert!(!io.is_with(own));
    }

    #[test]
    fn a_borrower_runs_its_tasks_on_its_own_thread() {
        let io = kept();
        let (own, mut second) = lent(&io);
        let here = std::thread::current().id();
        io.wait(own, LEASE, &mut second);
        let runs_here = |_: &u32| {
            let mut next = begin(&io, Some(own), 1);
            io.wait(own, LEASE, &mut next).is_some_and(|thread| thread == Ok(here))
        };
        assert!((0..50_u32).filter(runs_here).count() > 25);
    }

    #[test]
    fn what_takes_long_is_given_back_and_ends_elsewhere() {
        let io = kept();
        let (own, mut second) = lent(&io);
        io.wait(own, LEASE, &mut second);
        let mut long = begin(&io, Some(own), 60);
        assert!(io.wait(own, LEASE, &mut long).is_none());
        assert!(!io.is_with(own));
        let there = loop {
            if let Some(there) = io.wait(own, Duration::from_millis(5), &mut long) {
                break there.unwrap();
            }
        };
        assert_ne!(there, std::thread::current().id());
    }

    #[test]
    fn whoever_else_waits_ends_the_lease() {
        for other in [None, Some(Borrower::new())] {
            let io = kept();
            let (own, second) = lent(&io);
            let third = begin(&io, other, 0);
            assert!(!io.is_with(own));
            third.blocking_recv().unwrap();
            second.blocking_recv().unwrap();
        }
    }

    #[test]
    fn what_runs_beside_another_is_not_lent_for() {
        let (io, own) = (kept(), Borrower::new());
        let (long, short) = (begin(&io, Some(own), 30), begin(&io, Some(own), 0));
        assert!(!io.is_with(own) && io.is_busy());
        short.blocking_recv().unwrap();
        long.blocking_recv().unwrap();
        assert!(!io.is_busy());
    }

    #[test]
    fn what_goes_on_beside_ends_the_lease_and_prevents_another() {
        let io = kept();
        let (own, second) = lent(&io);
        let beside = io.beside();
        assert!(!io.is_with(own));
        second.blocking_recv().unwrap();
        for _ in 0..3 {
            begin(&io, Some(own), 0).blocking_recv().unwrap();
            assert!(!io.is_with(own) && io.is_busy());
        }
        drop(beside);
        assert!(!io.is_busy());
        lent(&io);
    }

    #[test]
    fn a_task_that_breaks_is_no_longer_in_flight() {
        let io = kept();
        io.spawn(None, async { panic!("a task breaks") }, |()| ());
        while io.is_busy() {
            std::thread::yield_now();
        }
    }
}
