//! Which server version a plan needs, and what of it an older server lacks.

use bson::raw::RawBsonRef;
use bson::{RawBson, RawDocument};
use data_bridge_ir::catalog::{Kind, Operator, Version};
use data_bridge_ir::plan::{Change, Plan};
use data_bridge_ir::stage::{Projected, Stage};
use data_bridge_ir::update::Update;
use data_bridge_ir::{Expr, Operands};

use crate::error::CompileError;

/// An operator, or an argument of one, that not every server has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// As a message calls it: `$median`, or `limit of $filter`.
    pub operator: String,
    pub since: Version,
}

impl Requirement {
    /// Why a server of this version cannot run the plan.
    pub fn unmet_by(&self, server: Version) -> Option<CompileError> {
        (server < self.since).then(|| {
            let message = format!("{} needs MongoDB {} or later; the server is {server}", self.operator, self.since);
            CompileError::new("server_too_old", message).at(&self.operator)
        })
    }
}

/// What a server of this version lacks; none when the text is no version.
pub fn unmet(requires: &[Requirement], server: &str) -> Option<Vec<CompileError>> {
    let server = Version::parse(server)?;
    Some(requires.iter().filter_map(|requirement| requirement.unmet_by(server)).collect())
}

/// What a plan needs of the server beyond what every server has.
pub fn requirements(plan: &Plan) -> Vec<Requirement> {
    let mut found = Found::default();
    match plan {
        Plan::Read(read) => found.stages(&read.stages),
        Plan::Write(write) => {
            found.expr(&write.filter);
            found.change(&write.change);
        }
        Plan::FindAndModify(plan) => {
            found.expr(&plan.filter);
            found.change(&plan.change);
        }
        Plan::Insert(_) => {}
    }
    found.0
}

#[derive(Default)]
struct Found(Vec<Requirement>);

impl Found {
    fn add(&mut self, since: Version, operator: impl FnOnce() -> String) {
        if since <= Version::FIRST_TOLD {
            return;
        }
        let operator = operator();
        if self.0.iter().all(|known| known.operator != operator) {
            self.0.push(Requirement { operator, since });
        }
    }

    fn operator(&mut self, kind: Kind, name: &str) {
        if let Some(operator) = Operator::find(kind, name) {
            self.add(operator.since, || name.to_owned());
        }
    }

