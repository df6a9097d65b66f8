//! Finished operations, brought to the event loop that awaits them.
//!
//! Each loop has one queue. Whoever drives the I/O pushes raw outcomes on it and writes the loop's eventfd only when the
//! loop has not been told yet; one `add_reader` callback drains the queue and decodes on the loop's own thread. The I/O
//! thread never takes the interpreter lock, except where a loop has no `add_reader`. A loop whose selector looks into the
//! queue (see `selector`) needs no eventfd to be told.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Context;
use std::time::{Duration, Instant};

use data_bridge_driver::{Borrower, Client, Error, Reply, Request, runtime};
use futures_util::task::AtomicWaker;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyWeakrefMethods, PyWeakrefReference};
use rustix::event::{EventfdFlags, eventfd};

use crate::answer::Answer;
use crate::errors;
use crate::gate::guarded;
use crate::selector;
use crate::turn::Turn;

/// How an operation ended, before anything of it is a Python object.
pub type Outcome = Result<Reply, Error>;

/// Turns an outcome into the value the caller awaits. Runs on the caller's own thread.
pub trait Finish: Send {
    fn finish(self: Box<Self>, py: Python<'_>, outcome: Outcome) -> PyResult<Finished>;
}

/// What a finisher has come to.
pub enum Finished {
    Value(Py<PyAny>),
    /// There is more to do, but others want to run first; then it gets `Reply::Done`.
    Later(Box<dyn Finish>),
    /// Another request must be answered first.
    Wait(Arc<Client>, Request, Box<dyn Finish>),
}

impl<F> Finish for F
where
    F: FnOnce(Python<'_>, Outcome) -> PyResult<Py<PyAny>> + Send,
{
    fn finish(self: Box<Self>, py: Python<'_>, outcome: Outcome) -> PyResult<Finished> {
        self(py, outcome).map(Finished::Value)
    }
}

/// Runs a finisher; its panic is an `InternalError`.
pub fn run_finish(py: Python<'_>, finish: Box<dyn Finish>, outcome: Outcome) -> PyResult<Finished> {
    guarded(py, || finish.finish(py, outcome))
}

/// Completions handled in one turn of the loop, and how long that may take: other callbacks want to run.
const PER_TICK: usize = 64;
pub const TICK: Duration = Duration::from_millis(1);

enum Wake {
    Descriptor(OwnedFd),
    /// The loop has no `add_reader`: weak references to the loop and to its queue.
    Call(Py<PyWeakrefReference>, Mutex<Option<Py<PyWeakrefReference>>>),
}

#[derive(Default)]
struct Arrived {
    outcomes: VecDeque<(u64, Outcome)>,
    /// The loop has been told and has not yet seen the queue empty.
    told: bool,
    /// The loop looks here by itself before it waits, and is woken by `driver` while it drives.
    looks: bool,
}

/// The half of a queue that is pushed on, on any thread.
pub struct Inbox {
    arrived: Mutex<Arrived>,
    wake: Wake,
    driver: AtomicWaker,
    borrower: OnceLock<Borrower>,
    /// The bytes in which documents came last.
    last: AtomicUsize,
}

impl Inbox {
    /// Who could drive while the loop waits for this request. While a loop receives much, its other tasks wait.
    pub fn borrower(&self, request: &Request) -> Option<Borrower> {
        let borrower = self.borrower.get().copied()?;
        (!request.is_large(self.last.load(Ordering::Relaxed))).then_some(borrower)
    }

    pub fn is_empty(&self) -> bool {
        locked(&self.arrived).outcomes.is_empty()
    }

    /// The loop looks here by itself from now on; and says when it does not. Gives whether nothing is here.
    pub fn looks(&self, looks: bool) -> bool {
        let mut arrived = locked(&self.arrived);
        arrived.looks = looks;
        arrived.outcomes.is_empty()
    }

    /// Wakes the task of the driving loop when an outcome arrives.
    pub fn register(&self, context: &Context<'_>) {
        self.driver.register(context.waker());
    }

    pub fn push(self: &Arc<Self>, id: u64, outcome: Outcome) {
        let mut arrived = locked(&self.arrived);
        arrived.outcomes.push_back((id, outcome));
        if arrived.looks {
            drop(arrived);
            return self.driver.wake();
        }
        if std::mem::replace(&mut arrived.told, true) {
            return;
        }
        match &self.wake {
            // Still locked: it is readable exactly while the loop counts as told.
            // It cannot fail: the counter is far from its limit and the descriptor is ours.
            Wake::Descriptor(descriptor) => drop(rustix::io::write(descriptor, &1_u64.to_ne_bytes())),
            Wake::Call(..) => {
                let inbox = Arc::clone(self);
                // Waiting for the interpreter lock must not hold up other I/O.
                drop(std::thread::spawn(move || inbox.call()));
            }
        }
    }

    fn call(&self) {
        let Wake::Call(event_loop, queue) = &self.wake else { return };
        // None when the interpreter is shutting down.
        let _ = Python::try_attach(|py| {
            let queue = locked(queue).as_ref().and_then(|queue| queue.bind(py).upgrade());
            if let (Some(event_loop), Some(queue)) = (event_loop.bind(py).upgrade(), queue) {
                // A closed loop refuses; nobody awaits there any more.
                let _ = event_loop.call_method1("call_soon_threadsafe", (queue,));
            }
        });
    }
}

struct Waiting {
    answer: Py<Answer>,
    finish: Box<dyn Finish>,
}

/// One event loop's queue; calling it drains what has arrived.
#[pyclass(frozen, weakref, module = "data_bridge._core")]
pub struct LoopQueue {
    process: u32,
    event_loop: Py<PyWeakrefReference>,
    inbox: Arc<Inbox>,
    waiting: Mutex<HashMap<u64, Waiting>>,
    next: AtomicU64,
    pub turn: Arc<Turn>,
}

#[pymethods]
impl LoopQueue {
    /// Called by a loop whose selector does not end its turns, and for one that is closed.
    pub fn end_turn(&self) {
        self.turn.end();
    }

    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let started = Instant::now();
        // What tasks ask for in this turn is for the next, also where the answer is there at once.
        let arrived = locked(&self.inbox.arrived).outcomes.len();
        for _ in 0..arrived.min(PER_TICK) {
            let Some((id, outcome)) = self.pop() else { break };
            let waiting = locked(&self.waiting).remove(&id);
            if let Some(waiting) = waiting
                && let Err(error) = self.deliver(py, id, waiting, outcome)
            {
                self.rest(py)?;
                return Err(error);
            }
            if started.elapsed() > TICK {
                break;
            }
        }
        self.rest(py)
    }
}

impl LoopQueue {
    /// Whether a selector of ours ends the loop's turns.
    pub fn is_selected(&self) -> bool {
        self.inbox.borrower.get().is_some()
    }

