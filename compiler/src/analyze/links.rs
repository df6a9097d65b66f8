//! Predicates on the fields of linked documents, turned into what is asked of the link.
//!
//! A path behind a link means what it would mean if the linked documents stood in the link's place. A test that a
//! missing field fails holds when some linked document meets it; `!=`, `not_in` and `exists(False)` are its complement;
//! a test that a missing field passes (equal to null) also holds where the link leads to no document.

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::schema::{Collection, Crossing};
use data_bridge_ir::{DType, Expr, Path, Value};

use super::Analyzer;
use super::shape::Shape;
use crate::error::CompileError;

impl Analyzer {
    /// Makes a test of a linked document, or of the link, what is asked of the link; false when it is neither.
    pub(super) fn across_link(&mut self, expr: &mut Expr, shape: &Shape) -> bool {
        let Some(path) = tested(expr) else { return false };
        if let Some(crossing) = shape.crossing(path) {
            let followed = self.may_follow(path, &crossing, shape);
            let test = expr.take();
            if followed {
                *expr = self.crossed(test, crossing);
            }
            return true;
        }
        if self.across_elements(expr, shape) {
            return true;
        }
        let Some(path) = tested(expr) else { return false };
        shape.dtype(path).is_ok_and(|dtype| self.of_link_itself(expr, &dtype))
    }

    /// One element of a list of links meets a test where one of the documents does that they lead to. A test of the
    /// elements themselves is of stored links.
    fn across_elements(&mut self, expr: &mut Expr, shape: &Shape) -> bool {
        let Expr::ElemMatch { field, predicate } = expr else { return false };
        let Some(element) = shape.dtype(field).ok().and_then(|dtype| element_link(&dtype)) else { return false };
        let DType::Link { target, back, .. } = element else { return false };
        if back.is_none() && !tests_fields(predicate) {
            return false;
        }
        let (link, mut test) = (field.clone(), predicate.take());
        test.change_paths(&|path| {
            if path.as_str().is_empty() {
                *path = "_id".into();
            }
        });
        let rest = tested(&test).cloned().unwrap_or("".into());
        let crossing = Crossing { link, target, back: back.as_deref().map(Path::from), rest };
        let path = crossing.link.clone();
        *expr = if self.may_follow(&path, &crossing, shape) {
            self.some_target(test, &crossing)
        } else {
            Expr::Constant(true)
        };
        true
    }

    fn crossed(&mut self, expr: Expr, crossing: Crossing) -> Expr {
        let not = |term: Expr| Expr::Not(Box::new(term));
        let test = moved(expr, crossing.rest.clone());
        match test {
            Expr::Compare { op: CompareOp::Ne, left, right } => {
                not(self.some_or_none(Expr::Compare { op: CompareOp::Eq, left, right }, &crossing))
            }
            Expr::In { needle, values, negated: true } => {
                not(self.some_or_none(Expr::In { needle, values, negated: false }, &crossing))
            }
            Expr::Exists { field, present: false } => {
                not(self.some_target(Expr::Exists { field, present: true }, &crossing))
            }
            test => self.some_or_none(test, &crossing),
        }
    }

    fn some_or_none(&mut self, test: Expr, crossing: &Crossing) -> Expr {
        let missing_passes = passes_missing(&test);
        let some = self.some_target(test, crossing);
        if !missing_passes {
            return some;
        }
        let any = linked(crossing, Expr::Constant(true));
        Expr::Or(vec![some, Expr::Not(Box::new(any))])
    }

    fn some_target(&mut self, mut test: Expr, crossing: &Crossing) -> Expr {
        self.predicate(&mut test, &Shape::of(&crossing.target));
        linked(crossing, test)
    }

    /// A stored link is compared with ids, in either form that it may be stored in.
    fn of_link_itself(&mut self, expr: &mut Expr, dtype: &DType) -> bool {
        let Some(DType::Link { target, back, .. }) = dtype.link() else { return false };
        let Some(collection) = target.get().and_then(|schema| schema.collection.clone()) else { return false };
        if let Expr::All { field, values } = expr
            && !values.is_empty()
        {
            // Each is asked for by itself, in every form.
            let one = |value| Expr::compare(CompareOp::Eq, Expr::Field(field.clone()), Expr::Literal(value));
            let mut terms: Vec<_> = std::mem::take(values).into_iter().map(one).collect();
            terms.iter_mut().for_each(|term| {
                self.of_link_itself(term, dtype);
            });
            *expr = Expr::And(terms);
            return true;
        }
        self.check_ids(expr, dtype);
        if let Some(back) = back {
            // What leads back is not stored: it is asked of the other side.
            let Some(link) = tested(expr).cloned() else { return false };
            if !matches!(expr, Expr::Compare { .. } | Expr::In { .. } | Expr::Exists { .. }) {
                let message = format!("'{}' leads back and is not stored: only its documents are asked", link.as_str());
                let error = CompileError::new("link_not_followed", message).at(link.as_str());
                self.report(
                    error.hint("test a field of them, compare it with one of them, or ask whether it exists()"),
                );
                *expr = Expr::Constant(true);
                return true;
            }
            let crossing =
                Crossing { link, target: target.clone(), back: Some(back.as_str().into()), rest: "_id".into() };
            *expr = self.crossed(expr.take(), crossing);
            return true;
        }
        match expr {
            Expr::Compare { op: op @ (CompareOp::Eq | CompareOp::Ne), left, right } => match &**right {
                Expr::Literal(id) if !id.is_null() => {
                    let values = forms(vec![id.clone()], &collection);
                    let negated = *op == CompareOp::Ne;
                    *expr = Expr::In { needle: Box::new(left.take()), values, negated };
                    true
                }
                _ => false,
            },
            Expr::In { values, .. } => {
                *values = forms(std::mem::take(values), &collection);
                true
            }
            _ => false,
        }
    }
}