    fn call(&mut self, kind: Kind, name: &str, operands: &Operands) {
        self.operator(kind, name);
        let bound = Operator::find(kind, name).and_then(|operator| operator.bind(operands).ok());
        for (argument, _) in bound.into_iter().flatten() {
            self.add(argument.since, || format!("{} of {name}", argument.name));
        }
        operands.children().for_each(|item| self.expr(item));
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::Update { update: Update::Pipeline(stages), .. } => self.stages(stages),
            Change::Update { update: Update::Operators(operations), .. } => {
                operations.iter().for_each(|operation| self.operator(Kind::Update, &operation.op));
            }
            Change::Replace { .. } | Change::Delete => {}
        }
    }

    fn stages(&mut self, stages: &[Stage]) {
        stages.iter().for_each(|stage| self.stage(stage));
    }

    fn stage(&mut self, stage: &Stage) {
        self.operator(Kind::Stage, stage.mql());
        match stage {
            Stage::Match(predicate) => self.expr(predicate),
            Stage::Project(fields) => fields.iter().for_each(|(_, projected)| {
                if let Projected::Computed(value) = projected {
                    self.expr(value);
                }
            }),
            Stage::Set(fields) => fields.iter().for_each(|(_, value)| self.expr(value)),
            Stage::Group { by, outputs } => {
                by.iter().for_each(|by| self.expr(by));
                for output in outputs {
                    match &output.operands {
                        Some(operands) => self.call(Kind::Accumulator, &output.name, operands),
                        None => self.operator(Kind::Accumulator, &output.name),
                    }
                }
            }
            Stage::Lookup(lookup) => {
                lookup.variables.iter().for_each(|(_, value)| self.expr(value));
                lookup.pipeline.iter().for_each(|stages| self.stages(stages));
            }
            Stage::UnionWith(union) => self.stages(&union.pipeline),
            Stage::Facet(outputs) => outputs.iter().for_each(|(_, stages)| self.stages(stages)),
            Stage::Generic { body, .. } => self.expr(body),
            Stage::Raw(value) => self.raw(&value.0),
            Stage::Unset(_)
            | Stage::Sort(_)
            | Stage::Skip(_)
            | Stage::Limit(_)
            | Stage::Sample(_)
            | Stage::Unwind { .. }
            | Stage::Count(_) => {}
        }
    }

    fn exprs(&mut self, items: &[Expr]) {
        items.iter().for_each(|item| self.expr(item));
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Call { name, operands } => self.call(Kind::Expression, name, operands),
            Expr::Compare { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            Expr::And(items) | Expr::Or(items) | Expr::Nor(items) | Expr::Array(items) => self.exprs(items),
            Expr::Not(child)
            | Expr::Computed(child)
            | Expr::Filter(child)
            | Expr::In { needle: child, .. }
            | Expr::ElemMatch { predicate: child, .. }
            | Expr::Linked { predicate: child, .. } => self.expr(child),
            Expr::FieldOperator { name, .. } => self.operator(Kind::Query, name),
            Expr::Document(fields) => {
                for (name, item) in fields {
                    self.key(name);
                    self.expr(item);
                }
            }
            Expr::Raw(value) => self.raw(&value.0),
            _ => {}
        }
    }

    /// A key of MQL given as it is: the oldest of the operators that it may be.
    fn key(&mut self, name: &str) {
        let kinds = [Kind::Stage, Kind::Expression, Kind::Accumulator, Kind::Window, Kind::Query];
        let since = kinds.iter().filter_map(|kind| Operator::find(*kind, name)).map(|operator| operator.since).min();
        if let Some(since) = since {
            self.add(since, || name.to_owned());
        }
    }

    fn raw(&mut self, value: &RawBson) {
        match value {
            RawBson::Document(document) => self.raw_document(document),
            RawBson::Array(items) => {
                items
                    .into_iter()
                    .flatten()
                    .filter_map(|item| item.as_document())
                    .for_each(|item| self.raw_document(item));
            }
            _ => {}
        }
    }

    fn raw_document(&mut self, document: &RawDocument) {
        for (name, value) in document.iter().flatten() {
            let name = name.as_str();
            self.key(name);
            if name == "$literal" {
                continue;
            }
            match value {
                RawBsonRef::Document(inner) => self.raw_document(inner),
                RawBsonRef::Array(items) => items
                    .into_iter()
                    .flatten()
                    .filter_map(|item| item.as_document())
                    .for_each(|item| self.raw_document(item)),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;
    use data_bridge_ir::Value;
    use data_bridge_ir::plan::Terminal;

    use super::*;
    use crate::testing::read;

    fn needs(stage: Stage) -> Vec<String> {
        let found = requirements(&Plan::Read(read(vec![stage], Terminal::Aggregate)));
        found.iter().map(|each| format!("{} {}", each.operator, each.since)).collect()
    }

    fn named(name: &str, operands: Vec<(&str, Expr)>) -> Expr {
        let operands = operands.into_iter().map(|(name, item)| (name.to_owned(), item)).collect();
        Expr::Call { name: name.to_owned(), operands: Operands::Named(operands) }
    }

    #[test]
    fn operators_and_arguments_are_found_wherever_they_stand() {
        let inner = named(
            "$filter",
            vec![("input", Expr::field("a")), ("cond", Expr::Constant(true)), ("limit", Expr::Literal(Value::from(1)))],
        );
        let outer = named("$median", vec![("input", inner), ("method", Expr::Literal(Value::from("approximate")))]);
        assert_eq!(needs(Stage::Set(vec![("x".into(), outer)])), ["$median 7.0", "limit of $filter 5.2"]);
    }

    #[test]
    fn raw_stages_are_looked_through_and_literals_are_not() {
        let raw = rawdoc! { "$set": { "a": { "$bitAnd": ["$x", 1] }, "b": { "$literal": { "$median": 1 } } } };
        assert_eq!(needs(Stage::Raw(Value(RawBson::Document(raw)))), ["$bitAnd 6.3"]);
    }

    #[test]
    fn a_message_names_operator_and_versions() {
        let requirement = Requirement { operator: "$median".into(), since: Version::new(7, 0, 0) };
        let error = requirement.unmet_by(Version::new(6, 0, 5)).unwrap();
        assert_eq!(error.message, "$median needs MongoDB 7.0 or later; the server is 6.0.5");
        assert_eq!(requirement.unmet_by(Version::new(7, 0, 0)), None);
    }
}
