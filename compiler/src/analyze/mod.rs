//! Binds a plan to its schema: checks every path and type, and decides for each expression whether it stands as a
//! match predicate or as a value. Reports every error of the plan at once.

pub mod effects;
pub mod joins;
mod link_updates;
mod link_upserts;
pub mod links;
mod made;
pub mod needed_fields;
mod operand;
mod operator;
mod predicate;
pub mod reads;
pub mod rows;
pub mod shape;
mod value;

use data_bridge_ir::catalog::{Kind, Operator, Place};
use data_bridge_ir::plan::{Change, Options, Plan, Terminal};
use data_bridge_ir::stage::{Accumulator, Lookup, Projected, Stage, UnionWith};
use data_bridge_ir::update::Update;
use data_bridge_ir::{Expr, Operands, SchemaRef};

use crate::error::{CompileError, Failure};
use crate::relations::links;
use joins::Joins;
use shape::Shape;

/// Deeper expressions are refused: they would exhaust the stack, and the server refuses them too (100 levels of BSON
/// nesting by default).
const DEEPEST: usize = 200;

/// The same of pipelines inside stages, of which the server takes 20.
const DEEPEST_PIPELINE: usize = 50;

/// Collects errors while a plan is walked, so that a user sees all of them.
pub struct Analyzer {
    errors: Vec<CompileError>,
    /// How many stages stand around the pipeline that is walked.
    depth: usize,
}

/// The plan, bound and typed.
pub fn analyze(plan: Plan) -> Result<Plan, Failure> {
    let mut analyzer = Analyzer { errors: Vec::new(), depth: 0 };
    let plan = analyzer.plan(plan);
    if analyzer.errors.is_empty() { Ok(plan) } else { Err(Failure::Query(analyzer.errors)) }
}

