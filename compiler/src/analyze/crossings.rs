//! Where paths go through links, in documents of any shape, and whether they can be followed from there.
//!
//! Behind a stage a link is still a link: one that was unwound, renamed or read from a joined document leads where it
//! did before. What leads back is not stored, and can be asked only of the class's own documents.

use data_bridge_ir::dtype::LinkForm;
use data_bridge_ir::expr::root;
use data_bridge_ir::schema::Crossing;
use data_bridge_ir::{DType, Path};

use super::Analyzer;
use super::positions::is_position;
use super::shape::Shape;
use crate::error::CompileError;
use crate::facts::link_form;

impl Shape {
    /// Where a path first goes through a link.
    pub fn crossing(&self, path: &Path) -> Option<Crossing> {
        let Some(made) = self.made_fields().get(path.root()) else {
            return if let Self::Declared { schema, .. } = self { schema.crossing(path.as_str()) } else { None };
        };
        let crossing = made.crossing(path.as_str())?;
        // What may be the document itself is not told apart from its id.
        self.dtype(&crossing.link).is_ok_and(|dtype| is_only_link(&dtype)).then_some(crossing)
    }

    /// Whether a link, or something above it, may be a list. An element that is named by its position is none.
    pub fn is_listed(&self, link: &Path) -> bool {
        prefixes(link).any(|(prefix, next)| match self.dtype(&prefix) {
            Ok(dtype) => holds_list(&dtype) && !(next.is_some_and(is_position) && is_list(&dtype)),
            Err(_) => true,
        })
    }

    /// Whether a path leads to several documents from the list where their ids stand.
    pub(super) fn is_of_several(&self, path: &Path) -> bool {
        self.crossing(path).is_some_and(|crossing| crossing.back.is_none() && self.is_listed(&crossing.link))
    }

    /// The first list in a list on the way to a link, which no position leads into: filters do not look into it.
    fn nested_list(&self, link: &Path) -> Option<Path> {
        let nested = |prefix: &Path, dtype: &DType| {
            let inner = prefix.as_str().rsplit('.').next().is_some_and(is_position);
            dtype.members().iter().any(|member| matches!(member, DType::Array(item) if inner || is_list(item)))
        };
        let open = |next: Option<&str>| !next.is_some_and(is_position);
        prefixes(link)
            .find(|(prefix, next)| open(*next) && self.dtype(prefix).is_ok_and(|dtype| nested(prefix, &dtype)))
            .map(|(prefix, _)| prefix)
    }

    /// The form in which a link is stored, where it stands as it is stored and that is known.
    pub fn link_form(&self, link: &Path) -> Option<LinkForm> {
        match self {
            Self::Declared { schema, added } if !added.contains_key(link.root()) => link_form(schema, link),
            _ => None,
        }
    }
}

impl Analyzer {
    /// Whether a path can be followed through a link; reports why not.
    pub(super) fn may_follow(&mut self, path: &Path, crossing: &Crossing, shape: &Shape) -> bool {
        let link = crossing.link.as_str();
        let nested = shape.nested_list(&crossing.link).filter(|_| crossing.back.is_none());
        let (why, hint) = match (&crossing.back, nested) {
            (None, None) => return true,
            (_, Some(list)) => (
                format!("'{}' leads into a list in a list, and no filter looks there", list.as_str()),
                "name a position in each list, or unwind the outer one first",
            ),
            (Some(_), None) if link.split('.').any(is_position) => {
                (format!("'{link}' names a position among documents that have no order"), "leave the position out")
            }
            (Some(_), None) if is_its_own(link, shape) => return true,
            (Some(_), None) => (
                format!("'{link}' leads back and is not stored: only documents of its class lead there"),
                "join what leads back with a Lookup",
            ),
        };
        self.report(CompileError::new("link_not_followed", why).at(path.as_str()).hint(hint));
        false
    }

    /// Refuses a path behind a link where nothing follows it, and one that ends at what is not stored.
    pub(super) fn stays_here(&mut self, path: &Path, dtype: &DType, shape: &Shape) {
        let path_text = path.as_str();
        if shape.crossing(path).is_some() {
            let message = format!("'{path_text}' is a field of a linked document, which cannot be read here");
            let hint = if self.in_update {
                "read it first, and give the update its value"
            } else {
                "filter by it, sort by it, or read it in a Project, Set or Group"
            };
            self.report(CompileError::new("link_not_followed", message).at(path_text).hint(hint));
        } else if leads_back(dtype) {
            let message = format!("'{path_text}' leads back and is not stored: it cannot be read here");
            let hint = format!("name a field of the documents that it leads to, such as '{path_text}._id'");
            self.report(CompileError::new("link_not_followed", message).at(path_text).hint(hint));
        }
    }
}

/// Whether a value would be what leads back, which is not stored.
pub(super) fn leads_back(dtype: &DType) -> bool {
    matches!(dtype.link(), Some(DType::Link { back: Some(_), .. }))
}

/// Whether what leads back leads to the documents of this shape, by their own ids.
fn is_its_own(link: &str, shape: &Shape) -> bool {
    let made = shape.made_fields();
    let declared = matches!(shape, Shape::Declared { .. });
    declared && !made.contains_key(root(link)) && !made.contains_key("_id")
}

/// Each path on the way to this one and the name that follows there; at last the path itself.
fn prefixes(path: &Path) -> impl Iterator<Item = (Path, Option<&str>)> {
    let text = path.as_str();
    let ends = text.match_indices('.').map(|(end, _)| end).chain([text.len()]);
    ends.map(move |end| {
        let next = text.get(end + 1..).map(|rest| rest.split('.').next().unwrap_or(rest));
        (Path(text[..end].to_owned()), next)
    })
}

fn is_list(dtype: &DType) -> bool {
    dtype.members().iter().any(|member| matches!(member, DType::Array(_)))
}

fn holds_list(dtype: &DType) -> bool {
    dtype.members().iter().any(|member| matches!(member, DType::Any | DType::Array(_) | DType::Map(_)))
}

/// Whether a value is a link and, where it is none, nothing that has fields.
fn is_only_link(dtype: &DType) -> bool {
    dtype.members().iter().all(|member| match member {
        DType::Any | DType::Map(_) | DType::Document(_) => false,
        DType::Array(item) => is_only_link(item),
        _ => true,
    })
}
