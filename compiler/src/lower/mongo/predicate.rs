//! Predicates as filter documents.

use bson::RawBson;
use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{Expr, Path, Value};

use super::document::{Document, array, single, wrap};
use super::{Lowered, value};
use crate::error::CompileError;
use crate::hashing::IndexMap;

/// A predicate as a filter: the whole of a `find`'s filter or a `$match`.
pub fn filter(predicate: &Expr) -> Lowered<Document> {
    match predicate {
        Expr::And(terms) => conjunction(terms),
        Expr::Or(terms) => listed("$or", terms),
        Expr::Nor(terms) => listed("$nor", terms),
        Expr::Not(term) => negation(term),
        Expr::Constant(true) => Ok(Document::default()),
        Expr::Constant(false) => single("$alwaysFalse", 1_i32),
        Expr::Computed(child) => single("$expr", value::lower(child)?),
        Expr::Raw(Value(RawBson::Document(document))) => raw_filter(document),
        other => match test(other)? {
            Some(test) => test.into_filter(),
            None => Err(CompileError::new("not_a_predicate", format!("{other} is not a predicate"))),
        },
    }
}

fn raw_filter(document: &bson::RawDocument) -> Lowered<Document> {
    let mut copy = Document::default();
    for element in document.iter_elements() {
        let element = element.map_err(malformed)?;
        let value = RawBson::from(element.value().map_err(malformed)?);
        copy.put(element.key().as_str(), value)?;
    }
    Ok(copy)
}

fn malformed(error: bson::error::Error) -> CompileError {
    CompileError::new("malformed_bson", format!("the raw part is not valid BSON: {error}"))
}

/// `{path: {operator: operand, ...}}`, or the bare value of an implicit equality.
struct Test<'a> {
    path: &'a Path,
    operators: Vec<(&'a str, RawBson)>,
    /// The equality that may be written without its operator.
    bare: bool,
}

impl Test<'_> {
    fn into_filter(mut self) -> Lowered<Document> {
        match self.operators.pop() {
            Some((_, value)) if self.bare && self.operators.is_empty() => single(self.path.as_str(), value),
            Some(last) => {
                self.operators.push(last);
                single(self.path.as_str(), operators(self.operators)?)
            }
            None => Ok(Document::default()),
        }
    }
}

fn operators(tests: Vec<(&str, RawBson)>) -> Lowered<RawBson> {
    let mut document = Document::default();
    tests.into_iter().try_for_each(|(name, operand)| document.put(name, operand))?;
    Ok(RawBson::Document(document.finish()))
}

/// The tests of one path that this predicate is; none when it is of another form.
fn test(predicate: &Expr) -> Lowered<Option<Test<'_>>> {
    let one = |path, name, operand| Ok(Some(Test { path, operators: vec![(name, operand)], bare: false }));
    match predicate {
        Expr::Compare { op, left, right } => match (&**left, &**right) {
            (Expr::Field(path), Expr::Literal(value)) => Ok(Some(comparison(*op, path, value))),
            _ => Ok(None),
        },
        Expr::In { needle, values, negated } => match &**needle {
            Expr::Field(path) => {
                let values = array(values, |value| Ok(value.0.clone()))?;
                one(path, if *negated { "$nin" } else { "$in" }, values)
            }
            _ => Ok(None),
        },
        Expr::Exists { field, present } => one(field, "$exists", RawBson::Boolean(*present)),
        Expr::IsType { field, types } => match types.as_slice() {
            [only] => one(field, "$type", RawBson::String(only.clone())),
            several => one(field, "$type", array(several, |name| Ok(RawBson::String(name.clone())))?),
        },
        Expr::Regex { field, pattern, options } => {
            let mut operators = vec![("$regex", RawBson::String(pattern.clone()))];
            if !options.is_empty() {
                operators.push(("$options", RawBson::String(options.clone())));
            }
            Ok(Some(Test { path: field, operators, bare: false }))
        }
        Expr::ElemMatch { field, predicate } => one(field, "$elemMatch", element(predicate)?),
        Expr::Size { field, size } => one(field, "$size", RawBson::Int64(*size)),
        Expr::All { field, values } => one(field, "$all", array(values, |value| Ok(value.0.clone()))?),
        Expr::Mod { field, divisor, remainder } => {
            one(field, "$mod", array([divisor, remainder], |value| Ok(value.0.clone()))?)
        }
        Expr::FieldOperator { field, name, operand } => one(field, name, operand.0.clone()),
        _ => Ok(None),
    }
}

