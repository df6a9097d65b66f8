//! Physical plans: what is sent, and how the answers are put together.

/// Commands as raw BSON, and how their answers are put together.
///
/// A plan without steps sends nothing: its answer is the empty one.
#[derive(Debug, Clone, PartialEq)]
pub struct PhysicalPlan {
    pub steps: Vec<Step>,
    pub answer: Answer,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// None: the connection's database.
    pub database: Option<String>,
    pub command: bson::RawDocumentBuf,
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
    /// The first document, if any.
    First,
    Count,
    Exists,
    Distinct,
    /// A find-and-modify's document, if any.
    Value,
    Write,
    Nothing,
}
