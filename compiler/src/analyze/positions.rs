//! Positions in lists, in paths that are read as values.
//!
//! A filter reads `tags.0` as the first element; an expression reads it as the field `0` of every element. So a position
//! in what is declared as a list becomes an operator.
//!
//! ```text
//! tags.0        =>   $arrayElemAt [tags, 0]
//! items.0.ys.1  =>   let element = $arrayElemAt [items, 0] in $arrayElemAt [element.ys, 1]
//! items.ys.1    =>   map items as element: $arrayElemAt [element.ys, 1]
//! ```

use std::borrow::Cow;

use data_bridge_ir::expr::root;
use data_bridge_ir::{DType, Expr, Operands, Value};

const ELEMENT: &str = "element";

/// The value at a path with a position in a declared list; none where the path reads as it stands.
///
/// `first` is the type of what its first name names, and `base` what reads a path without positions.
pub(super) fn positioned(path: &str, first: &DType, base: impl Fn(&str) -> Expr) -> Option<Expr> {
    has_position(path, first).then(|| read(path, first, &base))
}

/// Whether a path names an element of a list by its position. Its first name is that of the value.
pub(super) fn has_position(path: &str, dtype: &DType) -> bool {
    path.split('.').any(is_position) && steps(path, dtype).any(|step| step.position.is_some())
}

/// The type that a path reads as a value: a list of what is at its end, for each list that it goes through.
pub(super) fn read_type(path: &str, first: &DType) -> DType {
    let below = path.get(root(path).len() + 1..);
    let Some(end) = below.map_or(Some(Cow::Borrowed(first)), |below| first.lookup(below).found()) else {
        return DType::Any;
    };
    let through = steps(path, first).filter(|step| step.position.is_none()).count();
    (0..through).fold(end.into_owned(), |dtype, _| DType::Array(Box::new(dtype)))
}

/// Whether a segment of a path may be the number of an element.
pub(super) fn is_position(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

/// A list on a path.
struct Step {
    /// Where the name of the list ends.
    end: usize,
    element: DType,
    /// The position that follows it, and where that ends.
    position: Option<(i64, usize)>,
}

/// The lists on a path before its end, in order.
fn steps<'p>(path: &'p str, dtype: &DType) -> impl Iterator<Item = Step> + 'p {
    let (mut current, mut end) = (Some(dtype.clone()), root(path).len());
    std::iter::from_fn(move || {
        loop {
            let rest = path.get(end + 1..)?;
            let dtype = current.take()?;
            let segment = root(rest);
            let after = end + 1 + segment.len();
            let item = element(&dtype);
            current = dtype.lookup(segment).found().map(Cow::into_owned);
            if let Some(element) = item {
                let position = segment.parse().ok().filter(|_| is_position(segment)).map(|number| (number, after));
                let step = Step { end, element, position };
                end = after;
                return Some(step);
            }
            end = after;
        }
    })
}

fn element(dtype: &DType) -> Option<DType> {
    match dtype.non_null() {
        DType::Array(item) => Some(*item),
        _ => None,
    }
}

/// What is at a path whose first name is that of a value, which `base` reads.
fn read(path: &str, dtype: &DType, base: &dyn Fn(&str) -> Expr) -> Expr {
    if !has_position(path, dtype) {
        return base(path);
    }
    let Some(list) = steps(path, dtype).next() else { return base(path) };
    let found = base(&path[..list.end]);
    let inside = |end: usize| {
        let below = format!("{ELEMENT}{}", &path[end..]);
        read(&below, &list.element, &|path| Expr::Variable(path.to_owned()))
    };
    match list.position {
        Some((number, end)) => {
            let element = call("$arrayElemAt", Operands::Positional(vec![found, Expr::Literal(Value::from(number))]));
            if end == path.len() {
                return element;
            }
            let bound = Expr::Document(vec![(ELEMENT.to_owned(), element)]);
            call("$let", Operands::Named(vec![("vars".to_owned(), bound), ("in".to_owned(), inside(end))]))
        }
        None => {
            let name = Expr::Literal(Value::from(ELEMENT));
            let given = [("input", found), ("as", name), ("in", inside(list.end))];
            call("$map", Operands::Named(given.map(|(name, operand)| (name.to_owned(), operand)).into()))
        }
    }
}

fn call(name: &str, operands: Operands) -> Expr {
    Expr::Call { name: name.to_owned(), operands }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::SchemaRef;
    use data_bridge_ir::schema::{FieldSchema, Schema};

    use super::*;

    fn list(item: DType) -> DType {
        DType::Array(Box::new(item))
    }

    fn items() -> DType {
        let item = SchemaRef::declare("Item");
        let fields = [("ys", list(DType::Int)), ("z", DType::Int)];
        let fields = fields.map(|(name, dtype)| (name.to_owned(), FieldSchema::new(dtype, true)));
        item.define(Schema { fields: fields.into_iter().collect(), ..Schema::default() });
        list(DType::Document(item))
    }

    fn shown(path: &str, dtype: &DType) -> String {
        positioned(path, dtype, Expr::field).map_or_else(|| "as it stands".to_owned(), |read| read.to_string())
    }

    #[test]
    fn each_position_is_an_operator() {
        let element = "let(vars={element: arrayElemAt(items, 0)}, in=arrayElemAt($$element.ys, 1))";
        assert_eq!(shown("items.0.ys.1", &items()), element);
        assert_eq!(shown("grid.0.1", &list(list(DType::Int))), element.replace("items", "grid").replace(".ys", ""));
        let each = r#"map(input=items, as="element", in=arrayElemAt($$element.ys, 1))"#;
        assert_eq!(shown("items.ys.1", &items()), each);
    }

    #[test]
    fn other_paths_read_as_they_stand() {
        for path in ["items", "items.z", "items.ys", "items.z.0"] {
            assert_eq!(shown(path, &items()), "as it stands", "{path}");
        }
        assert_eq!(shown("by.0", &DType::Map(Box::new(DType::Int))), "as it stands");
    }

    #[test]
    fn a_path_reads_a_list_for_each_list_on_its_way() {
        assert_eq!(read_type("items.z", &items()), list(DType::Int));
        assert_eq!(read_type("items.ys", &items()), list(list(DType::Int)));
        assert_eq!(read_type("items.0.ys", &items()), list(DType::Int));
        assert_eq!(read_type("items.ys.0", &items()), list(DType::Int));
    }
}
