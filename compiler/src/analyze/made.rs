//! What documents look like behind the stages that have no node of their own.

use std::borrow::Cow;

use bson::RawBson;
use data_bridge_ir::catalog::{Documents, Kind, Operator};
use data_bridge_ir::{DType, Expr, Operands, SchemaRef, Value};

use super::operator;
use super::shape::{Fields, Shape, or_null};

impl Shape {
    /// What follows a stage, by its name and what it is given.
    pub(super) fn computed(self, name: &str, body: &Expr, class: Option<&SchemaRef>) -> Self {
        match name {
            "$fill" => self.filled(body),
            "$setWindowFields" => match entry(body, "output") {
                Some(Expr::Document(outputs)) => {
                    let made: Vec<_> = outputs.iter().map(|(path, output)| (path, output_of(output, &self))).collect();
                    made.into_iter().fold(self, |shape, (path, dtype)| shape.put(path, dtype))
                }
                _ => Self::unknown(name),
            },
            "$graphLookup" => self.reached(body, class),
            "$geoNear" => {
                let place = DType::union(vec![DType::Map(Box::new(DType::Any)), DType::Array(Box::new(DType::Any))]);
                let fields = [("distanceField", DType::Double), ("includeLocs", place)];
                fields.into_iter().fold(self, |shape, (argument, dtype)| match entry(body, argument).and_then(text) {
                    Some(path) => shape.put(path, dtype),
                    None => shape,
                })
            }
            "$bucket" => {
                let ids: Vec<_> = entry(body, "boundaries").into_iter().flat_map(items).collect();
                let ids = ids.into_iter().chain(entry(body, "default")).map(|id| constant(id, &self)).collect();
                self.bucketed(DType::union(ids), body)
            }
            "$bucketAuto" => {
                let by = entry(body, "groupBy").map_or(DType::Any, |by| or_null(operator::dtype(by, &self)));
                let bounds = ["min", "max"].map(|bound| (bound.to_owned(), by.clone()));
                self.bucketed(DType::of_fields(bounds), body)
            }
            "$sortByCount" => {
                let id = or_null(operator::dtype(body, &self));
                Self::Made([("_id".to_owned(), id), ("count".to_owned(), DType::Int)].into())
            }
            "$replaceRoot" => {
                entry(body, "newRoot").map_or_else(|| Self::unknown(name), |root| self.replaced(name, root))
            }
            "$replaceWith" => self.replaced(name, body),
            "$documents" => given(body).unwrap_or_else(|| Self::unknown(name)),
            "$search" if entry(body, "returnScope").is_some() => {
                Self::open("a search that returns a scope gives what is stored there")
            }
            "$changeStreamSplitLargeEvent" => {
                let parts = ["fragment", "of"].map(|part| (part.to_owned(), DType::Int));
                self.put("splitEvent", DType::of_fields(parts))
            }
            "$out" | "$merge" => Self::Made(Fields::new()),
            _ => self.listed(name),
        }
    }

    /// As the table says.
    fn listed(self, name: &str) -> Self {
        match Operator::find(Kind::Stage, name).map(|operator| operator.documents) {
            Some(Documents::Same) => self,
            Some(Documents::Rows { fields, more }) => {
                let mut known: Fields =
                    fields.iter().map(|(field, kind)| ((*field).to_owned(), kind.dtype())).collect();
                if let Self::Declared { schema, .. } = &self {
                    // An event shows documents of the class.
                    for name in ["fullDocument", "fullDocumentBeforeChange"] {
                        known
                            .entry(name.to_owned())
                            .and_modify(|dtype| *dtype = or_null(DType::Document(schema.clone())));
                    }
                }
                Self::Open { known, why: more.to_owned() }
            }
            _ => Self::unknown(name),
        }
    }

    /// Groups with this id, and the outputs of a bucket stage.
    fn bucketed(self, id: DType, body: &Expr) -> Self {
        let mut fields: Fields = match entry(body, "output") {
            None => [("count".to_owned(), DType::Int)].into(),
            Some(Expr::Document(outputs)) => {
                outputs.iter().map(|(name, output)| (name.clone(), output_of(output, &self))).collect()
            }
            Some(_) => return Self::unknown("a bucket"),
        };
        fields.insert("_id".to_owned(), id);
        Self::Made(fields)
    }