    fn pop(&self) -> Option<(u64, Outcome)> {
        locked(&self.inbox.arrived).outcomes.pop_front()
    }

    /// For the next turn of the loop, which comes by itself.
    fn push_back(&self, id: u64, outcome: Outcome) {
        locked(&self.inbox.arrived).outcomes.push_back((id, outcome));
    }

    /// Goes to sleep when nothing is left. Until then the descriptor stays readable, or the selector looks, so that the loop
    /// calls again.
    fn rest(&self, py: Python<'_>) -> PyResult<()> {
        let mut arrived = locked(&self.inbox.arrived);
        if arrived.outcomes.is_empty() {
            let told = std::mem::replace(&mut arrived.told, false);
            if let Wake::Descriptor(descriptor) = &self.inbox.wake
                && told
            {
                let _ = rustix::io::read(descriptor, &mut [0; 8]);
            }
            return Ok(());
        }
        drop(arrived);
        if let Wake::Call(event_loop, queue) = &self.inbox.wake {
            let queue = locked(queue).as_ref().and_then(|queue| queue.bind(py).upgrade());
            if let (Some(event_loop), Some(queue)) = (event_loop.bind(py).upgrade(), queue) {
                event_loop.call_method1("call_soon", (queue,))?;
            }
        }
        Ok(())
    }

    /// What to await in this loop for an operation that `start` sets going with the number it is given.
    pub fn expect<'py>(
        &self,
        event_loop: &Bound<'py, PyAny>,
        finish: Box<dyn Finish>,
        start: impl FnOnce(u64, Arc<Inbox>) -> Result<(), Error>,
    ) -> PyResult<Bound<'py, Answer>> {
        let py = event_loop.py();
        let answer = Answer::new(event_loop)?;
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        locked(&self.waiting).insert(id, Waiting { answer: answer.clone().unbind(), finish });
        start(id, Arc::clone(&self.inbox)).map_err(|error| {
            locked(&self.waiting).remove(&id);
            errors::to_python(py, error)
        })?;
        Ok(answer)
    }

    /// Settles the answer, unless its task was cancelled: then the outcome is dropped.
    fn deliver(&self, py: Python<'_>, id: u64, waiting: Waiting, outcome: Outcome) -> PyResult<()> {
        let Waiting { answer, finish } = waiting;
        if let Some(bytes) = outcome.as_ref().ok().and_then(Reply::documents) {
            self.inbox.last.store(bytes, Ordering::Relaxed);
        }
        if answer.borrow(py).is_done() {
            return Ok(());
        }
        match run_finish(py, finish, outcome) {
            Ok(Finished::Value(value)) => Answer::settle(answer.bind(py), Ok(value)),
            Ok(Finished::Later(finish)) => {
                locked(&self.waiting).insert(id, Waiting { answer, finish });
                self.push_back(id, Ok(Reply::Done));
                Ok(())
            }
            Ok(Finished::Wait(client, request, finish)) => {
                locked(&self.waiting).insert(id, Waiting { answer, finish });
                let inbox = Arc::clone(&self.inbox);
                // Such answers are large: they are best read beside the decoding, by another thread.
                let started = runtime::start(&client, request, None, move |outcome| inbox.push(id, outcome));
                if let Err(error) = started {
                    self.push_back(id, Err(error));
                }
                Ok(())
            }
            Err(error) => Answer::settle(answer.bind(py), Err(error)),
        }
    }

    fn belongs_to(&self, event_loop: &Bound<'_, PyAny>) -> bool {
        let own = self.event_loop.bind(event_loop.py()).upgrade();
        self.process == std::process::id() && own.is_some_and(|own| own.is(event_loop))
    }
}

pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    static LAST: RefCell<Option<Py<LoopQueue>>> = const { RefCell::new(None) };
}

/// The running loop and its queue.
pub fn current<'py>(py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, LoopQueue>)> {
    static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let running = RUNNING_LOOP.import(py, "asyncio", "get_running_loop")?;
    let event_loop = running.call0().map_err(|_| {
        PyRuntimeError::new_err("no event loop is running here: await inside a coroutine, or call .run_sync()")
    })?;
    let last = LAST.with_borrow(|last| last.as_ref().map(|queue| queue.clone_ref(py)));
    if let Some(queue) = last.filter(|queue| queue.get().belongs_to(&event_loop)) {
        return Ok((event_loop, queue.into_bound(py)));
    }
    let queue = registered(&event_loop)?;
    LAST.set(Some(queue.clone().unbind()));
    Ok((event_loop, queue))
}

/// The loop's queue from the registry (weak in its keys), made on first use.
fn registered<'py>(event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, LoopQueue>> {
    static REGISTRY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = event_loop.py();
    let make = || PyResult::Ok(py.import("weakref")?.getattr("WeakKeyDictionary")?.call0()?.unbind());
    let registry = REGISTRY.get_or_try_init(py, make)?.bind(py);
    let found = registry.call_method1("get", (event_loop,))?;
    if let Ok(queue) = found.cast_into::<LoopQueue>()
        && queue.get().belongs_to(event_loop)
    {
        return Ok(queue);
    }
    sweep(registry)?;
    let queue = create(event_loop)?;
    registry.set_item(event_loop, &queue)?;
    Ok(queue)
}

/// Forgets the queues of closed loops: futures that will never be set would keep those loops alive.
fn sweep(registry: &Bound<'_, PyAny>) -> PyResult<()> {
    let entries = PyDict::new(registry.py());
    entries.call_method1("update", (registry,))?;
    for (event_loop, queue) in entries {
        if event_loop.call_method0("is_closed")?.is_truthy()? {
            registry.call_method1("pop", (event_loop, registry.py().None()))?;
            if let Ok(queue) = queue.cast::<LoopQueue>() {
                let waiting = std::mem::take(&mut *locked(&queue.get().waiting));
                drop(waiting);
                queue.get().end_turn();
            }
        }
    }
    Ok(())
}

fn create<'py>(event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, LoopQueue>> {
    let py = event_loop.py();
    let weak = PyWeakrefReference::new(event_loop)?.unbind();
    let descriptor = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)
        .map_err(|error| PyRuntimeError::new_err(format!("no eventfd could be made: {error}")))?;
    let number = descriptor.as_raw_fd();
    let queue = build(py, weak.clone_ref(py), Wake::Descriptor(descriptor))?;
    match event_loop.call_method1("add_reader", (number, &queue)) {
        Ok(_) => {
            // Whatever is odd about the loop's selector, the eventfd and a callback at the end of a turn are enough.
            if let Ok(Some(borrower)) = selector::install(event_loop, number, &queue.get().inbox, &queue.get().turn) {
                // It is the first: the queue is new.
                let _ = queue.get().inbox.borrower.set(borrower);
            }
            Ok(queue)
        }
        Err(error) if error.is_instance_of::<pyo3::exceptions::PyNotImplementedError>(py) => {
            let queue = build(py, weak.clone_ref(py), Wake::Call(weak, Mutex::new(None)))?;
            if let Wake::Call(_, own) = &queue.get().inbox.wake {
                *locked(own) = Some(PyWeakrefReference::new(queue.as_any())?.unbind());
            }
            Ok(queue)
        }
        Err(error) => Err(error),
    }
}

fn build(py: Python<'_>, event_loop: Py<PyWeakrefReference>, wake: Wake) -> PyResult<Bound<'_, LoopQueue>> {
    let queue = LoopQueue {
        process: std::process::id(),
        event_loop,
        inbox: Arc::new(Inbox {
            arrived: Mutex::default(),
            wake,
            driver: AtomicWaker::new(),
            borrower: OnceLock::new(),
            last: AtomicUsize::default(),
        }),
        waiting: Mutex::default(),
        next: AtomicU64::new(0),
        turn: Arc::default(),
    };
    Bound::new(py, queue)
}
