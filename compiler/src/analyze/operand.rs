//! What operators of filters are given: whether the field's type, and the operand, make any sense for them.

use bson::{RawBson, RawBsonRef, RawDocument};
use data_bridge_ir::{DType, Expr, Path, Value};

use super::Analyzer;
use super::shape::Shape;
use crate::error::CompileError;

/// The names of BSON types that `$type` takes. Source: MongoDB manual, "$type".
const TYPES: [&str; 22] = [
    "double",
    "string",
    "object",
    "array",
    "binData",
    "undefined",
    "objectId",
    "bool",
    "date",
    "null",
    "regex",
    "dbPointer",
    "javascript",
    "symbol",
    "javascriptWithScope",
    "int",
    "timestamp",
    "long",
    "decimal",
    "minKey",
    "maxKey",
    "number",
];
/// By name of a GeoJSON geometry, how many lists are around its positions.
const GEOMETRIES: [(&str, usize); 6] =
    [("Point", 0), ("LineString", 1), ("MultiPoint", 1), ("Polygon", 2), ("MultiLineString", 2), ("MultiPolygon", 3)];
/// Deeper collections of collections are not looked into.
const DEEPEST_COLLECTION: usize = 8;

impl Analyzer {
    /// Reports what no stored value of the field, or no server, could make sense of.
    pub(super) fn check_operand(&mut self, test: &Expr, shape: &Shape) {
        match test {
            Expr::IsType { field, types } => {
                for name in types.iter().filter(|name| !TYPES.contains(&name.as_str())) {
                    let error = CompileError::new("unknown_type", format!("'{name}' is no type of BSON"));
                    self.report(error.at(field.as_str()).hint(format!("types: {}", TYPES.join(", "))));
                }
            }
            Expr::Regex { field, pattern, options } => {
                if pattern.contains('\0') {
                    let error = CompileError::new("bad_pattern", "a pattern cannot have the character NUL as it is");
                    self.report(error.at(field.as_str()).hint("write it as \\x00"));
                }
                if let Some(unknown) = options.chars().find(|letter| !"imsxu".contains(*letter)) {
                    let message = format!("'{unknown}' is no option of a pattern");
                    self.report(CompileError::new("bad_pattern", message).at(field.as_str()).hint("options: imsx"));
                }
                self.suits(field, &[DType::String, DType::Regex], "a pattern is matched by text", shape);
            }
            Expr::Size { field, size } => {
                if *size < 0 {
                    let message = format!("no list has {size} elements");
                    self.report(CompileError::new("bad_size", message).at(field.as_str()));
                }
                self.suits(field, &[DType::Array(Box::new(DType::Any))], "only a list has a size", shape);
            }
            Expr::Mod { field, .. } => self.suits(field, &[DType::Double], "only a number leaves a remainder", shape),
            Expr::FieldOperator { field, name, operand } => match name.as_str() {
                "$bitsAllSet" | "$bitsAnySet" | "$bitsAllClear" | "$bitsAnyClear" => {
                    self.suits(field, &[DType::Int, DType::Binary], "only whole numbers and bytes have bits", shape);
                }
                "$geoWithin" | "$geoIntersects" | "$near" | "$nearSphere" => {
                    // A pair of numbers is a place too.
                    if !shape.dtype(field).is_ok_and(|dtype| dtype.may_be_array()) {
                        let document = DType::Map(Box::new(DType::Any));
                        self.suits(field, &[document], "only a geometry or a pair of numbers has a place", shape);
                    }
                    self.check_geometry(field, name, operand);
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Refuses an operator on a field that never holds what it is about.
    fn suits(&mut self, field: &Path, wanted: &[DType], rule: &str, shape: &Shape) {
        let Ok(dtype) = shape.dtype(field) else { return };
        let listed = matches!(wanted, [DType::Array(_)]);
        let meets = |wanted: &DType| if listed { dtype.may_be_array() } else { dtype.comparable_to(wanted) };
        if !field.as_str().is_empty() && !wanted.iter().any(meets) {
            let message = format!("{rule}: '{}' is {dtype}", field.as_str());
            self.report(CompileError::new("incomparable", message).at(field.as_str()));
        }
    }

    fn check_geometry(&mut self, field: &Path, operator: &str, operand: &Value) {
        let RawBson::Document(given) = &operand.0 else { return };
        let Ok(Some(RawBsonRef::Document(geometry))) = given.get("$geometry") else { return };
        let wanted: &[&str] = match operator {
            "$geoWithin" => &["Polygon", "MultiPolygon"],
            "$near" | "$nearSphere" => &["Point"],
            _ => &[],
        };
        let fault = match geometry.get_str("type") {
            Ok(kind) if !wanted.is_empty() && !wanted.contains(&kind) => {
                Some(format!("{operator} takes a {}, not a {kind}", wanted.join(" or a ")))
            }
            _ => geometry_fault(geometry, 0),
        };
        if let Some(fault) = fault {
            self.report(CompileError::new("bad_geometry", fault).at(field.as_str()));
        }
    }
}

/// What is wrong with a GeoJSON geometry. Source: RFC 7946 and MongoDB manual, "GeoJSON Objects".
fn geometry_fault(geometry: &RawDocument, depth: usize) -> Option<String> {
    let kind = geometry.get_str("type").ok()?;
    if kind == "GeometryCollection" {
        let Ok(parts) = geometry.get_array("geometries") else { return Some("a collection has 'geometries'".into()) };
        let mut parts = parts.into_iter().flatten().filter_map(|part| part.as_document());
        return if depth < DEEPEST_COLLECTION { parts.find_map(|part| geometry_fault(part, depth + 1)) } else { None };
    }
    let Some((_, lists)) = GEOMETRIES.iter().find(|(name, _)| *name == kind) else {
        let names: Vec<_> = GEOMETRIES.iter().map(|(name, _)| *name).collect();
        return Some(format!("'{kind}' is no geometry: there are {}, GeometryCollection", names.join(", ")));
    };
    match geometry.get("coordinates") {
        Ok(Some(coordinates)) => coordinates_fault(coordinates, *lists, kind.ends_with("Polygon")),
        _ => Some(format!("a {kind} has 'coordinates'")),
    }
}

fn coordinates_fault(given: RawBsonRef<'_>, lists: usize, rings: bool) -> Option<String> {
    let Some(items) = given.as_array() else { return Some(format!("{given:?} is no list of coordinates")) };
    let items: Vec<_> = items.into_iter().flatten().collect();
    if lists == 0 {
        return position_fault(&items);
    }
    if rings && lists == 1 {
        if items.len() < 4 {
            return Some("a ring has four positions or more, the last one like the first".into());
        }
        if items.first().and_then(position) != items.last().and_then(position) {
            return Some("a ring ends where it begins".into());
        }
    }
    items.into_iter().find_map(|item| coordinates_fault(item, lists - 1, rings))
}

fn position_fault(numbers: &[RawBsonRef<'_>]) -> Option<String> {
    let found: Vec<_> = numbers.iter().filter_map(number).collect();
    match found.as_slice() {
        [longitude, latitude, ..] if found.len() == numbers.len() => {
            if longitude.abs() > 180.0 || latitude.abs() > 90.0 {
                return Some(format!(
                    "[{longitude}, {latitude}] is no place: a longitude up to 180, then a latitude up to 90"
                ));
            }
            None
        }
        _ => Some("a position is a longitude and a latitude, both numbers".into()),
    }
}

fn position(given: &RawBsonRef<'_>) -> Option<Vec<f64>> {
    Some(given.as_array()?.into_iter().flatten().filter_map(|item| number(&item)).collect())
}

#[expect(clippy::cast_precision_loss, reason = "degrees are small")]
fn number(given: &RawBsonRef<'_>) -> Option<f64> {
    match given {
        RawBsonRef::Double(number) => Some(*number),
        RawBsonRef::Int32(number) => Some(f64::from(*number)),
        RawBsonRef::Int64(number) => Some(*number as f64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::*;

    #[test]
    fn geometries_are_looked_into() {
        let fault = |geometry: bson::RawDocumentBuf| geometry_fault(&geometry, 0).unwrap_or_default();
        assert_eq!(fault(rawdoc! { "type": "Point", "coordinates": [1, 2.5] }), "");
        assert!(fault(rawdoc! { "type": "Point", "coordinates": [1] }).starts_with("a position is"));
        assert!(fault(rawdoc! { "type": "Point", "coordinates": [200, 1] }).contains("is no place"));
        assert!(fault(rawdoc! { "type": "Pont", "coordinates": [1, 2] }).contains("'Pont' is no geometry"));
        assert!(fault(rawdoc! { "type": "Polygon", "coordinates": [[[0, 0], [1, 1]]] }).contains("four positions"));
        let open = rawdoc! { "type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [1, 0]]] };
        assert_eq!(fault(open), "a ring ends where it begins");
        let inner = rawdoc! { "type": "GeometryCollection", "geometries": [{ "type": "LineString" }] };
        assert_eq!(fault(inner), "a LineString has 'coordinates'");
    }
}