fn comparison<'a>(op: CompareOp, path: &'a Path, value: &Value) -> Test<'a> {
    // A bare document could be read as operators, so it is only ever an operand; a bare regex matches by pattern.
    let bare = op == CompareOp::Eq && !matches!(value.0, RawBson::Document(_));
    if op == CompareOp::Ne && value.is_regex() {
        return Test { path, operators: vec![("$not", value.0.clone())], bare: false };
    }
    Test { path, operators: vec![(op.mql(), value.0.clone())], bare }
}

/// One document where each path stands once, `$and` where a path or operator would stand twice.
fn conjunction(terms: &[Expr]) -> Lowered<Document> {
    let mut by_path: IndexMap<&str, Test<'_>> = IndexMap::default();
    let mut others = Vec::new();
    for term in terms {
        match test(term)? {
            Some(new) => match by_path.get_mut(new.path.as_str()) {
                None => {
                    by_path.insert(new.path.as_str(), new);
                }
                Some(known) if may_join(known, &new) => {
                    known.operators.extend(new.operators);
                    known.bare = false;
                }
                Some(_) => others.push(new.into_filter()?),
            },
            None => others.push(filter(term)?),
        }
    }
    let mut document = Document::default();
    for (path, test) in by_path {
        let bare = test.bare && test.operators.len() == 1;
        match test.operators {
            mut only if bare => only.pop().map_or(Ok(()), |(_, value)| document.put(path, value))?,
            several => document.put(path, operators(several)?)?,
        }
    }
    if !others.is_empty() {
        document.put("$and", array(others, |other| Ok(RawBson::Document(other.finish())))?)?;
    }
    Ok(document)
}

/// Whether two tests of a path can stand in one operator document. A regex equality has no operator form.
fn may_join(known: &Test<'_>, new: &Test<'_>) -> bool {
    let regex =
        |test: &Test<'_>| test.operators.iter().any(|(_, value)| matches!(value, RawBson::RegularExpression(_)));
    !regex(known)
        && !regex(new)
        && new.operators.iter().all(|(name, _)| known.operators.iter().all(|(other, _)| other != name))
}

fn listed(operator: &str, terms: &[Expr]) -> Lowered<Document> {
    if terms.is_empty() {
        // The server refuses empty lists; an empty disjunction holds for nothing.
        return filter(&Expr::Constant(operator == "$nor"));
    }
    single(operator, array(terms, |term| Ok(RawBson::Document(filter(term)?.finish())))?)
}

fn negation(term: &Expr) -> Lowered<Document> {
    match test(term)? {
        Some(inner) if !inner.bare && inner.operators.iter().all(|(name, _)| *name != "$not") => {
            single(inner.path.as_str(), wrap("$not", operators(inner.operators)?)?)
        }
        _ => listed("$nor", std::slice::from_ref(term)),
    }
}

/// The operand of `$elemMatch`: operators on the element itself, or a filter on its fields.
fn element(predicate: &Expr) -> Lowered<RawBson> {
    let mut of_itself = 0;
    let mut total = 0;
    predicate.paths(&mut |path| {
        total += 1;
        of_itself += usize::from(path.as_str().is_empty());
    });
    if of_itself == 0 {
        return Ok(RawBson::Document(filter(predicate)?.finish()));
    }
    let mixed = || {
        CompileError::new("element_predicate", format!("'{predicate}' cannot be said of one element by MongoDB"))
            .hint("test the element itself with terms joined by &, or test its fields, not both")
    };
    if of_itself < total {
        return Err(mixed());
    }
    let terms = if let Expr::And(terms) = predicate { terms.as_slice() } else { std::slice::from_ref(predicate) };
    let mut tests = Vec::new();
    for term in terms {
        match (term, test(term)?) {
            (_, Some(test)) => tests.extend(test.operators),
            (Expr::Not(inner), None) => {
                let inner = test(inner)?.ok_or_else(mixed)?;
                tests.push(("$not", operators(inner.operators)?));
            }
            _ => return Err(mixed()),
        }
    }
    let repeated = tests.iter().enumerate().any(|(at, (name, _))| tests[..at].iter().any(|(other, _)| other == name));
    if repeated { Err(mixed()) } else { operators(tests) }
}