impl Analyzer {
    fn check_ids(&mut self, expr: &Expr, dtype: &DType) {
        let Some(path) = tested(expr) else { return };
        let values = match expr {
            Expr::Compare { right, .. } => match &**right {
                Expr::Literal(value) => std::slice::from_ref(value),
                _ => return,
            },
            Expr::In { values, .. } => values.as_slice(),
            _ => return,
        };
        for value in values.iter().filter(|value| !value.is_document() && !dtype.comparable_to(&value.dtype())) {
            let message = format!("'{}' is {dtype} and {value} ({}) is no id of it", path.as_str(), value.dtype());
            self.report(CompileError::new("incomparable", message).at(path.as_str()).hint("give a document or its id"));
        }
    }
}

fn linked(crossing: &Crossing, predicate: Expr) -> Expr {
    let Crossing { link, target, back, rest } = crossing.clone();
    // Only the id is asked for, and a stored link is the id.
    if rest.as_str() == "_id"
        && back.is_none()
        && let Some(collection) = target.get().and_then(|schema| schema.collection.clone())
    {
        let ids = match &predicate {
            Expr::Compare { op: CompareOp::Eq, right, .. } => match &**right {
                Expr::Literal(id) => vec![id.clone()],
                _ => vec![],
            },
            Expr::In { values, negated: false, .. } => values.clone(),
            _ => vec![],
        };
        if !ids.is_empty() && !ids.iter().any(Value::is_null) {
            let values = forms(ids, &collection);
            return Expr::In { needle: Box::new(Expr::Field(link)), values, negated: false };
        }
    }
    Expr::Linked { link, target, back, predicate: Box::new(predicate) }
}

/// Each id, given as itself or in a reference: as it stands, and as a reference, which names the database where the two
/// sides' differ.
pub fn forms(ids: Vec<Value>, collection: &Collection) -> Vec<Value> {
    ids.into_iter()
        .map(|id| id.referred_id().unwrap_or(id))
        .flat_map(|id| {
            let refers = !id.is_null() && !id.is_document();
            let reference = refers.then(|| id.as_reference(&collection.name, None));
            let far = collection.database.as_deref().filter(|_| refers);
            let far = far.map(|database| id.as_reference(&collection.name, Some(database)));
            [Some(id), reference, far]
        })
        .flatten()
        .collect()
}

/// The link that each element of a list is.
pub(super) fn element_link(dtype: &DType) -> Option<DType> {
    dtype.members().iter().find_map(|member| match member {
        DType::Array(item) => item.members().iter().find(|member| matches!(member, DType::Link { .. })).cloned(),
        _ => None,
    })
}

/// Whether a test of an element names a field of it.
fn tests_fields(predicate: &Expr) -> bool {
    let mut named = false;
    predicate.paths(&mut |path| named |= !path.as_str().is_empty());
    named
}

/// The path that a test of one field is about.
fn tested(expr: &Expr) -> Option<&Path> {
    match expr {
        Expr::Compare { left, right, .. } => match (&**left, &**right) {
            (Expr::Field(path), Expr::Literal(_)) => Some(path),
            _ => None,
        },
        Expr::In { needle, .. } => match &**needle {
            Expr::Field(path) => Some(path),
            _ => None,
        },
        Expr::Field(path)
        | Expr::Exists { field: path, .. }
        | Expr::IsType { field: path, .. }
        | Expr::Regex { field: path, .. }
        | Expr::ElemMatch { field: path, .. }
        | Expr::Size { field: path, .. }
        | Expr::All { field: path, .. }
        | Expr::Mod { field: path, .. }
        | Expr::FieldOperator { field: path, .. } => Some(path),
        _ => None,
    }
}

/// The same test, of another path.
fn moved(expr: Expr, path: Path) -> Expr {
    match expr {
        Expr::Compare { op, right, .. } => Expr::Compare { op, left: Box::new(Expr::Field(path)), right },
        Expr::In { values, negated, .. } => Expr::In { needle: Box::new(Expr::Field(path)), values, negated },
        Expr::Field(_) => Expr::Field(path),
        Expr::Exists { present, .. } => Expr::Exists { field: path, present },
        Expr::IsType { types, .. } => Expr::IsType { field: path, types },
        Expr::Regex { pattern, options, .. } => Expr::Regex { field: path, pattern, options },
        Expr::ElemMatch { predicate, .. } => Expr::ElemMatch { field: path, predicate },
        Expr::Size { size, .. } => Expr::Size { field: path, size },
        Expr::All { values, .. } => Expr::All { field: path, values },
        Expr::Mod { divisor, remainder, .. } => Expr::Mod { field: path, divisor, remainder },
        Expr::FieldOperator { name, operand, .. } => Expr::FieldOperator { field: path, name, operand },
        other => other,
    }
}

/// Whether a missing field meets the test.
fn passes_missing(test: &Expr) -> bool {
    match test {
        Expr::Compare { op: CompareOp::Eq | CompareOp::Gte | CompareOp::Lte, right, .. } => {
            matches!(&**right, Expr::Literal(value) if value.is_null())
        }
        Expr::In { values, negated: false, .. } => values.iter().any(Value::is_null),
        _ => false,
    }
}
