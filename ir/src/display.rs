//! The one printer: a tree, one node a line, that reads like the Python that built it.

use std::fmt::{self, Display, Formatter};

use crate::expr::{Expr, Operands};
use crate::plan::{Change, Plan, Source, Terminal};
use crate::stage::{Accumulator, Projected, SortKey, Stage};
use crate::update::{Operation, Update};

/// Literals longer than this are cut when printed; plans must stay readable.
const LONGEST_LITERAL: usize = 80;
const MOST_LISTED: usize = 10;

fn separated<T>(
    out: &mut Formatter<'_>,
    items: &[T],
    separator: &str,
    mut print: impl FnMut(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.write_str(separator)?;
        }
        if position == MOST_LISTED && items.len() > MOST_LISTED + 1 {
            return write!(out, "... {} more", items.len() - position);
        }
        print(out, item)?;
    }
    Ok(())
}

fn literal(out: &mut Formatter<'_>, value: &impl Display) -> fmt::Result {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST_LITERAL) {
        Some((end, _)) => write!(out, "{}...", &text[..end]),
        None => out.write_str(&text),
    }
}

fn connective(out: &mut Formatter<'_>, name: &str, terms: &[Expr]) -> fmt::Result {
    write!(out, "{name}(")?;
    separated(out, terms, ", ", |out, term| write!(out, "{term}"))?;
    out.write_str(")")
}

fn operand(out: &mut Formatter<'_>, expr: &Expr) -> fmt::Result {
    match expr {
        Expr::And(_) | Expr::Or(_) | Expr::Compare { .. } | Expr::In { .. } => write!(out, "({expr})"),
        _ => write!(out, "{expr}"),
    }
}

fn field(path: &str) -> &str {
    if path.is_empty() { "item" } else { path }
}

impl Display for Expr {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(path) => out.write_str(field(path.as_str())),
            Self::Literal(value) => literal(out, value),
            Self::Constant(value) => write!(out, "{value}"),
            Self::Compare { op, left, right } => {
                operand(out, left)?;
                write!(out, " {} ", op.symbol())?;
                operand(out, right)
            }
            // With one term or none there is no `&` to see, and another tree must not look the same.
            Self::And(terms) if terms.len() < 2 => connective(out, "and", terms),
            Self::Or(terms) if terms.len() < 2 => connective(out, "or", terms),
            Self::And(terms) => separated(out, terms, " & ", operand),
            Self::Or(terms) => separated(out, terms, " | ", operand),
            Self::Nor(terms) => connective(out, "nor", terms),
            Self::Not(term) => write!(out, "~({term})"),
            Self::In { needle, values, negated } => {
                write!(out, "{needle} {}in [", if *negated { "not " } else { "" })?;
                separated(out, values, ", ", literal)?;
                out.write_str("]")
            }
            Self::Exists { field: path, present } => {
                write!(out, "{} {}", field(path.as_str()), if *present { "exists" } else { "is missing" })
            }
            Self::IsType { field: path, types } => write!(out, "{} is {}", field(path.as_str()), types.join(" | ")),
            Self::Regex { field: path, pattern, options } => {
                write!(out, "{} matches /{pattern}/{options}", field(path.as_str()))
            }
            Self::ElemMatch { field: path, predicate } => write!(out, "{}.any({predicate})", field(path.as_str())),
            Self::Size { field: path, size } => write!(out, "size({}) == {size}", field(path.as_str())),
            Self::All { field: path, values } => {
                write!(out, "{} has all [", field(path.as_str()))?;
                separated(out, values, ", ", literal)?;
                out.write_str("]")
            }
            Self::Mod { field: path, divisor, remainder } => {
                write!(out, "{} % {divisor} == {remainder}", field(path.as_str()))
            }
            Self::FieldOperator { field: path, name, operand } => {
                write!(out, "{} {name} ", field(path.as_str()))?;
                literal(out, operand)
            }
            Self::Call { name, operands } => write!(out, "{}({operands})", name.trim_start_matches('$')),
            Self::Variable(name) => write!(out, "$${name}"),
            Self::Document(fields) => {
                out.write_str("{")?;
                named(out, fields, ": ")?;
                out.write_str("}")
            }
            Self::Array(items) => {
                out.write_str("[")?;
                separated(out, items, ", ", |out, item| write!(out, "{item}"))?;
                out.write_str("]")
            }
            Self::Computed(child) => write!(out, "expr({child})"),
            Self::Filter(predicate) => write!(out, "{predicate}"),
            Self::Linked { link, target, predicate, .. } => {
                write!(out, "{} -> {}[{predicate}]", link.as_str(), target.name())
            }
            Self::Raw(value) => {
                out.write_str("raw(")?;
                literal(out, value)?;
                out.write_str(")")
            }
        }
    }
}

