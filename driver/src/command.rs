//! One command: concerns, sessions, the retry.

use bson::{RawDocument, RawDocumentBuf};
use mongodb::ClientSession;
use mongodb::options::{RunCommandOptions, RunCursorCommandOptions, SelectionCriteria};

use crate::client::Connected;
use crate::cursor::{Cursor, State};
use crate::error::{Error, Result, is_network, read_retryable, write_retryable};
use crate::raw;
use crate::request::RunOptions;
use crate::session::Held;

const READS: [&str; 4] = ["find", "aggregate", "count", "distinct"];
const WRITES: [&str; 5] = ["insert", "update", "delete", "findAndModify", "bulkWrite"];

impl Connected {
    pub(crate) async fn read(
        &self,
        database: Option<&str>,
        command: RawDocumentBuf,
        options: &RunOptions,
    ) -> Result<RawDocumentBuf> {
        let mut held = lock(options).await;
        let command = self.with_read_concern(command, held.as_deref())?;
        let selection = self.selection(options, held.as_deref())?;
        let database = self.database(database);
        let mut retries = self.reads_retried(held.as_deref());
        loop {
            let settings = RunCommandOptions::builder().selection_criteria(selection.clone()).build();
            let mut call = database.run_raw_command(command.clone()).with_options(settings);
            if let Some(held) = held.as_deref_mut() {
                call = call.session(&mut held.session);
            }
            match call.await {
                Ok(reply) => return raw::encode(&reply),
                Err(error) if retries > 0 && read_retryable(&error) => retries -= 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(crate) async fn open(
        &self,
        database: Option<&str>,
        command: RawDocumentBuf,
        batch_size: Option<u32>,
        options: &RunOptions,
    ) -> Result<Cursor> {
        let mut held = lock(options).await;
        let writes = writes_out(&command);
        let mut command = self.with_read_concern(command, held.as_deref())?;
        if writes {
            self.add_write_concern(&mut command, held.as_deref());
        }
        let database = self.database(database);
        let selection = if writes { None } else { self.selection(options, held.as_deref())? };
        let settings = RunCursorCommandOptions::builder().selection_criteria(selection).batch_size(batch_size).build();
        let mut retries = if writes { 0 } else { self.reads_retried(held.as_deref()) };
        loop {
            let call = database.run_raw_cursor_command(command.clone()).with_options(settings.clone());
            let opened = match (held.as_deref_mut(), &options.session) {
                (Some(held), Some(session)) => {
                    let cursor = call.session(&mut held.session).batch().await;
                    cursor.map(|cursor| State::InSession(Box::new(cursor), session.clone()))
                }
                _ => call.batch().await.map(|cursor| State::Plain(Box::new(cursor))),
            };
            match opened {
                Ok(state) => return Ok(Cursor::new(state)),
                Err(error) if retries > 0 && read_retryable(&error) => retries -= 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The reply, with its write errors still inside. Whether the command is `retryable` is asked only where it matters: to
    /// look through many statements takes a while.
    pub(crate) async fn write(
        &self,
        database: Option<&str>,
        command: RawDocumentBuf,
        retryable: impl FnOnce(&RawDocument) -> bool,
        options: &RunOptions,
    ) -> Result<RawDocumentBuf> {
        let mut held = lock(options).await;
        let in_transaction = held.as_deref().is_some_and(|held| held.in_transaction);
        let mut command = command;
        if is_one_of(&command, &WRITES) {
            self.add_write_concern(&mut command, held.as_deref());
        }
        let database = self.database(database);
        let retried = self.retry_writes && !in_transaction && self.topology().await?.retryable_writes();
        let retryable = retried && retryable(&command);
        if let Some(held) = held.as_deref_mut() {
            if !retryable {
                return raw::encode(&database.run_raw_command(command).session(&mut held.session).await?);
            }
            let number = held.next_number().await?;
            return write_twice(&database, command, number, &mut held.session).await.0;
        }
        if !retryable {
            return raw::encode(&database.run_raw_command(command).await?);
        }
        let (mut pooled, number) = self.pool.take(&self.client).await?;
        let (reply, connected) = write_twice(&database, command, number, &mut pooled.session).await;
        // After a network error the server may still be busy with the session; dropped, the crate gives it up.
        if connected {
            self.pool.put_back(pooled);
        }
        reply
    }

    /// The concern of the connection string, where the command has none of its own.
    fn add_write_concern(&self, command: &mut RawDocumentBuf, held: Option<&Held>) {
        if let Some(concern) = &self.write_concern
            && !held.is_some_and(|held| held.in_transaction)
            && !raw::has(command, "writeConcern")
        {
            command.append(bson::cstr!("writeConcern"), concern.clone());
        }
    }

    fn reads_retried(&self, held: Option<&Held>) -> u32 {
        u32::from(self.retry_reads && !held.is_some_and(|held| held.in_transaction))
    }

    fn database(&self, name: Option<&str>) -> mongodb::Database {
        self.client.database(name.unwrap_or(&self.default_database))
    }

    fn selection(&self, options: &RunOptions, held: Option<&Held>) -> Result<Option<SelectionCriteria>> {
        if held.is_some_and(|held| held.in_transaction) {
            return Ok(None);
        }
        let Some(mode) = &options.read_preference else { return Ok(self.selection.clone()) };
        let preference = read_preference(mode)?;
        Ok(Some(SelectionCriteria::ReadPreference(preference)))
    }

    /// The concern of the connection string, and the time after which a causally consistent session must read.
    fn with_read_concern(&self, mut command: RawDocumentBuf, held: Option<&Held>) -> Result<RawDocumentBuf> {
        if held.is_some_and(|held| held.in_transaction) || !is_one_of(&command, &READS) {
            return Ok(command);
        }
        let after = held.filter(|held| held.causal).and_then(|held| held.session.operation_time());
        if after.is_none() && self.read_concern.is_none() {
            return Ok(command);
        }
        let given = command.get_document("readConcern").ok().map(RawDocument::to_owned);
        let present = given.is_some();
        let concern = given.or_else(|| self.read_concern.clone());
        let Some(after) = after else {
            if let (Some(concern), false) = (concern, present) {
                command.append(bson::cstr!("readConcern"), concern);
            }
            return Ok(command);
        };
        let mut concern = concern.unwrap_or_default();
        concern.append(bson::cstr!("afterClusterTime"), after);
        let mut rebuilt = RawDocumentBuf::new();
        for element in command.iter().filter(|element| !matches!(element, Ok((key, _)) if *key == "readConcern")) {
            let (key, value) = element?;
            rebuilt.append(key, value);
        }
        rebuilt.append(bson::cstr!("readConcern"), concern);
        Ok(rebuilt)
    }
}

async fn lock(options: &RunOptions) -> Option<tokio::sync::MutexGuard<'_, Held>> {
    match &options.session {
        Some(session) => Some(session.lock().await),
        None => None,
    }
}

/// Sends a numbered write, and once more when it is not known to have been applied. Also says whether no connection was
/// lost meanwhile.
async fn write_twice(
    database: &mongodb::Database,
    mut command: RawDocumentBuf,
    number: i64,
    session: &mut ClientSession,
) -> (Result<RawDocumentBuf>, bool) {
    command.append(bson::cstr!("txnNumber"), number);
    let first = match database.run_raw_command(command.clone()).session(&mut *session).await {
        Ok(reply) => {
            let reply = raw::encode(&reply);
            if !reply.as_ref().is_ok_and(|reply| retry_asked(reply)) {
                return (reply, true);
            }
            None
        }
        Err(error) if write_retryable(&error) => Some(error),
        Err(error) => {
            let connected = !is_network(&error);
            return (Err(error.into()), connected);
        }
    };
    let connected = !first.as_ref().is_some_and(is_network);
    match database.run_raw_command(command).session(session).await {
        Ok(reply) => (raw::encode(&reply), connected),
        Err(second) => {
            let connected = connected && !is_network(&second);
            let nothing_new = second.contains_label(mongodb::error::NO_WRITES_PERFORMED);
            (Err(first.filter(|_| nothing_new).unwrap_or(second).into()), connected)
        }
    }
}

/// A reply that says `ok` and still asks for a retry: its write concern failed while the primary stepped down.
fn retry_asked(reply: &RawDocument) -> bool {
    let labels = reply.get_array("errorLabels").ok();
    labels
        .into_iter()
        .flatten()
        .any(|label| label.is_ok_and(|label| label.as_str() == Some(mongodb::error::RETRYABLE_WRITE_ERROR)))
}

fn is_one_of(command: &RawDocument, names: &[&str]) -> bool {
    let first = command.iter().next().and_then(|element| element.ok());
    first.is_some_and(|(key, _)| names.contains(&key.as_str()))
}

/// A pipeline that ends in `$out` or `$merge`: it goes to the primary, and once only.
fn writes_out(command: &RawDocument) -> bool {
    if !is_one_of(command, &["aggregate"]) {
        return false;
    }
    let last = command.get_array("pipeline").ok().and_then(|stages| stages.into_iter().last()?.ok());
    let stage = last.and_then(|stage| stage.as_document()?.iter().next()?.ok());
    stage.is_some_and(|(name, _)| name == "$out" || name == "$merge")
}

fn read_preference(mode: &str) -> Result<mongodb::options::ReadPreference> {
    let document = bson::doc! { "mode": mode };
    bson::deserialize_from_document(document).map_err(|_| {
        Error::InvalidArgument(format!(
            "{mode:?} is not a read preference; there are primary, primaryPreferred, secondary, secondaryPreferred, nearest"
        ))
    })
}

/// Whether the server accepts a transaction number on this write: every statement touches at most one document.
pub(crate) fn is_retryable(command: &RawDocument) -> bool {
    let Some(Ok((name, _))) = command.iter().next() else { return false };
    let every = |list: &str, single: &dyn Fn(&RawDocument) -> bool| {
        let statements = command.get_array(list).ok();
        statements.into_iter().flatten().all(|item| item.ok().and_then(|item| item.as_document()).is_some_and(single))
    };
    match name.as_str() {
        "insert" | "findAndModify" => true,
        "update" => every("updates", &|statement| !statement.get_bool("multi").unwrap_or(false)),
        "delete" => every("deletes", &|statement| raw::integer(statement, "limit") == Some(1)),
        _ => false,
    }
}