    /// Fields that were null or missing: with a value, with a number between two others, or with the last one.
    fn filled(self, body: &Expr) -> Self {
        let Some(Expr::Document(outputs)) = entry(body, "output") else { return Self::unknown("$fill") };
        let filled: Vec<_> = outputs
            .iter()
            .map(|(path, how)| {
                let declared = self.dtype(&path.as_str().into()).map_or(DType::Any, Cow::into_owned);
                let dtype = match entry(how, "value") {
                    Some(value) => DType::union(vec![declared.non_null(), operator::dtype(value, &self)]),
                    None if entry(how, "method").and_then(text) == Some("linear") => {
                        DType::union(vec![declared, DType::Double])
                    }
                    None => declared,
                };
                (path, dtype)
            })
            .collect();
        filled.into_iter().fold(self, |shape, (path, dtype)| shape.put(path, dtype))
    }

    /// A list of the documents that references lead to.
    fn reached(self, body: &Expr, class: Option<&SchemaRef>) -> Self {
        let Some(output) = entry(body, "as").and_then(text) else { return Self::unknown("$graphLookup") };
        let others = Self::of_others(class, entry(body, "from").and_then(text));
        let others = match entry(body, "depthField").and_then(text) {
            Some(depth) => others.put(depth, DType::Int),
            None => others,
        };
        self.put(output, DType::Array(Box::new(others.document())))
    }

    /// A document in the place of each.
    fn replaced(self, stage: &str, root: &Expr) -> Self {
        match root {
            Expr::Document(fields) => {
                Self::Made(fields.iter().map(|(name, value)| (name.clone(), operator::dtype(value, &self))).collect())
            }
            Expr::Variable(name) if name == "ROOT" || name == "CURRENT" => self,
            Expr::Call { name, operands } if name == "$mergeObjects" => {
                let merged = Self::Made(Fields::new());
                operands.children().fold(merged, |merged, part| merged.overlaid(self.clone().replaced(stage, part)))
            }
            other => match operator::dtype(other, &self).non_null() {
                DType::Document(schema) => Self::of(&schema),
                _ => Self::unknown(stage),
            },
        }
    }

    /// Documents with the fields of others over their own.
    fn overlaid(self, over: Self) -> Self {
        match (self, over) {
            (Self::Made(fields), over) if fields.is_empty() => over,
            // Their unknown fields may stand over any.
            (_, Self::Open { known, why }) => Self::Open { known, why },
            (under, over) => under.adding(over.fields().0),
        }
    }
}

/// The type of an output: an accumulator or a window function, with or without a window.
fn output_of(output: &Expr, shape: &Shape) -> DType {
    let Expr::Document(parts) = output else { return DType::Any };
    let Some((name, given)) = parts.iter().find(|(name, _)| name.starts_with('$')) else { return DType::Any };
    let operands = match given {
        Expr::Document(fields) => Operands::Named(fields.clone()),
        Expr::Array(items) => Operands::Positional(items.clone()),
        other => Operands::Single(Box::new(other.clone())),
    };
    let kind = if Operator::find(Kind::Window, name).is_some() { Kind::Window } else { Kind::Accumulator };
    let dtype = operator::call(kind, name, &operands, shape);
    // A window may be empty.
    if parts.iter().any(|(name, _)| name == "window") { or_null(dtype) } else { dtype }
}

/// The documents that are written out, where they are.
fn given(body: &Expr) -> Option<Shape> {
    let mut shapes = items(body).into_iter().map(|item| match item {
        Expr::Document(_) => Some(Shape::open("").replaced("$documents", item)),
        Expr::Literal(Value(RawBson::Document(document))) | Expr::Raw(Value(RawBson::Document(document))) => {
            let fields = document
                .iter()
                .map(|field| field.map(|(name, value)| (name.to_string(), DType::of(value.element_type()))));
            fields.collect::<Result<_, _>>().ok().map(Shape::Made)
        }
        _ => None,
    });
    let first = shapes.next()??;
    shapes.try_fold(first, |all, each| Some(all.or(each?)))
}

fn constant(value: &Expr, shape: &Shape) -> DType {
    match value {
        Expr::Raw(value) => value.dtype(),
        other => operator::dtype(other, shape),
    }
}

fn items(body: &Expr) -> Vec<&Expr> {
    if let Expr::Array(items) = body { items.iter().collect() } else { Vec::new() }
}

fn entry<'a>(body: &'a Expr, name: &str) -> Option<&'a Expr> {
    let Expr::Document(entries) = body else { return None };
    entries.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

fn text(value: &Expr) -> Option<&str> {
    match value {
        Expr::Literal(Value(RawBson::String(text))) | Expr::Raw(Value(RawBson::String(text))) => Some(text),
        _ => None,
    }
}
