//! What can be asked of the driver, and what comes back.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use bson::{RawBson, RawDocument, RawDocumentBuf};
use data_bridge_compiler::Requirement;
use data_bridge_compiler::physical::{Answer, PhysicalPlan};
use mongodb::raw_batch_cursor::RawBatch;

use crate::batch::Batch;
use crate::cursor::Cursor;
use crate::session::Session;
use crate::topology::Topology;

/// How a request is run, apart from what it says.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    pub session: Option<Session>,
    /// The mode of a read preference, such as `secondaryPreferred`; the client's own when absent.
    pub read_preference: Option<String>,
    /// What the server must have; checked before anything is sent.
    pub requires: Vec<Requirement>,
    pub course: Course,
}

/// What became of a plan that reads ids first, told while it runs.
#[derive(Debug, Clone, Default)]
pub struct Course(Arc<Mutex<Fed>>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fed {
    /// How many ids each feed found; none for one that was not read.
    pub ids: Vec<Option<usize>>,
    /// One found too many, so that the plan was run the other way.
    pub fell_back: bool,
}

impl Course {
    pub(crate) fn tell(&self, fed: Fed) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = fed;
    }

    pub fn so_far(&self) -> Fed {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The commands of a plan with the ids in their holes.
#[derive(Debug, Clone)]
pub struct Filled {
    /// Those of the feeds that were read.
    pub feeds: Vec<RawDocumentBuf>,
    /// What remains to be run.
    pub plan: PhysicalPlan,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionAction {
    StartTransaction,
    Commit,
    Abort,
}

#[derive(Debug, Clone)]
pub enum Request {
    /// Walks the plan and answers as its `answer` says.
    Run {
        plan: PhysicalPlan,
        options: RunOptions,
    },
    /// Runs all steps but opens the last as a cursor, for streaming.
    OpenCursor {
        plan: PhysicalPlan,
        options: RunOptions,
    },
    /// Reads the ids that a plan asks for first, and nothing else: its answer is the commands as they would be sent.
    Fill {
        plan: PhysicalPlan,
        options: RunOptions,
    },
    NextBatch(Cursor),
    CloseCursor(Cursor),
    Batch {
        batch: Batch,
        options: RunOptions,
    },
    /// One command as it stands; its whole reply is the answer. A write's refused statements are errors.
    Command {
        database: Option<String>,
        command: RawDocumentBuf,
        write: bool,
        options: RunOptions,
    },
    Ping,
    Topology,
    StartSession {
        causal_consistency: bool,
        snapshot: bool,
    },
    Session(Session, SessionAction),
    Close,
}

/// Bytes that are sent or received in well below a millisecond.
const SMALL: usize = 1024 * 1024;

impl Request {
    /// Whether sending it takes a while, or receiving its answer, if documents come in as many bytes as they `last` did.
    pub fn is_large(&self, last: usize) -> bool {
        let bytes = match self {
            Self::Run { plan, .. } if plan.answer == Answer::Documents => last,
            Self::OpenCursor { .. } | Self::NextBatch(_) => last,
            Self::Batch { batch, .. } => batch.statements.size(),
            _ => 0,
        };
        bytes > SMALL
    }
}

/// What writes did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Written {
    /// Inserted, matched (and upserted), or deleted.
    pub n: u64,
    pub modified: u64,
    /// The `_id` of each document an upsert made.
    pub upserted: Vec<RawBson>,
}

/// A whole reply of a cursor. One that came in a batch stays the driver's, which gives no more than a look at it.
#[derive(Debug, Clone)]
pub enum Page {
    Own(RawDocumentBuf),
    Received(RawBatch),
}

impl Deref for Page {
    type Target = RawDocument;

    fn deref(&self) -> &RawDocument {
        match self {
            Self::Own(reply) => reply,
            Self::Received(batch) => batch.as_raw_document(),
        }
    }
}

#[derive(Debug, Clone)]
pub enum Reply {
    /// The first whole reply of a cursor, with `cursor.firstBatch` (`Documents`, `First`), and the cursor where there is
    /// more; no reply when the plan had no step.
    Documents {
        batch: Option<Page>,
        rest: Option<Cursor>,
    },
    Count(u64),
    Exists(bool),
    /// The whole reply of `distinct` (under `values`), of findAndModify (under `value`) or of a command; none when the
    /// plan had no step.
    Document(Option<RawDocumentBuf>),
    Written(Written),
    Cursor(Cursor),
    Filled(Filled),
    /// The next whole reply of a cursor; none at its end.
    Batch(Option<Page>),
    Session(Session),
    Topology(Topology),
    Done,
}

impl Reply {
    /// The bytes in which documents came.
    pub fn documents(&self) -> Option<usize> {
        match self {
            Self::Documents { batch: Some(batch), .. } | Self::Batch(Some(batch)) => Some(batch.as_bytes().len()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Kind;
    use crate::statements::Statements;

    fn insert(bytes: usize) -> Request {
        let batch = Batch {
            kind: Kind::Insert,
            database: None,
            collection: "c".into(),
            statements: Statements::of([vec![0; bytes].as_slice(); 2].into_iter()),
            ordered: true,
        };
        Request::Batch { batch, options: RunOptions::default() }
    }

    fn read(answer: Answer) -> Request {
        Request::Run { plan: PhysicalPlan::of(Vec::new(), answer), options: RunOptions::default() }
    }

    #[test]
    fn what_is_sent_is_large_by_itself() {
        assert!(!insert(SMALL / 2).is_large(usize::MAX));
        assert!(insert(SMALL / 2 + 1).is_large(0));
    }

    #[test]
    fn documents_are_taken_to_be_as_large_as_the_last() {
        assert!(read(Answer::Documents).is_large(SMALL + 1));
        assert!(!read(Answer::Documents).is_large(SMALL));
        for answer in [Answer::First, Answer::Count, Answer::Exists, Answer::Write] {
            assert!(!read(answer).is_large(usize::MAX));
        }
        assert!(!Request::Ping.is_large(usize::MAX));
    }
}
