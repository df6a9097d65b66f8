//! Stages that read the fields of linked documents: the documents are joined just before.
//!
//! ```text
//! Sort(author.name)   =>   Set(_link0_key = <the id>) . Lookup(...as _link0) . Set(_link0 = first) . Sort(_link0.name)
//! ```
//!
//! What is joined is taken away again once the next stage that could show it is reached.

use std::borrow::Cow;

use bson::RawBson;
use data_bridge_ir::dtype::LinkForm;
use data_bridge_ir::expr::Operands;
use data_bridge_ir::schema::Crossing;
use data_bridge_ir::stage::{Lookup, Projected};
use data_bridge_ir::{DType, Expr, Path, SchemaRef, Stage, Value};

use super::Analyzer;
use super::positions::positioned;
use super::shape::Shape;
use crate::error::CompileError;
use crate::facts::link_form;

/// The joins of one pipeline.
#[derive(Default)]
pub(super) struct Joins {
    made: Vec<Joined>,
    count: usize,
}

struct Joined {
    /// The link's whole path, through other links.
    path: String,
    field: Joint,
}

/// A joined field.
#[derive(Clone, Default)]
struct Joint {
    name: String,
    /// It holds a list of documents, not one.
    listed: bool,
}

impl Joins {
    /// The names that are joined and not yet taken away.
    pub fn leftover(&mut self) -> Option<Stage> {
        let paths: Vec<Path> = self
            .made
            .drain(..)
            .flat_map(|joined| [joined.field.name.as_str().into(), Path(format!("{}_key", joined.field.name))])
            .collect();
        (!paths.is_empty()).then_some(Stage::Unset(paths))
    }

    pub fn forget(&mut self) {
        self.made.clear();
    }
}

/// Whether documents come out of the stage as they went in, so that what was joined would be seen.
pub(super) fn passes_documents(stage: &Stage) -> bool {
    match stage {
        Stage::Group { .. } | Stage::Count(_) => false,
        Stage::Project(fields) => fields.iter().all(|(_, projected)| matches!(projected, Projected::Exclude)),
        _ => true,
    }
}

/// Whether what was joined may still be there after the stage: the order of sort and limit is not to be broken.
pub(super) fn keeps_joined(stage: &Stage) -> bool {
    matches!(stage, Stage::Sort(_) | Stage::Skip(_) | Stage::Limit(_))
}

impl Analyzer {
    /// Leads the linked paths of a stage to joined fields; the stages that join them.
    pub(super) fn join_linked(&mut self, stage: &mut Stage, shape: &Shape, joins: &mut Joins) -> Vec<Stage> {
        let mut before = Vec::new();
        if self.in_update {
            return before;
        }
        let mut lead = |path: &mut Path| {
            if let Some(crossing) = shape.crossing(path) {
                self.lead(path, shape, crossing, &mut before, joins);
            }
        };
        match stage {
            Stage::Sort(keys) => keys.iter_mut().for_each(|key| lead(&mut key.path)),
            Stage::Group { by, outputs } => {
                by.iter_mut().for_each(|by| lead_paths(by, &mut lead));
                let operands = outputs.iter_mut().filter_map(|output| output.operands.as_mut());
                operands.flat_map(Operands::children_mut).for_each(|child| lead_paths(child, &mut lead));
            }
            Stage::Set(fields) => fields.iter_mut().for_each(|(_, value)| lead_paths(value, &mut lead)),
            Stage::Project(fields) => {
                for (path, projected) in fields {
                    match projected {
                        Projected::Computed(value) => lead_paths(value, &mut lead),
                        Projected::Include if shape.crossing(path).is_some() && !shape.is_of_several(path) => {
                            let mut shown = path.clone();
                            lead(&mut shown);
                            *projected = Projected::Computed(Expr::Field(shown));
                        }
                        Projected::Include | Projected::Exclude => {}
                    }
                }
            }
            _ => {}
        }
        before
    }

    fn lead(&mut self, path: &mut Path, shape: &Shape, first: Crossing, before: &mut Vec<Stage>, joins: &mut Joins) {
        let mut here = Cow::Borrowed(shape);
        let (mut walked, mut base, mut next) = (String::new(), Joint::default(), Some(first));
        while let Some(crossing) = next {
            walked = format!("{walked}/{}", crossing.link.as_str());
            base = match joins.made.iter().find(|joined| joined.path == walked) {
                Some(joined) => joined.field.clone(),
                None => match self.join(path, &here, &crossing, &base, before, joins.count) {
                    Some(field) => {
                        joins.count += 1;
                        joins.made.push(Joined { path: walked.clone(), field: field.clone() });
                        field
                    }
                    None => return,
                },
            };
            *path = Path(base.path(crossing.rest.as_str()));
            next = crossing.target.crossing(crossing.rest.as_str());
            here = Cow::Owned(Shape::of(&crossing.target));
        }
    }