fn named(out: &mut Formatter<'_>, fields: &[(String, Expr)], between: &str) -> fmt::Result {
    separated(out, fields, ", ", |out, (name, value)| write!(out, "{name}{between}{value}"))
}

impl Display for Operands {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single(child) => write!(out, "{child}"),
            Self::Positional(items) => separated(out, items, ", ", |out, item| write!(out, "{item}")),
            Self::Named(fields) => named(out, fields, "="),
        }
    }
}

impl Display for SortKey {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", if self.descending { "-" } else { "+" }, self.path.as_str())
    }
}

impl Display for Accumulator {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}={}(", self.output, self.name.trim_start_matches('$'))?;
        if let Some(operands) = &self.operands {
            write!(out, "{operands}")?;
        }
        out.write_str(")")
    }
}

fn pipeline(out: &mut Formatter<'_>, stages: &[Stage]) -> fmt::Result {
    out.write_str("[")?;
    separated(out, stages, " . ", |out, stage| write!(out, "{stage}"))?;
    out.write_str("]")
}

impl Display for Stage {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Match(predicate) => write!(out, "Match({predicate})"),
            Self::Project(fields) => {
                out.write_str("Project(")?;
                separated(out, fields, ", ", |out, (path, projected)| match projected {
                    Projected::Include => out.write_str(path.as_str()),
                    Projected::Exclude => write!(out, "not {}", path.as_str()),
                    Projected::Computed(value) => write!(out, "{}={value}", path.as_str()),
                })?;
                out.write_str(")")
            }
            Self::Set(fields) => {
                out.write_str("Set(")?;
                separated(out, fields, ", ", |out, (path, value)| write!(out, "{}={value}", path.as_str()))?;
                out.write_str(")")
            }
            Self::Unset(paths) => {
                out.write_str("Unset(")?;
                separated(out, paths, ", ", |out, path| out.write_str(path.as_str()))?;
                out.write_str(")")
            }
            Self::Sort(keys) => {
                out.write_str("Sort(")?;
                separated(out, keys, ", ", |out, key| write!(out, "{key}"))?;
                out.write_str(")")
            }
            Self::Skip(count) => write!(out, "Skip({count})"),
            Self::Limit(count) => write!(out, "Limit({count})"),
            Self::Group { by, outputs } => {
                match by {
                    Some(by) => write!(out, "Group(by={by}")?,
                    None => out.write_str("Group(by=None")?,
                }
                for output in outputs {
                    write!(out, ", {output}")?;
                }
                out.write_str(")")
            }
            Self::Unwind { path, index, preserve } => {
                write!(out, "Unwind({}", path.as_str())?;
                if let Some(index) = index {
                    write!(out, ", index={index}")?;
                }
                out.write_str(if *preserve { ", preserve=True)" } else { ")" })
            }
            Self::Count(name) => write!(out, "Count({name})"),
            Self::Sample(size) => write!(out, "Sample({size})"),
            Self::Lookup(lookup) => {
                write!(out, "Lookup({} -> {}", lookup.collection.as_deref().unwrap_or("documents"), lookup.output)?;
                if let (Some(local), Some(foreign)) = (&lookup.local, &lookup.foreign) {
                    write!(out, ", {} == {}", local.as_str(), foreign.as_str())?;
                }
                if let Some(stages) = &lookup.pipeline {
                    out.write_str(", ")?;
                    pipeline(out, stages)?;
                }
                out.write_str(")")
            }
            Self::UnionWith(union) => {
                write!(out, "UnionWith({}", union.collection.as_deref().unwrap_or("documents"))?;
                if !union.pipeline.is_empty() {
                    out.write_str(", ")?;
                    pipeline(out, &union.pipeline)?;
                }
                out.write_str(")")
            }
            Self::Facet(outputs) => {
                out.write_str("Facet(")?;
                separated(out, outputs, ", ", |out, (name, stages)| {
                    write!(out, "{name}=")?;
                    pipeline(out, stages)
                })?;
                out.write_str(")")
            }
            Self::Generic { name, body, .. } => write!(out, "{}({body})", name.trim_start_matches('$')),
            Self::Raw(value) => {
                out.write_str("Raw(")?;
                literal(out, value)?;
                out.write_str(")")
            }
        }
    }
}

