//! Binds a plan to its schema: checks every path and type, and decides for each expression whether it stands as a
//! match predicate or as a value. Reports every error of the plan at once.

mod crossings;
pub mod effects;
pub mod joins;
mod link_conditions;
mod link_updates;
mod link_upserts;
pub mod links;
mod made;
mod named_paths;
pub mod needed_fields;
mod operand;
mod operator;
pub mod parts_read;
mod positions;
mod predicate;
pub mod reads;
mod roots;
pub mod rows;
pub mod shape;
mod value;
mod variables;

use std::borrow::Cow;

use data_bridge_ir::catalog::{Kind, Operator, Place};
use data_bridge_ir::plan::{Change, FindAndModify, Options, Plan, Read, Terminal, Write};
use data_bridge_ir::stage::{Accumulator, Lookup, Projected, SortKey, Stage};
use data_bridge_ir::update::{Operation, Update};
use data_bridge_ir::{DType, Expr, Operands, Path, SchemaRef};

use crate::error::{CompileError, Failure};
use crate::relations::links;
use crossings::leads_back;
use joins::Joins;
use link_conditions::{Conditions, without_positions};
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
    /// The class that the plan begins with.
    source: SchemaRef,
    /// The stages are an update's, among which no join may stand.
    in_update: bool,
    /// The variables that are known here, the innermost last.
    scope: Vec<(String, DType)>,
}

/// The plan, bound and typed.
pub fn analyze(mut plan: Plan) -> Result<Plan, Failure> {
    let source = plan.source().schema.clone();
    let mut analyzer = Analyzer { errors: Vec::new(), depth: 0, source, in_update: false, scope: Vec::new() };
    analyzer.plan(&mut plan);
    if analyzer.errors.is_empty() { Ok(plan) } else { Err(Failure::Query(analyzer.errors)) }
}