    fn join(
        &mut self,
        path: &Path,
        here: &Shape,
        crossing: &Crossing,
        base: &Joint,
        before: &mut Vec<Stage>,
        number: usize,
    ) -> Option<Joint> {
        let local = base.path(crossing.link.as_str());
        let target = crossing.target.get().and_then(|schema| schema.collection.clone())?;
        let home = self.source.get().and_then(|schema| schema.collection.as_ref());
        if home.is_some_and(|home| home.database != target.database) {
            let message = format!("'{local}' leads to another database, and the server joins within one only");
            self.report(CompileError::new("join_across_databases", message).at(local).hint("fetch the link instead"));
            return None;
        }
        if crossing.back.is_some() && !self.may_follow(path, crossing, here) {
            return None;
        }
        let name = format!("_link{number}");
        let narrowed = its_class(&crossing.target).map(|only| vec![Stage::Match(only)]);
        let listed = match &crossing.back {
            None => {
                let link = base.link(&crossing.link, here);
                let listed = link.listed;
                before.extend(join_stages(link, &crossing.target, &name, narrowed));
                if !listed {
                    before.push(Stage::Set(vec![(name.as_str().into(), call("$first", Expr::field(&name)))]));
                }
                listed
            }
            Some(back) => {
                let mut id = base.path("_id");
                if !base.name.is_empty() {
                    let key = format!("{name}_key");
                    before.push(Stage::Set(vec![(key.as_str().into(), joined_ids(&id, base.listed))]));
                    id = key;
                }
                before.extend(back_join_stages(&id, &crossing.target, back, &name, narrowed));
                true
            }
        };
        Some(Joint { name, listed })
    }
}

impl Joint {
    /// A path in the joined documents; before any join, in the collection's own.
    fn path(&self, rest: &str) -> String {
        if self.name.is_empty() { rest.to_owned() } else { format!("{}.{rest}", self.name) }
    }

    /// A link of the joined documents, which have this shape.
    fn link(&self, link: &Path, shape: &Shape) -> Stored {
        let stored = Stored::at(link, shape);
        if self.name.is_empty() {
            return stored;
        }
        let (path, document) = (self.path(link.as_str()), shape.document());
        let joined = if self.listed { DType::Array(Box::new(document)) } else { document };
        let value = positioned(&path, &joined, Expr::field);
        // What was joined is no longer as it is stored: arrays stand around it.
        Stored { path: Path(path), value, listed: self.listed || stored.listed, form: None }
    }
}

fn call(name: &str, operand: Expr) -> Expr {
    Expr::Call { name: name.to_owned(), operands: Operands::Single(Box::new(operand)) }
}

/// A stored link: its path, and how it is stored there.
pub struct Stored {
    path: Path,
    /// What reads it as a value, where its path does not.
    value: Option<Expr>,
    /// It stands in a list, or below one.
    listed: bool,
    /// Where that is known.
    form: Option<LinkForm>,
}

impl Stored {
    /// Of a link of the collection's own documents.
    pub fn at(link: &Path, shape: &Shape) -> Self {
        let (listed, form) = (shape.is_listed(link), shape.link_form(link));
        Self { path: link.clone(), value: shape.positioned(link), listed, form }
    }
}

/// `$lookup` through a stored link, whichever way it is stored; `pipeline` narrows what is joined.
pub fn join_stages(link: Stored, target: &SchemaRef, field: &str, pipeline: Option<Vec<Stage>>) -> Vec<Stage> {
    let join = |local: Path| lookup(local, "_id".into(), target, field, pipeline);
    // Lists in lists, dicts and positions a `$lookup` does not look into.
    if link.form == Some(LinkForm::Id) && !link.listed && link.value.is_none() {
        return vec![join(link.path)];
    }
    let key = Path(format!("{field}_key"));
    let value = link.value.unwrap_or(Expr::Field(link.path));
    let ids = if link.listed { ids_of(&value) } else { id_of(value) };
    vec![Stage::Set(vec![(key.clone(), ids)]), join(key)]
}