impl Display for Source {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{} in ", self.schema.name())?;
        if let Some(database) = &self.database {
            write!(out, "{database}.")?;
        }
        out.write_str(&self.collection)
    }
}

impl Display for Operation {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}({}, ", self.op.trim_start_matches('$'), self.path.as_str())?;
        literal(out, &self.operand)?;
        out.write_str(")")
    }
}

impl Display for Change {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Update { update: Update::Operators(operations), .. } => {
                separated(out, operations, ", ", |out, operation| write!(out, "{operation}"))
            }
            Self::Update { update: Update::Pipeline(stages), .. } => {
                separated(out, stages, " . ", |out, stage| write!(out, "{stage}"))
            }
            Self::Replace { replacement, .. } => literal(out, replacement),
            Self::Delete => Ok(()),
        }
    }
}

fn verb(change: &Change, many: bool) -> &'static str {
    match (change, many) {
        (Change::Update { .. }, true) => "UpdateMany",
        (Change::Update { .. }, false) => "UpdateOne",
        (Change::Replace { .. }, _) => "Replace",
        (Change::Delete, true) => "DeleteMany",
        (Change::Delete, false) => "DeleteOne",
    }
}

impl Display for Plan {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(read) => {
                match &read.terminal {
                    Terminal::Find => out.write_str("Find")?,
                    Terminal::First => out.write_str("First")?,
                    Terminal::Aggregate => out.write_str("Aggregate")?,
                    Terminal::Count => out.write_str("Count")?,
                    Terminal::Exists => out.write_str("Exists")?,
                    Terminal::Distinct(path) => write!(out, "Distinct({})", path.as_str())?,
                }
                write!(out, " {}", read.source)?;
                read.stages.iter().try_for_each(|stage| write!(out, "\n  {stage}"))?;
                options(out, &read.options)
            }
            Self::Write(write) => {
                write!(out, "{} {}\n  Where({})", verb(&write.change, write.many), write.source, write.filter)?;
                if write.change != Change::Delete {
                    write!(out, "\n  Change({})", write.change)?;
                }
                options(out, &write.options)
            }
            Self::FindAndModify(plan) => {
                write!(out, "FindAnd{} {}\n  Where({})", verb(&plan.change, false), plan.source, plan.filter)?;
                if plan.change != Change::Delete {
                    write!(out, "\n  Change({})", plan.change)?;
                }
                options(out, &plan.options)
            }
            Self::Insert(insert) => {
                write!(out, "Insert {}\n  {} documents", insert.source, insert.documents.len())?;
                options(out, &insert.options)
            }
        }
    }
}

fn options(out: &mut Formatter<'_>, options: &crate::plan::Options) -> fmt::Result {
    options.iter().try_for_each(|(name, value)| write!(out, "\n  {name}={value}"))
}
