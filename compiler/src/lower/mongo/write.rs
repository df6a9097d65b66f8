//! Writes: `insert`, `update`, `delete` and `findAndModify`. Their filters keep the shape the user gave them.

use bson::{RawArrayBuf, RawBson, RawDocumentBuf};
use data_bridge_ir::Expr;
use data_bridge_ir::plan::{Change, FindAndModify, Insert, Options, Write};
use data_bridge_ir::update::{Operation, Update};
use indexmap::IndexMap;

use super::document::{Document, array};
use super::{Lowered, append_options, predicate, stage, step};
use crate::error::CompileError;
use crate::physical::{Answer, PhysicalPlan, StepKind};

/// Options that belong to the one statement of a write command; the others belong to the command.
fn is_statement_option(name: &str) -> bool {
    matches!(name, "arrayFilters" | "collation" | "hint")
}

/// Nothing to do: no document can be selected, and none is to be made.
fn selects_nothing(filter: &Expr, change: &Change) -> bool {
    *filter == Expr::Constant(false) && !change.upserts()
}

pub fn lower(write: &Write) -> Lowered<PhysicalPlan> {
    if selects_nothing(&write.filter, &write.change) {
        return Ok(PhysicalPlan::of(vec![], Answer::Write));
    }
    let (statement_options, command_options): (Options, Options) =
        write.options.clone().into_iter().partition(|(name, _)| is_statement_option(name));
    let mut statement = Document::default();
    statement.put("q", predicate::filter(&write.filter)?.finish())?;
    let (name, list) = match &write.change {
        Change::Delete => {
            statement.put("limit", if write.many { 0_i32 } else { 1_i32 })?;
            ("delete", "deletes")
        }
        change => {
            statement.put("u", changed(change)?)?;
            if change.upserts() {
                statement.put("upsert", true)?;
            }
            if write.many {
                statement.put("multi", true)?;
            }
            ("update", "updates")
        }
    };
    append_options(&mut statement, &statement_options)?;
    let mut statements = RawArrayBuf::new();
    statements.push(statement.finish());
    let mut command = Document::default();
    command.put(name, write.source.collection.as_str())?;
    command.put(list, statements)?;
    append_options(&mut command, &command_options)?;
    // The server cannot recognize a repeated statement that writes many documents.
    let kind = StepKind::Write { retryable: !write.many };
    Ok(PhysicalPlan::of(vec![step(&write.source, command, kind)], Answer::Write))
}

fn changed(change: &Change) -> Lowered<RawBson> {
    match change {
        Change::Update { update: Update::Operators(operations), .. } => grouped(operations).map(RawBson::Document),
        Change::Update { update: Update::Pipeline(stages), .. } => stage::pipeline(stages),
        Change::Replace { replacement, .. } => Ok(replacement.0.clone()),
        Change::Delete => Err(CompileError::new("nothing_to_write", "a delete writes no document")),
    }
}

/// `{op: {path: operand}}`, operators and paths in the order given.
fn grouped(operations: &[Operation]) -> Lowered<RawDocumentBuf> {
    let mut by_operator: IndexMap<&str, Document> = IndexMap::new();
    for operation in operations {
        by_operator.entry(&operation.op).or_default().put(operation.path.as_str(), operand(operation))?;
    }
    let mut update = Document::default();
    by_operator.into_iter().try_for_each(|(name, fields)| update.put(name, fields.finish()))?;
    Ok(update.finish())
}

/// What an operator is given. A pull takes its condition for a filter of fields where a negation stands first.
fn operand(operation: &Operation) -> RawBson {
    let given = &operation.operand.0;
    let RawBson::Document(condition) = given else { return given.clone() };
    let mut tests: Vec<_> = condition.iter().filter_map(Result::ok).collect();
    if operation.op != "$pull" || tests.first().is_none_or(|(name, _)| name.as_str() != "$not") {
        return given.clone();
    }
    tests.rotate_left(1);
    let mut ordered = RawDocumentBuf::new();
    if tests.len() == 1 {
        ordered.append(bson::cstr!("$exists"), true);
    }
    tests.into_iter().for_each(|(name, value)| ordered.append(name, RawBson::from(value)));
    RawBson::Document(ordered)
}

pub fn lower_find_and_modify(plan: &FindAndModify) -> Lowered<PhysicalPlan> {
    if selects_nothing(&plan.filter, &plan.change) {
        return Ok(PhysicalPlan::of(vec![], Answer::Value));
    }
    let mut command = Document::default();
    command.put("findAndModify", plan.source.collection.as_str())?;
    command.put("query", predicate::filter(&plan.filter)?.finish())?;
    if !plan.sort.is_empty() {
        command.put("sort", stage::sort(&plan.sort)?)?;
    }
    match &plan.change {
        Change::Delete => command.put("remove", true)?,
        change => {
            command.put("update", changed(change)?)?;
            command.put("new", plan.new)?;
            if change.upserts() {
                command.put("upsert", true)?;
            }
        }
    }
    if !plan.fields.is_empty() {
        command.put("fields", stage::projection(&plan.fields)?)?;
    }
    append_options(&mut command, &plan.options)?;
    let kind = StepKind::Write { retryable: true };
    Ok(PhysicalPlan::of(vec![step(&plan.source, command, kind)], Answer::Value))
}

pub fn lower_insert(insert: &Insert) -> Lowered<PhysicalPlan> {
    if insert.documents.is_empty() {
        return Ok(PhysicalPlan::of(vec![], Answer::Write));
    }
    let mut command = Document::default();
    command.put("insert", insert.source.collection.as_str())?;
    command.put("documents", array(&insert.documents, |document| Ok(document.0.clone()))?)?;
    command.put("ordered", insert.ordered)?;
    append_options(&mut command, &insert.options)?;
    let kind = StepKind::Write { retryable: true };
    Ok(PhysicalPlan::of(vec![step(&insert.source, command, kind)], Answer::Write))
}
