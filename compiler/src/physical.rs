//! Commands as raw BSON, and how their answers are put together.

use bson::RawDocumentBuf;

/// What the driver runs. A plan without steps sends nothing; its answer is the empty one.
#[derive(Debug, Clone, PartialEq)]
pub struct PhysicalPlan {
    pub steps: Vec<Step>,
    pub answer: Answer,
}

/// One command. `database` is the client's default database when absent.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub database: Option<String>,
    pub command: RawDocumentBuf,
    pub kind: StepKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    Cursor { batch_size: Option<u32> },
    Read,
    Write { retryable: bool },
}

/// How the last step's reply becomes the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Documents,
    First,
    /// `n` of a count reply, or the first document's `n` of a cursor reply; 0 when there is none.
    Count,
    Exists,
    Distinct,
    /// The `value` of a findAndModify reply.
    Value,
    Write,
    Nothing,
}
