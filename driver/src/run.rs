//! Walks a physical plan.

use bson::{RawDocument, RawDocumentBuf, rawdoc};
use data_bridge_compiler::physical::{Answer, PhysicalPlan, Step, StepKind};

use crate::batch::{merge, single, write_concern};
use crate::client::Connected;
use crate::cursor::{Cursor, State};
use crate::error::{BulkWrite, Error, Result};
use crate::raw;
use crate::request::{Reply, RunOptions, Written};

impl Connected {
    pub(crate) async fn run(&self, plan: PhysicalPlan, options: &RunOptions) -> Result<Reply> {
        let mut plan = self.fed(plan, options).await?;
        let Some(last) = plan.steps.pop() else { return Ok(empty(plan.answer)) };
        for step in plan.steps {
            self.step(step, options).await?;
        }
        let StepKind::Cursor { batch_size } = last.kind else {
            let reply = self.step(last, options).await?;
            return Ok(answer(plan.answer, reply));
        };
        let whole = plan.answer == Answer::Documents;
        let command = if whole { in_large_batches(last.command)? } else { last.command };
        let cursor = self.open(last.database.as_deref(), command, batch_size.or(Some(BATCH)), options).await?;
        if whole {
            let batch = cursor.first().await?;
            let ended = batch.as_deref().is_none_or(raw::is_last_batch);
            return Ok(Reply::Documents { batch, rest: (!ended).then_some(cursor) });
        }
        // A first batch may be empty and the cursor still open.
        while let Some(batch) = cursor.next().await? {
            if raw::batch(&batch).next().is_some() {
                return Ok(answer_of_batch(plan.answer, Some(batch)));
            }
        }
        Ok(answer_of_batch(plan.answer, None))
    }

    pub(crate) async fn open_cursor(&self, plan: PhysicalPlan, options: &RunOptions) -> Result<Cursor> {
        let mut plan = self.fed(plan, options).await?;
        let Some(last) = plan.steps.pop() else { return Ok(Cursor::new(State::Empty)) };
        for step in plan.steps {
            self.step(step, options).await?;
        }
        let batch_size = match last.kind {
            StepKind::Cursor { batch_size } => batch_size,
            StepKind::Read | StepKind::Write { .. } => None,
        };
        self.open(last.database.as_deref(), last.command, batch_size.or(Some(BATCH)), options).await
    }

    async fn step(&self, step: Step, options: &RunOptions) -> Result<RawDocumentBuf> {
        let database = step.database.as_deref();
        match step.kind {
            StepKind::Cursor { batch_size } => {
                let cursor = self.open(database, step.command, batch_size, options).await?;
                Ok(cursor.next().await?.unwrap_or_default())
            }
            StepKind::Read => self.read(database, step.command, options).await,
            StepKind::Write { retryable } => self.write_checked(database, step.command, retryable, options).await,
        }
    }

    /// A write whose refused statements are errors.
    pub(crate) async fn write_checked(
        &self,
        database: Option<&str>,
        command: RawDocumentBuf,
        retryable: bool,
        options: &RunOptions,
    ) -> Result<RawDocumentBuf> {
        let statements = statements(&command);
        let reply = self.write(database, command, retryable, options).await?;
        check(&reply, statements)?;
        Ok(reply)
    }
}

fn statements(command: &RawDocument) -> usize {
    let list = ["documents", "updates", "deletes"].iter().find_map(|key| command.get_array(*key).ok());
    list.map_or(1, |list| list.into_iter().take(2).count())
}

fn check(reply: &RawDocument, statements: usize) -> Result<()> {
    let mut outcome = BulkWrite { inserted: 0, failures: Vec::new(), write_concern_error: None };
    merge(&mut outcome, reply, 0);
    if statements == 1
        && let Some(failure) = outcome.failures.pop()
    {
        return Err(single(failure));
    }
    if !outcome.failures.is_empty() {
        return Err(Error::BulkWrite(Box::new(outcome)));
    }
    outcome.write_concern_error.map_or(Ok(()), |error| Err(write_concern(&error)))
}

fn empty(answer: Answer) -> Reply {
    match answer {
        Answer::Documents | Answer::First => Reply::Documents { batch: None, rest: None },
        Answer::Count => Reply::Count(0),
        Answer::Exists => Reply::Exists(false),
        Answer::Distinct | Answer::Value => Reply::Document(None),
        Answer::Write => Reply::Written(Written::default()),
        Answer::Nothing => Reply::Done,
    }
}

fn answer(answer: Answer, reply: RawDocumentBuf) -> Reply {
    match answer {
        Answer::Documents | Answer::First => Reply::Documents { batch: Some(reply), rest: None },
        Answer::Count => Reply::Count(unsigned(&reply, "n")),
        Answer::Exists => Reply::Exists(unsigned(&reply, "n") > 0),
        Answer::Distinct | Answer::Value => Reply::Document(Some(reply)),
        Answer::Write => Reply::Written(written(&reply)),
        Answer::Nothing => Reply::Done,
    }
}

fn answer_of_batch(answer: Answer, batch: Option<RawDocumentBuf>) -> Reply {
    let first = || batch.as_deref().and_then(|reply| raw::batch(reply).next());
    match answer {
        Answer::Count => Reply::Count(first().map_or(0, |document| unsigned(document, "n"))),
        Answer::Exists => Reply::Exists(first().is_some()),
        Answer::Distinct | Answer::Value => Reply::Document(first().map(RawDocument::to_owned)),
        Answer::Write => Reply::Written(Written::default()),
        Answer::Nothing => Reply::Done,
        Answer::Documents | Answer::First => Reply::Documents { batch, rest: None },
    }
}

/// Documents in a batch, where the caller does not say: some megabytes of usual documents, so that one batch is decoded
/// while the next is on the wire. A batch never has more than 16 MiB.
pub(crate) const BATCH: u32 = 10_000;

/// The command with a first batch as large as the others, for a reader of every document: the server's own first batch
/// has 101 and costs a second round trip.
pub(crate) fn in_large_batches(mut command: RawDocumentBuf) -> Result<RawDocumentBuf> {
    if raw::has(&command, "find") {
        if !raw::has(&command, "batchSize") {
            command.append(bson::cstr!("batchSize"), i64::from(BATCH));
        }
        return Ok(command);
    }
    if command.get_document("cursor").is_ok_and(|cursor| !cursor.is_empty()) {
        return Ok(command);
    }
    let mut rebuilt = RawDocumentBuf::new();
    for element in command.iter() {
        match element? {
            (key, _) if key == "cursor" => rebuilt.append(key, rawdoc! { "batchSize": i64::from(BATCH) }),
            (key, value) => rebuilt.append(key, value),
        }
    }
    Ok(rebuilt)
}

pub(crate) fn written(reply: &RawDocument) -> Written {
    let upserted = reply.get_array("upserted").ok();
    let upserted = upserted.into_iter().flatten().filter_map(|item| {
        let document = item.ok()?.as_document()?;
        Some(document.get("_id").ok().flatten()?.into())
    });
    Written { n: unsigned(reply, "n"), modified: unsigned(reply, "nModified"), upserted: upserted.collect() }
}

fn unsigned(document: &RawDocument, key: &str) -> u64 {
    raw::integer(document, key).and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
}
