//! Reads what a plan needs first, and fills the holes of its commands with it.

use std::collections::HashSet;

use bson::{RawArrayBuf, RawBson, RawBsonRef, RawDocument, RawDocumentBuf, rawdoc};
use data_bridge_compiler::physical::{FeedStep, Hole, MOST_BYTES, PhysicalPlan};
use futures_util::future::try_join_all;

use crate::client::Connected;
use crate::error::{Error, Result};
use crate::raw;
use crate::request::{Fed, Filled, RunOptions};
use crate::run::{BATCH, in_large_batches};

/// The ids of each feed that was read.
type Found = Vec<Option<Vec<RawBson>>>;

/// What a feed found; of too many, those that were seen.
struct Ids {
    ids: Vec<RawBson>,
    too_many: bool,
}

impl Connected {
    /// The plan without feeds: its holes are filled, or it is the one to be run where there are too many ids.
    pub(crate) async fn fed(&self, mut plan: PhysicalPlan, options: &RunOptions) -> Result<PhysicalPlan> {
        if plan.feeds.is_empty() {
            return Ok(plan);
        }
        let feeds = std::mem::take(&mut plan.feeds);
        Ok(self.read_feeds(&feeds, plan, options).await?.0)
    }

    /// The commands as they would be sent: only those of the feeds are run.
    pub(crate) async fn filled(&self, mut plan: PhysicalPlan, options: &RunOptions) -> Result<Filled> {
        let feeds = std::mem::take(&mut plan.feeds);
        let (plan, found) = self.read_feeds(&feeds, plan, options).await?;
        let read = feeds.iter().zip(&found).filter(|(_, ids)| ids.is_some());
        let feeds = read.map(|(feed, _)| filled(&feed.command, &found)).collect::<Result<_>>()?;
        Ok(Filled { feeds, plan })
    }

    async fn read_feeds(
        &self,
        feeds: &[FeedStep],
        mut plan: PhysicalPlan,
        options: &RunOptions,
    ) -> Result<(PhysicalPlan, Found)> {
        let mut found: Found = vec![None; feeds.len()];
        let mut course = Fed { ids: vec![None; feeds.len()], fell_back: false };
        // Those that wait for nothing that is still to be read are read together; a session takes one at a time.
        while found.iter().any(Option::is_none) {
            let known = |feed: usize| found.get(feed).is_some_and(Option::is_some);
            let mut ready: Vec<usize> = (0..feeds.len())
                .filter(|at| found[*at].is_none() && needs(&feeds[*at].command).into_iter().all(known))
                .collect();
            if options.session.is_some() {
                ready.truncate(1);
            }
            if ready.is_empty() {
                return Err(Error::Internal("the steps of a plan wait for one another".into()));
            }
            let read = try_join_all(ready.iter().map(|at| self.feed(&feeds[*at], &found, options))).await?;
            for (at, Ids { ids, too_many }) in ready.into_iter().zip(read) {
                course.ids[at] = Some(ids.len());
                course.fell_back |= too_many;
                found[at] = Some(ids);
            }
            options.course.tell(course.clone());
            if course.fell_back {
                let otherwise = plan.otherwise.map(|plan| *plan);
                let otherwise = otherwise.ok_or_else(|| Error::Internal("too many ids, and no other way".into()))?;
                return Ok((otherwise, found));
            }
        }
        for step in &mut plan.steps {
            step.command = filled(&step.command, &found)?;
            check_length(&step.command, &found)?;
        }
        Ok((plan, found))
    }

    /// The distinct ids of a feed, in the order they are met.
    async fn feed(&self, feed: &FeedStep, found: &[Option<Vec<RawBson>>], options: &RunOptions) -> Result<Ids> {
        let command = in_large_batches(filled(&feed.command, found)?)?;
        let cursor = self.open(feed.database.as_deref(), command, Some(BATCH), options).await?;
        let (mut ids, mut seen, mut documents) = (Vec::new(), HashSet::new(), 0);
        let mut batch = cursor.first().await?;
        while let Some(reply) = batch {
            for document in raw::batch(&reply) {
                documents += 1;
                collect(document, &feed.collected, &mut |id| {
                    if seen.insert(key(&id)) {
                        ids.push(id);
                    }
                })?;
            }
            if feed.most.is_some_and(|most| documents > most || ids.len() as u64 > most) {
                cursor.close().await;
                return Ok(Ids { ids, too_many: true });
            }
            batch = cursor.next().await?;
        }
        Ok(Ids { ids, too_many: false })
    }
}

fn check_length(command: &RawDocument, found: &Found) -> Result<()> {
    let length = command.as_bytes().len();
    if length <= MOST_BYTES {
        return Ok(());
    }
    let ids: usize = found.iter().flatten().map(Vec::len).sum();
    Err(Error::InvalidArgument(format!(
        "with the {ids} ids that were found first the command takes {} MiB, more than the 16 MiB that a server takes; \
         ask for fewer linked documents at a time",
        length.div_ceil(1024 * 1024)
    )))
}

/// The bytes of an id, by which equal ones are known.
fn key(id: &RawBson) -> Vec<u8> {
    let mut holder = RawDocumentBuf::new();
    holder.append(bson::cstr!("k"), id.clone());
    holder.into_bytes()
}

