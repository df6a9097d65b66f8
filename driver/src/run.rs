//! Walks a physical plan.

use bson::{RawArrayBuf, RawDocument, RawDocumentBuf, rawdoc};
use data_bridge_compiler::physical::{Answer, PhysicalPlan, Step, StepKind};

use crate::batch::{merge, single, write_concern};
use crate::client::Connected;
use crate::cursor::{Cursor, State};
use crate::error::{BulkWrite, Error, Result};
use crate::raw;
use crate::request::{Page, Reply, RunOptions, Written};

impl Connected {
    pub(crate) async fn run(&self, plan: PhysicalPlan, options: &RunOptions) -> Result<Reply> {
        let plan = self.fed(plan, options).await?;
        if plan.answer == Answer::Documents {
            return self.documents(plan, options).await;
        }
        let mut whole = empty(plan.answer);
        for step in plan.steps {
            whole = together(whole, self.part(step, plan.answer, options).await?)?;
            if is_enough(&whole, plan.answer) {
                break;
            }
        }
        Ok(whole)
    }

    async fn documents(&self, mut plan: PhysicalPlan, options: &RunOptions) -> Result<Reply> {
        for step in plan.steps.iter_mut().filter(|step| matches!(step.kind, StepKind::Cursor { .. })) {
            step.command = in_large_batches(std::mem::take(&mut step.command))?;
        }
        let mut steps = plan.steps.into_iter();
        let Some(first) = steps.next() else { return Ok(empty(plan.answer)) };
        let cursor = self.open_step(first, options).await?.followed_by(steps, options);
        let batch = cursor.first().await?;
        let ended = match &batch {
            Some(batch) => cursor.ends_with(batch).await,
            None => true,
        };
        Ok(Reply::Documents { batch, rest: (!ended).then_some(cursor) })
    }

    /// What one command gives.
    async fn part(&self, step: Step, answer: Answer, options: &RunOptions) -> Result<Reply> {
        let StepKind::Cursor { .. } = step.kind else {
            return Ok(self::answer(answer, self.step(step, options).await?));
        };
        let cursor = self.open_step(step, options).await?;
        // A first batch may be empty and the cursor still open.
        while let Some(batch) = cursor.next().await? {
            if raw::batch(&batch).next().is_some() {
                return Ok(answer_of_batch(answer, Some(batch)));
            }
        }
        Ok(answer_of_batch(answer, None))
    }

    pub(crate) async fn open_cursor(&self, plan: PhysicalPlan, options: &RunOptions) -> Result<Cursor> {
        let mut steps = self.fed(plan, options).await?.steps.into_iter();
        match steps.next() {
            Some(first) => Ok(self.open_step(first, options).await?.followed_by(steps, options)),
            None => Ok(Cursor::new(State::Empty)),
        }
    }

    pub(crate) async fn open_step(&self, step: Step, options: &RunOptions) -> Result<Cursor> {
        let batch_size = match step.kind {
            StepKind::Cursor { batch_size } => batch_size,
            StepKind::Read | StepKind::Write { .. } => None,
        };
        self.open(step.database.as_deref(), step.command, batch_size.or(Some(BATCH)), options).await
    }

    async fn step(&self, step: Step, options: &RunOptions) -> Result<RawDocumentBuf> {
        let database = step.database.as_deref();
        match step.kind {
            StepKind::Cursor { batch_size } => {
                let cursor = self.open(database, step.command, batch_size, options).await?;
                Ok(cursor.next().await?.map(|reply| RawDocument::to_owned(&reply)).unwrap_or_default())
            }
            StepKind::Read => self.read(database, step.command, options).await,
            StepKind::Write { retryable } => self.write_checked(database, step.command, |_| retryable, options).await,
        }
    }

    /// A write whose refused statements are errors.
    pub(crate) async fn write_checked(
        &self,
        database: Option<&str>,
        command: RawDocumentBuf,
        retryable: impl FnOnce(&RawDocument) -> bool,
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

/// The answer of what was asked so far and of one part more.
fn together(before: Reply, part: Reply) -> Result<Reply> {
    Ok(match (before, part) {
        (Reply::Count(before), Reply::Count(more)) => Reply::Count(before + more),
        (Reply::Written(mut before), Reply::Written(more)) => {
            before.n += more.n;
            before.modified += more.modified;
            before.upserted.extend(more.upserted);
            Reply::Written(before)
        }
        (Reply::Document(Some(before)), Reply::Document(Some(more))) => {
            let mut values = RawArrayBuf::new();
            for reply in [&before, &more] {
                for value in reply.get_array("values")? {
                    values.push(value?);
                }
            }
            Reply::Document(Some(rawdoc! { "values": values }))
        }
        (before @ Reply::Document(Some(_)), Reply::Document(None)) => before,
        (_, part) => part,
    })
}

/// Whether no further part can change the answer.
fn is_enough(whole: &Reply, answer: Answer) -> bool {
    match whole {
        Reply::Exists(found) => *found,
        Reply::Documents { batch, .. } => {
            answer == Answer::First && batch.as_deref().is_some_and(|reply| raw::batch(reply).next().is_some())
        }
        _ => false,
    }
}

fn answer(answer: Answer, reply: RawDocumentBuf) -> Reply {
    match answer {
        Answer::Documents | Answer::First => Reply::Documents { batch: Some(Page::Own(reply)), rest: None },
        Answer::Count => Reply::Count(unsigned(&reply, "n")),
        Answer::Exists => Reply::Exists(unsigned(&reply, "n") > 0),
        Answer::Distinct | Answer::Value => Reply::Document(Some(reply)),
        Answer::Write => Reply::Written(written(&reply)),
        Answer::Nothing => Reply::Done,
    }
}

fn answer_of_batch(answer: Answer, batch: Option<Page>) -> Reply {
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