impl Analyzer {
    fn report(&mut self, error: CompileError) {
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    fn plan(&mut self, plan: Plan) -> Plan {
        match plan {
            Plan::Read(mut read) => {
                let shape = Shape::of(&read.source.schema);
                let (stages, shape) = self.stages(read.stages, shape);
                read.stages = stages;
                if let Terminal::Distinct(path) = &read.terminal {
                    self.path(path, &shape);
                }
                Plan::Read(read)
            }
            Plan::Write(mut write) => {
                let shape = Shape::of(&write.source.schema);
                write.change = link_upserts::with_links(write.change, &write.filter, &write.source.schema);
                write.filter = self.filter(write.filter, &shape);
                write.change = self.change(write.change, &write.source.schema, &shape);
                self.check_array_filters(&write.change, &write.options);
                Plan::Write(write)
            }
            Plan::FindAndModify(mut plan) => {
                let shape = Shape::of(&plan.source.schema);
                plan.change = link_upserts::with_links(plan.change, &plan.filter, &plan.source.schema);
                plan.filter = self.filter(plan.filter, &shape);
                plan.change = self.change(plan.change, &plan.source.schema, &shape);
                self.check_array_filters(&plan.change, &plan.options);
                plan.sort.iter().for_each(|key| self.path(&key.path, &shape));
                plan.fields = self.projection(plan.fields, &shape);
                Plan::FindAndModify(plan)
            }
            Plan::Insert(insert) => Plan::Insert(insert),
        }
    }

    fn filter(&mut self, filter: Expr, shape: &Shape) -> Expr {
        if filter.is_deeper_than(DEEPEST) {
            self.report_depth("the predicate", DEEPEST);
            return Expr::Constant(true);
        }
        self.predicate(filter, shape)
    }

    fn report_depth(&mut self, what: &str, most: usize) {
        let message = format!("{what} is nested more than {most} levels deep");
        self.report(CompileError::new("too_deep", message).hint("build it flat: one & or | over many terms"));
    }

    fn change(&mut self, change: Change, schema: &SchemaRef, shape: &Shape) -> Change {
        match change {
            Change::Update { update: Update::Pipeline(stages), upsert } => {
                let (stages, _) = self.stages(stages, shape.clone());
                Change::Update { update: Update::Pipeline(stages), upsert }
            }
            Change::Update { update: Update::Operators(operations), upsert } => {
                for operation in &operations {
                    let path = operation.path.as_str();
                    if schema.crossing(path).is_some() {
                        let message = format!("'{path}' is a field of a linked document, which is updated by itself");
                        self.report(CompileError::new("link_not_followed", message).at(path));
                    }
                }
                let stored = |operation| link_updates::stored(operation, schema);
                let operations = operations.into_iter().map(stored).collect();
                Change::Update { update: Update::Operators(operations), upsert }
            }
            other => other,
        }
    }

    /// Refuses a path that names an array filter where none are given; those that are, are checked where they are merged.
    fn check_array_filters(&mut self, change: &Change, options: &Options) {
        let Change::Update { update: Update::Operators(operations), .. } = change else { return };
        if options.contains_key("arrayFilters") {
            return;
        }
        for path in operations.iter().map(|operation| operation.path.as_str()) {
            let named = path.split('.').find_map(|segment| segment.strip_prefix("$[")?.strip_suffix(']'));
            if let Some(name) = named.filter(|name| !name.is_empty()) {
                let error =
                    CompileError::new("array_filter", format!("'{path}' needs an array filter called '{name}'"));
                self.report(error.at(path).hint(format!("add ArrayFilters({name}=lambda item: ...)")));
            }
        }
    }

    fn stages(&mut self, stages: Vec<Stage>, mut shape: Shape) -> (Vec<Stage>, Shape) {
        let mut bound = Vec::with_capacity(stages.len());
        if self.depth > DEEPEST_PIPELINE {
            self.report_depth("the pipeline", DEEPEST_PIPELINE);
            return (bound, shape);
        }
        self.depth += 1;
        let mut joins = Joins::default();
        self.check_places(&stages);
        for stage in stages {
            if stage.expressions().into_iter().any(|value| value.is_deeper_than(DEEPEST)) {
                self.report_depth(stage.mql(), DEEPEST);
                continue;
            }
            if !joins::keeps_joined(&stage) && joins::passes_documents(&stage) {
                bound.extend(joins.leftover());
            }
            let (before, stage) = self.joined(stage, &shape, &mut joins);
            for join in before {
                shape = shape.after(&join);
                bound.push(join);
            }
            let stage = self.stage(stage, &shape);
            if !joins::passes_documents(&stage) {
                joins.forget();
            }
            shape = shape.after(&stage);
            bound.push(stage);
        }
        bound.extend(joins.leftover());
        self.depth -= 1;
        (bound, shape)
    }

    /// Refuses stages that the server takes only at one end of a pipeline, or of the whole one.
    fn check_places(&mut self, stages: &[Stage]) {
        for (position, stage) in stages.iter().enumerate() {
            let name = stage.mql();
            let place = Operator::find(Kind::Stage, name).map_or(Place::Anywhere, |operator| operator.place);
            let rule = match place {
                Place::First if position > 0 => "is the first stage of a pipeline",
                Place::Last if position + 1 < stages.len() => "is the last stage of a pipeline",
                Place::Last if self.depth > 1 => "ends the whole pipeline, and no pipeline inside a stage",
                _ => continue,
            };
            self.report(CompileError::new("misplaced_stage", format!("{name} {rule}")).at(name));
        }
    }

    fn stage(&mut self, stage: Stage, shape: &Shape) -> Stage {
        match stage {
            Stage::Match(predicate) => Stage::Match(self.filter(predicate, shape)),
            Stage::Project(fields) => Stage::Project(self.projection(fields, shape)),
            Stage::Set(fields) => {
                Stage::Set(fields.into_iter().map(|(path, value)| (path, self.value(value, shape))).collect())
            }
            Stage::Sort(keys) => {
                keys.iter().for_each(|key| self.path(&key.path, shape));
                Stage::Sort(keys)
            }
            Stage::Unwind { path, index, preserve } => {
                self.path(&path, shape);
                Stage::Unwind { path, index, preserve }
            }
            Stage::Group { by, outputs } => Stage::Group {
                by: by.map(|by| self.value(by, shape)),
                outputs: outputs.into_iter().map(|output| self.accumulator(output, shape)).collect(),
            },
            Stage::Lookup(lookup) => Stage::Lookup(self.lookup(lookup, shape)),
            Stage::UnionWith(union) => {
                let others = Shape::of_others(union.class.as_ref(), union.collection.as_deref());
                Stage::UnionWith(UnionWith { pipeline: self.of_others(union.pipeline, others, "$unionWith"), ..union })
            }
            Stage::Facet(outputs) => Stage::Facet(self.facet(outputs, shape)),
            Stage::Limit(0) => {
                self.report(CompileError::new("limit_zero", "a limit must be at least 1").at("limit"));
                Stage::Limit(0)
            }
            Stage::Sample(0) => {
                self.report(CompileError::new("sample_zero", "a sample must be of at least 1").at("sample"));
                Stage::Sample(0)
            }
            Stage::Generic { name, body, class } => {
                Stage::Generic { body: self.arguments(&name, body, shape, class.as_ref()), name, class }
            }
            other => other,
        }
    }

    /// What a stage without a node of its own is given; a filter among it is of the documents that the stage reads.
    fn arguments(&mut self, stage: &str, body: Expr, shape: &Shape, class: Option<&SchemaRef>) -> Expr {
        let Expr::Document(arguments) = body else { return self.value(body, shape) };
        let bound = arguments.into_iter().map(|(name, given)| {
            let Expr::Filter(predicate) = given else { return (name, self.value(given, shape)) };
            let others = (stage == "$graphLookup").then(|| Shape::of_others(class, None));
            let predicate = self.filter(*predicate, others.as_ref().unwrap_or(shape));
            if links(&predicate) {
                let message = format!("'{name}' of {stage} filters by linked documents");
                self.report(CompileError::new("link_not_followed", message).at(name.as_str()));
            }
            (name, Expr::Filter(Box::new(predicate)))
        });
        Expr::Document(bound.collect())
    }

    fn accumulator(&mut self, output: Accumulator, shape: &Shape) -> Accumulator {
        let operands = output.operands.map(|operands| self.operands(operands, shape));
        if let Some(operands) = &operands {
            self.check_call(Kind::Accumulator, &output.name, operands, shape);
        }
        Accumulator { operands, ..output }
    }

    fn lookup(&mut self, lookup: Lookup, shape: &Shape) -> Lookup {
        if let Some(local) = &lookup.local {
            self.path(local, shape);
        }
        let others = Shape::of_others(lookup.class.as_ref(), lookup.collection.as_deref());
        Lookup {
            variables: lookup.variables.into_iter().map(|(name, value)| (name, self.value(value, shape))).collect(),
            pipeline: lookup.pipeline.map(|stages| self.of_others(stages, others, "$lookup")),
            ..lookup
        }
    }

    /// Stages for the documents of another collection: the server follows no links to be filtered by there.
    fn of_others(&mut self, stages: Vec<Stage>, others: Shape, stage: &str) -> Vec<Stage> {
        let stages = self.stages(stages, others).0;
        if stages.iter().any(|stage| matches!(stage, Stage::Match(predicate) if links(predicate))) {
            let message = format!("the pipeline of {stage} filters by linked documents");
            let error = CompileError::new("link_not_followed", message).at(stage);
            self.report(error.hint("join them in the pipeline with a Lookup of their own"));
        }
        stages
    }

    fn facet(&mut self, outputs: Vec<(String, Vec<Stage>)>, shape: &Shape) -> Vec<(String, Vec<Stage>)> {
        if outputs.is_empty() {
            let error = CompileError::new("malformed_facet", "a facet needs an output: a name and its stages");
            self.report(error.at("$facet"));
        }
        let mut bound = Vec::with_capacity(outputs.len());
        for (name, stages) in outputs {
            if name.is_empty() || name.starts_with('$') || name.contains('.') {
                let message = format!("{name:?} cannot name an output of a facet");
                let error = CompileError::new("malformed_facet", message).at(name.as_str());
                self.report(error.hint("give a field's name: without dots and no '$' at its start"));
            }
            if stages.iter().any(|stage| matches!(stage, Stage::Facet(_))) {
                let error = CompileError::new("malformed_facet", "a facet cannot stand in another facet");
                self.report(error.at(name.as_str()).hint("give its outputs to the outer one"));
            }
            let stages = self.stages(stages, shape.clone()).0;
            if stages.iter().any(|stage| matches!(stage, Stage::Match(predicate) if links(predicate))) {
                let message = format!("output '{name}' of a facet filters by linked documents");
                let error = CompileError::new("link_not_followed", message).at(name.as_str());
                self.report(error.hint("filter by them before the facet"));
            }
            bound.push((name, stages));
        }
        bound
    }

    fn projection(
        &mut self,
        fields: Vec<(data_bridge_ir::Path, Projected)>,
        shape: &Shape,
    ) -> Vec<(data_bridge_ir::Path, Projected)> {
        let mut bound = Vec::with_capacity(fields.len());
        for (path, projected) in fields {
            let projected = match projected {
                Projected::Computed(value) => Projected::Computed(self.value(value, shape)),
                // What earlier stages made and rules found unread is gone; it may still be dropped.
                Projected::Exclude if matches!(shape, Shape::Made(_)) => Projected::Exclude,
                plain => {
                    self.path(&path, shape);
                    plain
                }
            };
            bound.push((path, projected));
        }
        bound
    }

    fn operands(&mut self, operands: Operands, shape: &Shape) -> Operands {
        match operands {
            Operands::Single(child) => Operands::Single(Box::new(self.value(*child, shape))),
            Operands::Positional(items) => {
                Operands::Positional(items.into_iter().map(|item| self.value(item, shape)).collect())
            }
            Operands::Named(fields) => {
                Operands::Named(fields.into_iter().map(|(name, item)| (name, self.value(item, shape))).collect())
            }
        }
    }

    fn path(&mut self, path: &data_bridge_ir::Path, shape: &Shape) {
        if path.as_str().starts_with('$') {
            let message = format!("'{}' is not a field name: it starts with '$'", path.as_str());
            self.report(CompileError::new("not_a_field", message).at(path.as_str()));
        } else if let Err(error) = shape.dtype(path) {
            self.report(error);
        } else if let Shape::Declared { schema, added } = shape
            && !added.contains_key(path.root())
            && schema.crossing(path.as_str()).is_some()
        {
            let message = format!("'{}' is a field of a linked document, which cannot be read here", path.as_str());
            self.report(
                CompileError::new("link_not_followed", message)
                    .at(path.as_str())
                    .hint("filter by it, sort by it, or read it in a Project, Set or Group"),
            );
        }
    }
}