/// `$lookup` of the documents whose link leads to the id at `local`: one for each form in which links may be stored.
pub fn back_join_stages(
    local: &str,
    target: &SchemaRef,
    back: &Path,
    field: &str,
    pipeline: Option<Vec<Stage>>,
) -> Vec<Stage> {
    let references = format!("{field}_key");
    let join = |foreign: String, output: &str| lookup(local.into(), Path(foreign), target, output, pipeline.clone());
    match link_form(target, back) {
        Some(LinkForm::Id) => return vec![join(back.as_str().to_owned(), field)],
        Some(LinkForm::Reference) => return vec![join(format!("{}.$id", back.as_str()), field)],
        None => {}
    }
    let both = Expr::Call {
        name: "$concatArrays".to_owned(),
        operands: Operands::Positional(vec![Expr::field(field), Expr::field(&references)]),
    };
    vec![
        join(back.as_str().to_owned(), field),
        join(format!("{}.$id", back.as_str()), &references),
        Stage::Set(vec![(field.into(), both)]),
    ]
}

fn lookup(local: Path, foreign: Path, target: &SchemaRef, output: &str, pipeline: Option<Vec<Stage>>) -> Stage {
    let collection = target.get().and_then(|schema| schema.collection.as_ref());
    Stage::Lookup(Lookup {
        class: Some(target.clone()),
        collection: collection.map(|collection| collection.name.clone()),
        local: Some(local),
        foreign: Some(foreign),
        variables: Vec::new(),
        pipeline,
        output: output.to_owned(),
    })
}

/// The ids of documents that were joined. Where there are none it is an id that no link has: a `$lookup` of nothing finds
/// what lacks the link.
fn joined_ids(path: &str, listed: bool) -> Expr {
    let none = Expr::Literal(Value(RawBson::MinKey));
    let (name, operands) = if listed {
        ("$concatArrays", vec![Expr::field(path), Expr::Array(vec![none])])
    } else {
        ("$ifNull", vec![Expr::field(path), none])
    };
    Expr::Call { name: name.to_owned(), operands: Operands::Positional(operands) }
}

/// What tells documents of the class from others in its collection.
pub fn its_class(schema: &SchemaRef) -> Option<Expr> {
    schema.discriminator().map(|discriminator| Expr::In {
        needle: Box::new(Expr::field(&discriminator.field)),
        values: discriminator.ids.iter().map(|id| Value::from(id.as_str())).collect(),
        negated: false,
    })
}

/// The ids that a value holds: a reference gives its id, lists are flat.
fn ids_of(value: &Expr) -> Expr {
    let positional = |name: &str, operands: Vec<Expr>| Expr::Call {
        name: name.to_owned(),
        operands: Operands::Positional(operands),
    };
    let named = |name: &str, operands: Vec<(&str, Expr)>| Expr::Call {
        name: name.to_owned(),
        operands: Operands::Named(operands.into_iter().map(|(name, operand)| (name.to_owned(), operand)).collect()),
    };
    let is_array = |of: Expr| call("$isArray", of);
    let item = || Expr::Variable("this".to_owned());
    let as_list = positional("$cond", vec![is_array(item()), item(), Expr::Array(vec![item()])]);
    let flat = named(
        "$reduce",
        vec![
            ("input", value.clone()),
            ("initialValue", Expr::Array(Vec::new())),
            ("in", positional("$concatArrays", vec![Expr::Variable("value".to_owned()), as_list])),
        ],
    );
    let ids = named("$map", vec![("input", flat), ("in", id_of(item()))]);
    positional("$cond", vec![is_array(value.clone()), ids, id_of(value.clone())])
}

/// `$getField` gives nothing for what is no document.
fn id_of(value: Expr) -> Expr {
    let field = Expr::Literal(Value::from("$id"));
    let id = Expr::Call {
        name: "$getField".to_owned(),
        operands: Operands::Named(vec![("field".to_owned(), field), ("input".to_owned(), value.clone())]),
    };
    Expr::Call { name: "$ifNull".to_owned(), operands: Operands::Positional(vec![id, value]) }
}

fn lead_paths(expr: &mut Expr, lead: &mut impl FnMut(&mut Path)) {
    match expr {
        Expr::Field(path)
        | Expr::Exists { field: path, .. }
        | Expr::IsType { field: path, .. }
        | Expr::Regex { field: path, .. } => lead(path),
        other => other.each_child(|child| lead_paths(child, lead)),
    }
}