/// Calls `see` with every id at a dotted path, through lists; a reference gives its id, null gives nothing.
fn collect(document: &RawDocument, path: &str, see: &mut impl FnMut(RawBson)) -> Result<()> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    match document.get(name)? {
        Some(value) => collect_value(value, rest, see),
        None => Ok(()),
    }
}

fn collect_value(value: RawBsonRef<'_>, rest: Option<&str>, see: &mut impl FnMut(RawBson)) -> Result<()> {
    match (value, rest) {
        (RawBsonRef::Array(items), _) => {
            for item in items {
                collect_value(item?, rest, see)?;
            }
        }
        (RawBsonRef::Document(inner), Some(rest)) => collect(inner, rest, see)?,
        (_, Some(_)) | (RawBsonRef::Null, None) => {}
        (RawBsonRef::Document(inner), None) => match inner.get("$id")? {
            Some(id) => see(id.into()),
            None => see(value.into()),
        },
        (id, None) => see(id.into()),
    }
    Ok(())
}

/// The feeds that a command waits for.
fn needs(command: &RawDocument) -> Vec<usize> {
    fn walk(value: RawBsonRef<'_>, found: &mut Vec<usize>) {
        match value {
            RawBsonRef::Symbol(text) => found.extend(Hole::parse(text).map(|hole| hole.feed())),
            RawBsonRef::Array(items) => items.into_iter().flatten().for_each(|item| walk(item, found)),
            RawBsonRef::Document(inner) => inner.iter().flatten().for_each(|(_, value)| walk(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(RawBsonRef::Document(command), &mut found);
    found
}

fn filled(document: &RawDocument, found: &[Option<Vec<RawBson>>]) -> Result<RawDocumentBuf> {
    if found.is_empty() {
        return Ok(document.to_owned());
    }
    let mut out = RawDocumentBuf::new();
    for element in document.iter() {
        let (name, value) = element?;
        match value {
            RawBsonRef::Document(inner) => out.append(name, filled(inner, found)?),
            RawBsonRef::Array(items) => out.append(name, filled_array(items, found)?),
            other => out.append(name, other),
        }
    }
    Ok(out)
}

fn filled_array(items: &bson::RawArray, found: &[Option<Vec<RawBson>>]) -> Result<RawArrayBuf> {
    let mut out = RawArrayBuf::new();
    for item in items {
        match item? {
            RawBsonRef::Symbol(text) => match Hole::parse(text) {
                Some(hole) => fill(&mut out, &hole, found)?,
                None => out.push(RawBsonRef::Symbol(text)),
            },
            RawBsonRef::Document(inner) => out.push(filled(inner, found)?),
            RawBsonRef::Array(inner) => out.push(filled_array(inner, found)?),
            other => out.push(other),
        }
    }
    Ok(out)
}

fn fill(out: &mut RawArrayBuf, hole: &Hole, found: &[Option<Vec<RawBson>>]) -> Result<()> {
    let ids = found.get(hole.feed()).and_then(Option::as_ref);
    let ids = ids.ok_or_else(|| Error::Internal("a hole has no feed".into()))?;
    for id in ids {
        out.push(id.clone());
        // A document is not the id of a reference that PyMongo could have stored.
        if let (Hole::Links { collection, database, .. }, false) = (hole, matches!(id, RawBson::Document(_))) {
            out.push(rawdoc! { "$ref": collection.as_str(), "$id": id.clone() });
            if let Some(database) = database {
                out.push(rawdoc! { "$ref": collection.as_str(), "$id": id.clone(), "$db": database.as_str() });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(document: RawDocumentBuf, path: &str) -> Vec<RawBson> {
        let mut found = Vec::new();
        collect(&document, path, &mut |id| found.push(id)).unwrap();
        found
    }

    #[test]
    fn ids_are_found_in_lists_references_and_nested_documents() {
        let document =
            rawdoc! { "a": [{ "l": 1 }, { "l": { "$ref": "x", "$id": 2 } }, { "l": null }, {}, { "l": [3] }] };
        assert_eq!(ids(document, "a.l"), [RawBson::Int32(1), RawBson::Int32(2), RawBson::Int32(3)]);
        assert!(ids(rawdoc! { "a": 5 }, "a.l").is_empty());
    }

    #[test]
    fn more_ids_than_a_command_holds_are_refused() {
        let long = rawdoc! { "find": "x".repeat(MOST_BYTES) };
        let error = check_length(&long, &vec![Some(vec![RawBson::Int32(1)])]).unwrap_err();
        assert!(error.to_string().starts_with("with the 1 ids that were found first the command takes 17 MiB"));
        assert!(check_length(&rawdoc! {}, &vec![]).is_ok());
    }

    #[test]
    fn holes_are_filled_in_both_forms_and_nothing_else_changes() {
        let hole = Hole::Links { feed: 0, collection: "authors".into(), database: None }.placeholder();
        let command =
            rawdoc! { "find": "books", "filter": { "$and": [{ "author": { "$in": [hole] } }, { "n": [1] }] } };
        assert_eq!(needs(&command), [0]);
        let filled = filled(&command, &[Some(vec![RawBson::Int32(7)])]).unwrap();
        let expected = rawdoc! {
            "find": "books",
            "filter": { "$and": [{ "author": { "$in": [7, { "$ref": "authors", "$id": 7 }] } }, { "n": [1] }] },
        };
        assert_eq!(filled, expected);
    }
}
