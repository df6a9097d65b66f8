//! Physical plans: what is sent, and how the answers are put together.

use bson::{RawBson, RawDocumentBuf};

/// What a server takes in one command. Source: MongoDB manual, "Limits and Thresholds".
pub const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Commands as raw BSON, and how their answers are put together.
///
/// A plan without steps sends nothing: its answer is the empty one.
#[derive(Debug, Clone, PartialEq)]
pub struct PhysicalPlan {
    /// What is read first; the commands of later feeds and of the steps have holes for what they find.
    pub feeds: Vec<FeedStep>,
    /// The commands, each of which gives a part of the answer.
    pub steps: Vec<Step>,
    pub answer: Answer,
    /// What is run instead when a feed finds more ids than it may.
    pub otherwise: Option<Box<PhysicalPlan>>,
}

impl PhysicalPlan {
    pub fn of(steps: Vec<Step>, answer: Answer) -> Self {
        Self { feeds: Vec::new(), steps, answer, otherwise: None }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// None: the connection's database.
    pub database: Option<String>,
    pub command: RawDocumentBuf,
    pub kind: StepKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    Cursor { batch_size: Option<u32> },
    Read,
    Write { retryable: bool },
}

/// A read whose documents give ids.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedStep {
    /// What the ids are for.
    pub purpose: String,
    /// The class whose collection is read.
    pub class: String,
    pub database: Option<String>,
    pub command: RawDocumentBuf,
    /// The path of the ids, or of lists of them; a reference gives its id.
    pub collected: String,
    /// More ids than this are too many.
    pub most: Option<u64>,
}

/// Where in a command's list the ids of a feed are put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hole {
    /// The ids as they are.
    Ids { feed: usize },
    /// Each id as it is, and as a reference to the collection: the forms in which links are stored. A reference names
    /// the database where the two sides' differ.
    Links { feed: usize, collection: String, database: Option<String> },
}

impl Hole {
    /// What stands in the hole's place: a BSON symbol, which no value of a user's is ever encoded as.
    pub fn placeholder(&self) -> RawBson {
        RawBson::Symbol(match self {
            Self::Ids { feed } => format!("ids {feed}"),
            // No database is called so.
            Self::Links { feed, collection, database } => {
                format!("links {feed} {} {collection}", database.as_deref().unwrap_or("."))
            }
        })
    }

    pub fn parse(placeholder: &str) -> Option<Self> {
        let mut parts = placeholder.splitn(4, ' ');
        let (kind, feed) = (parts.next()?, parts.next()?.parse().ok()?);
        match (kind, parts.next(), parts.next()) {
            ("ids", None, None) => Some(Self::Ids { feed }),
            ("links", Some(database), Some(collection)) => {
                let database = (database != ".").then(|| database.to_owned());
                Some(Self::Links { feed, collection: collection.to_owned(), database })
            }
            _ => None,
        }
    }

    pub fn feed(&self) -> usize {
        match self {
            Self::Ids { feed } | Self::Links { feed, .. } => *feed,
        }
    }
}

/// How the steps' replies together become the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Documents,
    /// The first document, if any.
    First,
    Count,
    Exists,
    Distinct,
    /// A find-and-modify's document, if any.
    Value,
    Write,
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_found_again() {
        let links = |database: Option<&str>| Hole::Links {
            feed: 0,
            collection: "my books".to_owned(),
            database: database.map(str::to_owned),
        };
        for hole in [Hole::Ids { feed: 2 }, links(None), links(Some("far"))] {
            let RawBson::Symbol(text) = hole.placeholder() else { panic!("a symbol") };
            assert_eq!(Hole::parse(&text), Some(hole));
        }
        assert_eq!(Hole::parse("other"), None);
    }
}
