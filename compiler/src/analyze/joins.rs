//! Stages that read the fields of linked documents: the documents are joined just before.
//!
//! ```text
//! Sort(author.name)   =>   Set(_link0_key = <the id>) . Lookup(...as _link0) . Set(_link0 = first) . Sort(_link0.name)
//! ```
//!
//! What is joined is taken away again once the next stage that could show it is reached.

use bson::RawBson;
use data_bridge_ir::dtype::LinkForm;
use data_bridge_ir::expr::Operands;
use data_bridge_ir::schema::{Collection, Crossing};
use data_bridge_ir::stage::{Lookup, Projected};
use data_bridge_ir::{DType, Expr, Path, SchemaRef, Stage, Value};

use super::Analyzer;
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
        let Shape::Declared { schema, added } = shape else { return Vec::new() };
        let mut before = Vec::new();
        let mut lead = |path: &mut Path| {
            if let Some(crossing) = schema.crossing(path.as_str()).filter(|_| !added.contains_key(path.root())) {
                self.lead(path, schema, crossing, &mut before, joins);
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
                        Projected::Include if schema.crossing(path.as_str()).is_some() => {
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

    fn lead(
        &mut self,
        path: &mut Path,
        schema: &SchemaRef,
        first: Crossing,
        before: &mut Vec<Stage>,
        joins: &mut Joins,
    ) {
        let mut schema = schema.clone();
        let (mut walked, mut base, mut next) = (String::new(), Joint::default(), Some(first));
        while let Some(crossing) = next {
            walked = format!("{walked}/{}", crossing.link.as_str());
            let local = base.path(crossing.link.as_str());
            base = match joins.made.iter().find(|joined| joined.path == walked) {
                Some(joined) => joined.field.clone(),
                None => match self.join(&schema, &crossing, &local, &base, before, joins.count) {
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
            schema = crossing.target;
        }
    }

    fn join(
        &mut self,
        schema: &SchemaRef,
        crossing: &Crossing,
        local: &str,
        base: &Joint,
        before: &mut Vec<Stage>,
        number: usize,
    ) -> Option<Joint> {
        let here = schema.get().and_then(|schema| schema.collection.as_ref());
        let target = crossing.target.get().and_then(|schema| schema.collection.clone())?;
        if here.is_some_and(|here| here.database != target.database) {
            let message = format!("'{local}' leads to another database, and the server joins within one only");
            self.report(CompileError::new("join_across_databases", message).at(local).hint("fetch the link instead"));
            return None;
        }
        let name = format!("_link{number}");
        let narrowed = its_class(&crossing.target).map(|only| vec![Stage::Match(only)]);
        let listed = match &crossing.back {
            None => {
                let listed = base.listed || is_listed(schema, &crossing.link);
                // What was joined before is no longer as it is stored: arrays stand around it.
                let form = link_form(schema, &crossing.link).filter(|_| base.name.is_empty());
                before.extend(join_stages(local, &target, &name, Stored { listed, form }, narrowed));
                if !listed {
                    before.push(Stage::Set(vec![(name.as_str().into(), call("$first", Expr::field(&name)))]));
                }
                listed
            }
            Some(back) => {
                let form = link_form(&crossing.target, back);
                let mut id = base.path("_id");
                if !base.name.is_empty() {
                    let key = format!("{name}_key");
                    before.push(Stage::Set(vec![(key.as_str().into(), joined_ids(&id, base.listed))]));
                    id = key;
                }
                before.extend(back_join_stages(&id, &target, back, &name, form, narrowed));
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
}

fn call(name: &str, operand: Expr) -> Expr {
    Expr::Call { name: name.to_owned(), operands: Operands::Single(Box::new(operand)) }
}

/// How a link is stored: in a list, or below one; and the form, where it is known.
#[derive(Clone, Copy)]
pub struct Stored {
    pub listed: bool,
    pub form: Option<LinkForm>,
}

/// `$lookup` through a stored link, whichever way it is stored; `pipeline` narrows what is joined.
pub fn join_stages(
    local: &str,
    target: &Collection,
    field: &str,
    stored: Stored,
    pipeline: Option<Vec<Stage>>,
) -> Vec<Stage> {
    let key = format!("{field}_key");
    let join = |local: &str| {
        Stage::Lookup(Lookup {
            class: None,
            collection: Some(target.name.clone()),
            local: Some(local.into()),
            foreign: Some("_id".into()),
            variables: Vec::new(),
            pipeline,
            output: field.to_owned(),
        })
    };
    // Lists in lists, and dicts, a `$lookup` does not look into.
    if stored.form == Some(LinkForm::Id) && !stored.listed {
        return vec![join(local)];
    }
    vec![Stage::Set(vec![(key.as_str().into(), ids_of(local, stored.listed))]), join(&key)]
}

/// `$lookup` of the documents whose link leads to the id at `local`: one for each form in which links may be stored.
pub fn back_join_stages(
    local: &str,
    target: &Collection,
    back: &Path,
    field: &str,
    form: Option<LinkForm>,
    pipeline: Option<Vec<Stage>>,
) -> Vec<Stage> {
    let references = format!("{field}_key");
    let join = |foreign: String, output: &str| {
        Stage::Lookup(Lookup {
            class: None,
            collection: Some(target.name.clone()),
            local: Some(local.into()),
            foreign: Some(Path(foreign)),
            variables: Vec::new(),
            pipeline: pipeline.clone(),
            output: output.to_owned(),
        })
    };
    match form {
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

/// The ids that the value at a path holds: a reference gives its id, lists are flat.
fn ids_of(path: &str, listed: bool) -> Expr {
    if !listed {
        return id_of(Expr::field(path));
    }
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
            ("input", Expr::field(path)),
            ("initialValue", Expr::Array(Vec::new())),
            ("in", positional("$concatArrays", vec![Expr::Variable("value".to_owned()), as_list])),
        ],
    );
    let ids = named("$map", vec![("input", flat), ("in", id_of(item()))]);
    positional("$cond", vec![is_array(Expr::field(path)), ids, id_of(Expr::field(path))])
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

/// Whether a link, or something above it, may be a list.
pub fn is_listed(schema: &SchemaRef, link: &Path) -> bool {
    let ends = link.as_str().match_indices('.').map(|(end, _)| end).chain([link.as_str().len()]);
    ends.into_iter().any(|end| schema.lookup(&link.as_str()[..end]).found().is_none_or(|dtype| holds_array(&dtype)))
}

fn holds_array(dtype: &DType) -> bool {
    dtype.members().iter().any(|member| matches!(member, DType::Any | DType::Array(_) | DType::Map(_)))
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