impl Analyzer {
    fn report(&mut self, error: CompileError) {
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    fn plan(&mut self, plan: &mut Plan) {
        match plan {
            Plan::Read(read) => {
                let shape = self.stages(&mut read.stages, Shape::of(&read.source.schema));
                if let Terminal::Distinct(path) = &read.terminal {
                    self.path(path, &shape);
                }
                self.check_last(read);
            }
            Plan::Write(Write { source, filter, change, options, .. }) => {
                let shape = Shape::of(&source.schema);
                link_upserts::add_links(change, filter, &source.schema);
                self.filter(filter, &shape);
                self.change(change, options, &source.schema, &shape);
            }
            Plan::FindAndModify(FindAndModify { source, filter, change, sort, fields, options, .. }) => {
                let shape = Shape::of(&source.schema);
                link_upserts::add_links(change, filter, &source.schema);
                self.filter(filter, &shape);
                self.change(change, options, &source.schema, &shape);
                self.sort_keys(sort, &shape);
                self.projection(fields, &shape);
            }
            Plan::Insert(_) => {}
        }
    }

    fn filter(&mut self, filter: &mut Expr, shape: &Shape) {
        if filter.is_deeper_than(DEEPEST) {
            self.report_depth("the predicate", DEEPEST);
            return;
        }
        self.predicate(filter, shape);
    }

    fn report_depth(&mut self, what: &str, most: usize) {
        let message = format!("{what} is nested more than {most} levels deep");
        self.report(CompileError::new("too_deep", message).hint("build it flat: one & or | over many terms"));
    }

    fn change(&mut self, change: &mut Change, options: &mut Options, schema: &SchemaRef, shape: &Shape) {
        match change {
            Change::Update { update: Update::Pipeline(stages), .. } => {
                self.in_update = true;
                self.stages(stages, shape.clone());
                self.in_update = false;
            }
            Change::Update { update: Update::Operators(operations), .. } => {
                operations.iter_mut().for_each(|operation| self.operation(operation, schema));
                self.check_array_filters(operations, options, schema);
            }
            Change::Replace { .. } | Change::Delete => {}
        }
    }

    /// Writes and compares links as they are stored; refuses what writes behind one, or asks elements for what is there.
    fn operation(&mut self, operation: &mut Operation, schema: &SchemaRef) {
        let path = without_positions(operation.path.as_str());
        if schema.crossing(&path).is_some() {
            self.refuse_write(&path);
        } else {
            let mut conditions = Conditions::of(schema);
            link_updates::as_stored(operation, &mut conditions);
            self.refuse_conditions(conditions);
        }
    }

    fn refuse_conditions(&mut self, conditions: Conditions<'_>) {
        for path in conditions.behind {
            let message = format!("'{path}' is a field of a linked document, which an update does not follow");
            let error = CompileError::new("link_not_followed", message).at(path);
            self.report(error.hint("read the ids of the linked documents first, and compare the link with these"));
        }
    }

    /// Refuses a path that names an array filter where none are given; those that are, are checked where they are merged,
    /// and compare links here.
    fn check_array_filters(&mut self, operations: &[Operation], options: &mut Options, schema: &SchemaRef) {
        if let Some(filters) = options.get_mut("arrayFilters") {
            let mut conditions = Conditions::of(schema);
            filters.0 = conditions.array_filters(&filters.0, operations);
            self.refuse_conditions(conditions);
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

    /// What documents look like behind the stages.
    fn stages(&mut self, stages: &mut Vec<Stage>, mut shape: Shape) -> Shape {
        if self.depth > DEEPEST_PIPELINE {
            self.report_depth("the pipeline", DEEPEST_PIPELINE);
            // What is not looked at must not be followed later either.
            stages.clear();
            return shape;
        }
        self.depth += 1;
        let mut joins = Joins::default();
        self.check_places(stages);
        let given = std::mem::take(stages);
        stages.reserve(given.len());
        for mut stage in given {
            if stage.has_expression(|value| value.is_deeper_than(DEEPEST)) {
                self.report_depth(stage.mql(), DEEPEST);
                continue;
            }
            if !joins::keeps_joined(&stage) && joins::passes_documents(&stage) {
                stages.extend(joins.leftover());
            }
            for join in self.join_linked(&mut stage, &shape, &mut joins) {
                shape = shape.after(&join);
                stages.push(join);
            }
            self.stage(&mut stage, &shape);
            if !joins::passes_documents(&stage) {
                joins.forget();
            }
            shape = shape.after(&stage);
            stages.push(stage);
        }
        stages.extend(joins.leftover());
        self.depth -= 1;
        shape
    }

    /// Refuses stages that the server takes only at one end of a pipeline, or of the whole one.
    fn check_places(&mut self, stages: &[Stage]) {
        for (position, stage) in stages.iter().enumerate() {
            let name = stage.mql();
            let rule = match place(stage) {
                Place::First if position > 0 => "is the first stage of a pipeline",
                Place::Last if position + 1 < stages.len() => "is the last stage of a pipeline",
                Place::Last if self.depth > 1 => "ends the whole pipeline, and no pipeline inside a stage",
                _ => continue,
            };
            self.report(CompileError::new("misplaced_stage", format!("{name} {rule}")).at(name));
        }
    }

    /// A count, a first document, a distinct and an `exists` are asked for with a stage behind all others.
    fn check_last(&mut self, read: &Read) {
        let asked = match read.terminal {
            Terminal::Find | Terminal::Aggregate => return,
            Terminal::First => "first()",
            Terminal::Count => "count()",
            Terminal::Exists => "exists()",
            Terminal::Distinct(_) => "distinct()",
        };
        let Some(last) = read.stages.last().filter(|stage| place(stage) == Place::Last) else { return };
        let name = last.mql();
        let message = format!("{name} is the last stage of a pipeline, and {asked} would be one behind it");
        let hint = format!("run the pipeline as it is, and ask for {asked} of what it wrote");
        self.report(CompileError::new("misplaced_stage", message).at(name).hint(hint));
    }

    fn stage(&mut self, stage: &mut Stage, shape: &Shape) {
        match stage {
            // How deep it is was looked at with the whole stage.
            Stage::Match(predicate) => self.predicate(predicate, shape),
            Stage::Project(fields) => self.projection(fields, shape),
            Stage::Set(fields) => fields.iter_mut().for_each(|(path, value)| {
                self.check_target(path, shape);
                self.value(value, shape);
            }),
            Stage::Sort(keys) => self.sort_keys(keys, shape),
            Stage::Unwind { path, .. } => {
                self.path(path, shape);
            }
            Stage::Group { by, outputs } => {
                by.iter_mut().for_each(|by| self.value(by, shape));
                outputs.iter_mut().for_each(|output| self.accumulator(output, shape));
            }
            Stage::Lookup(lookup) => self.lookup(lookup, shape),
            Stage::UnionWith(union) => {
                let others = Shape::of_others(union.class.as_ref(), union.collection.as_deref());
                self.of_others(&mut union.pipeline, others, "$unionWith");
            }
            Stage::Facet(outputs) => self.facet(outputs, shape),
            Stage::Limit(0) => self.report(CompileError::new("limit_zero", "a limit must be at least 1").at("limit")),
            Stage::Sample(0) => {
                self.report(CompileError::new("sample_zero", "a sample must be of at least 1").at("sample"));
            }
            Stage::Generic { name, body, class } => self.arguments(name, body, shape, class.as_ref()),
            Stage::Unset(paths) => paths.iter().for_each(|path| self.check_whole(path, shape)),
            Stage::Skip(_) | Stage::Limit(_) | Stage::Count(_) | Stage::Sample(_) | Stage::Raw(_) => {}
        }
    }

    /// What a stage without a node of its own is given; a filter among it is of the documents that the stage reads.
    fn arguments(&mut self, stage: &str, body: &mut Expr, shape: &Shape, class: Option<&SchemaRef>) {
        self.check_named(named_paths::of_stage(stage, body), shape);
        let Expr::Document(arguments) = body else { return self.value(body, shape) };
        for (name, given) in arguments {
            let Expr::Filter(predicate) = given else {
                self.value(given, shape);
                continue;
            };
            let others = (stage == "$graphLookup").then(|| Shape::of_others(class, None));
            self.filter(predicate, others.as_ref().unwrap_or(shape));
            if links(predicate) {
                let message = format!("'{name}' of {stage} filters by linked documents");
                self.report(CompileError::new("link_not_followed", message).at(name.as_str()));
            }
        }
    }

    /// Refuses paths behind links among those that a stage takes by their names.
    fn check_named(&mut self, named: Vec<Path>, shape: &Shape) {
        for path in named {
            if let Ok(dtype) = shape.dtype(&path) {
                self.stays_here(&path, &dtype, shape);
            }
        }
    }

    fn sort_keys(&mut self, keys: &[SortKey], shape: &Shape) {
        for key in keys {
            self.path(&key.path, shape);
        }
    }

    fn accumulator(&mut self, output: &mut Accumulator, shape: &Shape) {
        if let Some(operands) = &mut output.operands {
            self.check_named(named_paths::of_accumulator(operands), shape);
            self.operands(operands, shape);
            self.check_call(Kind::Accumulator, &output.name, operands, shape);
        }
    }

    fn lookup(&mut self, lookup: &mut Lookup, shape: &Shape) {
        if let Some(local) = &lookup.local {
            self.path(local, shape);
        }
        lookup.variables.iter_mut().for_each(|(_, value)| self.value(value, shape));
        let others = Shape::of_others(lookup.class.as_ref(), lookup.collection.as_deref());
        if let Some(stages) = &mut lookup.pipeline {
            self.of_others(stages, others, "$lookup");
        }
    }

    /// Stages for the documents of another collection: the server follows no links to be filtered by there.
    fn of_others(&mut self, stages: &mut Vec<Stage>, others: Shape, stage: &str) {
        self.stages(stages, others);
        if stages.iter().any(|stage| matches!(stage, Stage::Match(predicate) if links(predicate))) {
            let message = format!("the pipeline of {stage} filters by linked documents");
            let error = CompileError::new("link_not_followed", message).at(stage);
            self.report(error.hint("join them in the pipeline with a Lookup of their own"));
        }
    }

    fn facet(&mut self, outputs: &mut [(String, Vec<Stage>)], shape: &Shape) {
        if outputs.is_empty() {
            let error = CompileError::new("malformed_facet", "a facet needs an output: a name and its stages");
            self.report(error.at("$facet"));
        }
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
            self.stages(stages, shape.clone());
            if stages.iter().any(|stage| matches!(stage, Stage::Match(predicate) if links(predicate))) {
                let message = format!("output '{name}' of a facet filters by linked documents");
                let error = CompileError::new("link_not_followed", message).at(name.as_str());
                self.report(error.hint("filter by them before the facet"));
            }
        }
    }

    fn projection(&mut self, fields: &mut [(Path, Projected)], shape: &Shape) {
        for (path, projected) in fields {
            if names_an_element(path, shape) {
                self.check_whole(path, shape);
                continue;
            }
            match projected {
                Projected::Computed(value) => self.value(value, shape),
                Projected::Include if shape.is_of_several(path) => {
                    let message =
                        format!("'{}' is of several documents, which have no place beside ids", path.as_str());
                    let error = CompileError::new("link_not_followed", message).at(path.as_str());
                    self.report(error.hint("give the list of them a name: Project(names=Book.editors.name)"));
                }
                // What earlier stages made and rules found unread is gone; it may still be dropped.
                Projected::Exclude if matches!(shape, Shape::Made(_)) => {}
                Projected::Exclude if shape.dtype(path).is_ok_and(|dtype| leads_back(&dtype)) => {}
                Projected::Include | Projected::Exclude => {
                    self.path(path, shape);
                }
            }
        }
    }

    /// Refuses what a stage cannot write: a field of another document, and one element of a list.
    fn check_target(&mut self, path: &Path, shape: &Shape) {
        if shape.crossing(path).is_some() {
            self.refuse_write(path.as_str());
        } else {
            self.check_whole(path, shape);
        }
    }

    fn refuse_write(&mut self, path: &str) {
        let message = format!("'{path}' is a field of a linked document, which is updated by itself");
        self.report(CompileError::new("link_not_followed", message).at(path));
    }

    /// Refuses one element of a list: below a list a stage takes a number for a field of every element.
    fn check_whole(&mut self, path: &Path, shape: &Shape) {
        if names_an_element(path, shape) {
            let message =
                format!("'{}' is an element of a list, which no stage keeps, drops or sets by itself", path.as_str());
            let error = CompileError::new("not_a_field", message).at(path.as_str());
            let hint = "read it under a name of its own, Project(first=User.tags[0]); write it by an update, \
                        User.tags[0].set(...)";
            self.report(error.hint(hint));
        }
    }

    fn operands(&mut self, operands: &mut Operands, shape: &Shape) {
        operands.children_mut().for_each(|item| self.value(item, shape));
    }

    /// The type at a path; none where nothing can be there, which is reported.
    fn path<'a>(&mut self, path: &Path, shape: &'a Shape) -> Option<Cow<'a, DType>> {
        if path.as_str().starts_with('$') {
            let message = format!("'{}' is not a field name: it starts with '$'", path.as_str());
            self.report(CompileError::new("not_a_field", message).at(path.as_str()));
            return None;
        }
        let dtype = match shape.dtype(path) {
            Ok(dtype) => dtype,
            Err(error) => {
                self.report(error);
                return None;
            }
        };
        self.stays_here(path, &dtype, shape);
        Some(dtype)
    }
}

/// Whether a path leads to one element of a list, by its position or as an update calls it.
fn names_an_element(path: &Path, shape: &Shape) -> bool {
    shape.positioned(path).is_some() || path.as_str().contains(".$")
}

fn place(stage: &Stage) -> Place {
    Operator::find(Kind::Stage, stage.mql()).map_or(Place::Anywhere, |operator| operator.place)
}
