//! The one runtime on which all I/O runs.
//!
//! A tokio runtime does not survive a fork: its thread is not copied. The runtime therefore remembers the process
//! that made it, and a child gets its own on first use.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use tokio::runtime::Builder;

use crate::client::Client;
use crate::driving::{Borrower, Io};
use crate::error::{Error, Result};
use crate::request::{Reply, Request};

static RUNNING: Mutex<Option<Arc<Io>>> = Mutex::new(None);

/// This process's runtime, started on first use.
pub fn io() -> Result<Arc<Io>> {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = running.as_ref().filter(|found| found.is_here()) {
        return Ok(Arc::clone(found));
    }
    let io = launch()?;
    // The parent's talks to a thread that does not exist here, so it is never dropped.
    std::mem::forget(running.replace(Arc::clone(&io)));
    Ok(io)
}

fn launch() -> Result<Arc<Io>> {
    let failed = |error: std::io::Error| Error::Internal(format!("the I/O thread could not be started: {error}"));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let io = Arc::new(Io::new(runtime));
    let kept = Arc::clone(&io);
    std::thread::Builder::new().name("data-bridge".into()).spawn(move || kept.keep()).map_err(failed)?;
    Ok(io)
}

/// Runs a request to its end, whoever is waiting for it; `done` is called on the thread that drives. A panic is an answer
/// too. `from` is who could drive while it waits for the answer.
pub fn start(
    client: &Arc<Client>,
    request: Request,
    from: Option<Borrower>,
    done: impl FnOnce(Result<Reply>) + Send + 'static,
) -> Result<()> {
    spawn(from, client.execute(request), done)
}

fn spawn(
    from: Option<Borrower>,
    work: impl Future<Output = Result<Reply>> + Send + 'static,
    done: impl FnOnce(Result<Reply>) + Send + 'static,
) -> Result<()> {
    // Spawning moves a task several times, and the future of a request is of many kilobytes.
    let work = AssertUnwindSafe(Box::pin(work)).catch_unwind();
    let outcome = async move { work.await.unwrap_or_else(|panic| Err(Error::Internal(panic_message(panic.as_ref())))) };
    io()?.spawn(from, outcome, done);
    Ok(())
}

/// What a panic said.
pub fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".into())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    fn answer(work: impl Future<Output = Result<Reply>> + Send + 'static) -> Result<Reply> {
        let (sender, receiver) = channel();
        spawn(None, work, move |outcome| sender.send(outcome).expect("the test waits")).expect("the I/O thread starts");
        receiver.recv_timeout(Duration::from_secs(10)).expect("an answer comes")
    }

    fn breaks(message: &'static str) -> Result<Reply> {
        panic!("{message}")
    }

    #[test]
    fn a_panicking_task_answers_and_the_thread_goes_on() {
        for message in ["first", "second"] {
            let broken = answer(async move { breaks(message) });
            assert!(matches!(broken, Err(Error::Internal(said)) if said == message));
        }
        assert!(matches!(answer(async { Ok(Reply::Done) }), Ok(Reply::Done)));
    }

    #[test]
    fn a_task_that_panics_behind_an_await_answers_too() {
        let broken = answer(async {
            tokio::task::yield_now().await;
            breaks("late")
        });
        assert!(matches!(broken, Err(Error::Internal(said)) if said == "late"));
    }

    #[test]
    fn a_caller_that_panics_on_its_answer_harms_nobody_else() {
        spawn(None, async { Ok(Reply::Done) }, |_| panic!("the caller is broken")).expect("the I/O thread starts");
        assert!(matches!(answer(async { Ok(Reply::Done) }), Ok(Reply::Done)));
    }
}
