//! A join inside the server, as late as it can be: the tests that need no link come first.

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::plan::Read;
use data_bridge_ir::stage::Projected;
use data_bridge_ir::{Expr, Path, SchemaRef, Stage, Value};

use super::{links, of_class, stored};
use crate::analyze::joins::{Stored, back_join_stages, join_stages};
use crate::analyze::shape::Shape;
use crate::error::CompileError;

/// The read with every linked predicate joined.
pub fn read(read: &Read) -> Result<Read, CompileError> {
    Ok(Read { stages: pipeline(read.stages.clone(), &read.source.schema)?, ..read.clone() })
}

fn pipeline(stages: Vec<Stage>, schema: &SchemaRef) -> Result<Vec<Stage>, CompileError> {
    let mut joined = Vec::new();
    let mut shape = Shape::of(schema);
    for stage in stages {
        shape = shape.after(&stage);
        match stage {
            Stage::Match(predicate) if links(&predicate) => joined.extend(matching(predicate, schema, &shape)?),
            other => joined.push(other),
        }
    }
    Ok(joined)
}

/// The stages that join what a predicate asks for of documents of this shape, test it, and take it away again.
pub fn matching(predicate: Expr, schema: &SchemaRef, shape: &Shape) -> Result<Vec<Stage>, CompileError> {
    let terms = if let Expr::And(terms) = predicate { terms } else { vec![predicate] };
    let (linked, mut local): (Vec<_>, Vec<_>) = terms.into_iter().partition(links);
    let mut stages = Vec::new();
    if !local.is_empty() {
        let only = if local.len() == 1 { local.remove(0) } else { Expr::And(local) };
        stages.push(Stage::Match(only));
    }
    let mut fields = Vec::new();
    let linked = linked.into_iter().map(|term| tested(term, schema, shape, &mut stages, &mut fields));
    let mut linked = linked.collect::<Result<Vec<_>, _>>()?;
    stages.push(Stage::Match(if linked.len() == 1 { linked.remove(0) } else { Expr::And(linked) }));
    stages.push(Stage::Unset(fields));
    Ok(stages)
}

/// The term with each linked predicate replaced by whether the join found something.
fn tested(
    term: Expr,
    schema: &SchemaRef,
    shape: &Shape,
    stages: &mut Vec<Stage>,
    fields: &mut Vec<Path>,
) -> Result<Expr, CompileError> {
    match term {
        Expr::Linked { link, target, back, predicate } => {
            let field = format!("_met{}", fields.len() / 2);
            let collection = stored(&target)?;
            if schema
                .get()
                .and_then(|schema| schema.collection.as_ref())
                .is_some_and(|here| here.database != collection.database)
            {
                let message = format!("'{}' leads to another database, and the server joins within one", link.as_str());
                return Err(CompileError::new("join_across_databases", message).at(link.as_str()));
            }
            // A null link leads nowhere, not to a document whose id is null.
            let stored_id = Expr::compare(CompareOp::Ne, Expr::field("_id"), Expr::Literal(Value(bson::RawBson::Null)));
            let narrowed = Stage::Match(Expr::And(vec![stored_id, of_class(&target, *predicate)]));
            let mut inner = pipeline(vec![narrowed], &target)?;
            inner.push(Stage::Limit(1));
            inner.push(Stage::Project(vec![("_id".into(), Projected::Include)]));
            match back {
                None => {
                    let link = Stored::at(&link, shape);
                    stages.extend(join_stages(link, &target, &field, Some(inner)));
                }
                Some(back) => {
                    stages.extend(back_join_stages("_id", &target, &back, &field, Some(inner)));
                }
            }
            fields.push(field.as_str().into());
            fields.push(Path(format!("{field}_key")));
            Ok(Expr::Exists { field: Path(format!("{field}.0")), present: true })
        }
        mut joint @ (Expr::And(_) | Expr::Or(_) | Expr::Nor(_) | Expr::Not(_)) => {
            joint
                .try_each_child(|child| tested(child.take(), schema, shape, stages, fields).map(|met| *child = met))?;
            Ok(joint)
        }
        other => Ok(other),
    }
}
