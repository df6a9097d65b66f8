//! The one thread on which all I/O runs.
//!
//! A tokio runtime does not survive a fork: its thread is not copied. The runtime therefore remembers the process
//! that made it, and a child gets its own on first use.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use tokio::runtime::{Builder, Handle};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::request::{Reply, Request};

struct Running {
    process: u32,
    handle: Handle,
}

static RUNNING: Mutex<Option<Running>> = Mutex::new(None);

/// The handle of this process's runtime, started on first use.
pub fn handle() -> Result<Handle> {
    let process = std::process::id();
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = running.as_ref().filter(|found| found.process == process) {
        return Ok(found.handle.clone());
    }
    let handle = launch()?;
    // The parent's handle talks to a thread that does not exist here, so it is never dropped.
    std::mem::forget(running.replace(Running { process, handle: handle.clone() }));
    Ok(handle)
}

fn launch() -> Result<Handle> {
    let failed = |error: std::io::Error| Error::Internal(format!("the I/O thread could not be started: {error}"));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name("data-bridge".into())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))
        .map_err(failed)?;
    Ok(handle)
}

/// Runs a request to its end, whoever is waiting for it; `done` is called on the I/O thread. A panic is an answer too.
pub fn start(client: &Arc<Client>, request: Request, done: impl FnOnce(Result<Reply>) + Send + 'static) -> Result<()> {
    spawn(client.execute(request), done)
}

fn spawn(
    work: impl Future<Output = Result<Reply>> + Send + 'static,
    done: impl FnOnce(Result<Reply>) + Send + 'static,
) -> Result<()> {
    // Spawning moves a task several times, and the future of a request is of many kilobytes.
    let work = AssertUnwindSafe(Box::pin(work)).catch_unwind();
    handle()?.spawn(async move {
        done(work.await.unwrap_or_else(|panic| Err(Error::Internal(panic_message(panic.as_ref())))));
    });
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
        spawn(work, move |outcome| sender.send(outcome).expect("the test waits")).expect("the I/O thread starts");
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
        spawn(async { Ok(Reply::Done) }, |_| panic!("the caller is broken")).expect("the I/O thread starts");
        assert!(matches!(answer(async { Ok(Reply::Done) }), Ok(Reply::Done)));
    }
}
