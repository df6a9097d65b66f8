//! Operands as the arguments they stand for.

use std::fmt;

use super::{Argument, Operator, Presence, Shape, Type};
use crate::expr::{Expr, Operands};
use crate::value::Value;

/// Each operand with the argument that it stands for, in the table's order.
pub type Bound<'a> = Vec<(&'static Argument, &'a Expr)>;

/// One thing wrong with what an operator was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misuse {
    Missing { operator: &'static Operator, argument: &'static Argument },
    Unknown { operator: &'static Operator, given: String },
    TooMany { operator: &'static Operator, given: usize },
    TooFew { operator: &'static Operator, argument: &'static Argument, given: usize },
    NotConstant { operator: &'static Operator, argument: &'static Argument },
    NotAWord { operator: &'static Operator, argument: &'static Argument, given: String },
}

impl Misuse {
    /// A stable name of the kind of mistake.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } | Self::TooFew { .. } => "missing_argument",
            Self::Unknown { .. } => "unknown_argument",
            Self::TooMany { .. } => "too_many_arguments",
            Self::NotConstant { .. } => "argument_not_constant",
            Self::NotAWord { .. } => "unknown_word",
        }
    }

    pub fn operator(&self) -> &'static Operator {
        match self {
            Self::Missing { operator, .. }
            | Self::Unknown { operator, .. }
            | Self::TooMany { operator, .. }
            | Self::TooFew { operator, .. }
            | Self::NotConstant { operator, .. }
            | Self::NotAWord { operator, .. } => operator,
        }
    }

    /// What would have been right.
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { operator, given } => {
                let names: Vec<&str> = operator.arguments.iter().map(|argument| argument.name).collect();
                let guess = nearest(given, &names).map(|name| format!("did you mean '{name}'? ")).unwrap_or_default();
                format!("{guess}arguments: {}", signature(operator))
            }
            Self::NotAWord { argument, given, .. } => {
                let guess = nearest(given, argument.words).map(|word| format!("did you mean '{word}'? "));
                format!("{}there are {}", guess.unwrap_or_default(), argument.words.join(", "))
            }
            Self::NotConstant { .. } => "give a plain value".to_owned(),
            other => format!("arguments: {}", signature(other.operator())),
        }
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.operator().name;
        match self {
            Self::Missing { argument, .. } => write!(out, "{name} needs '{}'", argument.name),
            Self::Unknown { given, .. } => write!(out, "{name} has no argument '{given}'"),
            Self::TooMany { operator, given } => {
                write!(out, "{name} takes at most {} arguments and was given {given}", operator.arguments.len())
            }
            Self::TooFew { argument, given, .. } => match argument.presence {
                Presence::Variadic(least) => write!(out, "{name} takes {least} values or more and was given {given}"),
                _ => write!(out, "{name} was given {given} arguments and needs '{}'", argument.name),
            },
            Self::NotConstant { argument, .. } => {
                write!(out, "{name} does not compute '{}': it must be a constant", argument.name)
            }
            Self::NotAWord { argument, given, .. } => write!(out, "{name} does not know {} '{given}'", argument.name),
        }
    }
}

/// The arguments as a person writes them: `input, as?, cond`.
fn signature(operator: &Operator) -> String {
    let one = |argument: &Argument| match argument.presence {
        Presence::Required => argument.name.to_owned(),
        Presence::Optional => format!("{}?", argument.name),
        Presence::Variadic(_) => format!("{} ...", argument.name),
    };
    let all: Vec<_> = operator.arguments.iter().map(one).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// The candidate that is fewest edits away, if it is near at all.
pub fn nearest<'a>(given: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let scored =
        candidates.iter().map(|candidate| (edits(&given.to_lowercase(), &candidate.to_lowercase()), *candidate));
    let (distance, best) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + best.len() / 3).then_some(best)
}

/// Levenshtein's distance.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

impl Type {
    /// What the server takes as it stands and does not evaluate.
    pub fn is_constant(self) -> bool {
        matches!(self, Self::Constant | Self::Word | Self::Name | Self::Flag | Self::Code)
    }
}

impl Operator {
    /// What each operand stands for, or everything that is wrong with them.
    ///
    /// Positions fill the required arguments first: in `$slice` the optional one stands in the middle.
    pub fn bind<'a>(&'static self, operands: &'a Operands) -> Result<Bound<'a>, Vec<Misuse>> {
        let (bound, mut wrong) = match operands {
            Operands::Named(fields) if self.shape == Shape::Object => self.by_name(fields),
            Operands::Named(fields) => {
                let unknown = |(name, _): &(String, Expr)| Misuse::Unknown { operator: self, given: name.clone() };
                (Vec::new(), fields.iter().map(unknown).collect())
            }
            Operands::Positional(items) => self.by_position(items),
            Operands::Single(item) => self.by_position(std::slice::from_ref(item)),
        };
        wrong.extend(bound.iter().filter_map(|(argument, item)| self.inconstant(argument, item)));
        if wrong.is_empty() { Ok(bound) } else { Err(wrong) }
    }

    fn by_name<'a>(&'static self, fields: &'a [(String, Expr)]) -> (Bound<'a>, Vec<Misuse>) {
        let mut wrong: Vec<_> = fields
            .iter()
            .filter(|(name, _)| self.argument(name).is_none())
            .map(|(name, _)| Misuse::Unknown { operator: self, given: name.clone() })
            .collect();
        let mut bound = Vec::new();
        for argument in self.arguments {
            match fields.iter().find(|(name, _)| name == argument.name) {
                Some((_, value)) => bound.push((argument, value)),
                None if argument.presence == Presence::Required => {
                    wrong.push(Misuse::Missing { operator: self, argument });
                }
                None => {}
            }
        }
        (bound, wrong)
    }

    fn by_position<'a>(&'static self, items: &'a [Expr]) -> (Bound<'a>, Vec<Misuse>) {
        let given = items.len();
        let bound: Bound<'a> = self.positions(given).zip(items).collect();
        let mut wrong = Vec::new();
        if bound.len() < given {
            wrong.push(Misuse::TooMany { operator: self, given });
        }
        for argument in self.arguments {
            match argument.presence {
                Presence::Required if !bound.iter().any(|(known, _)| std::ptr::eq(*known, argument)) => {
                    wrong.push(Misuse::Missing { operator: self, argument });
                }
                Presence::Variadic(least) if given < least => {
                    wrong.push(Misuse::TooFew { operator: self, argument, given });
                }
                _ => {}
            }
        }
        (bound, wrong)
    }

    /// Why a computed value, or a word that is none of those known, cannot stand in a constant argument.
    fn inconstant(&'static self, argument: &'static Argument, item: &Expr) -> Option<Misuse> {
        if !argument.types.iter().all(|kind| kind.is_constant()) {
            return None;
        }
        match item {
            Expr::Literal(Value(bson::RawBson::String(word)))
                if !argument.words.is_empty() && !argument.words.contains(&word.as_str()) =>
            {
                Some(Misuse::NotAWord { operator: self, argument, given: word.clone() })
            }
            Expr::Literal(_) | Expr::Constant(_) | Expr::Raw(_) => None,
            _ if argument.types.contains(&Type::Constant) => None,
            _ => Some(Misuse::NotConstant { operator: self, argument }),
        }
    }

    /// The argument that each operand stands for: by its name, or by its position among those without one.
    pub fn placed<'a>(
        &'static self,
        names: impl ExactSizeIterator<Item = Option<&'a str>>,
    ) -> impl Iterator<Item = Option<&'static Argument>> {
        let mut places = self.positions(names.len());
        names.map(move |name| match name {
            Some(name) => self.argument(name),
            None => places.next(),
        })
    }

    /// The arguments that so many operands stand for by position; fewer where there are too many of those.
    fn positions(&'static self, given: usize) -> impl Iterator<Item = &'static Argument> {
        let many = self.variadic().then(|| std::iter::repeat_n(self.arguments.first(), given));
        let required = self.arguments.iter().filter(|argument| argument.presence == Presence::Required).count();
        let mut spare = given.saturating_sub(required);
        let each = self.arguments.iter().filter(move |argument| {
            let optional = argument.presence == Presence::Optional;
            let taken = !optional || spare > 0;
            spare -= usize::from(optional && taken);
            taken
        });
        let each = if many.is_none() { Some(each.take(given)) } else { None };
        many.into_iter().flatten().flatten().chain(each.into_iter().flatten())
    }

    /// Whether several values stand in a list even when they are one.
    pub fn takes_many(&self) -> bool {
        self.variadic()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    fn expression(name: &str) -> &'static Operator {
        Operator::find(Kind::Expression, name).unwrap()
    }

    fn number(value: i32) -> Expr {
        Expr::Literal(value.into())
    }

    fn names(bound: &Bound<'_>) -> Vec<&'static str> {
        bound.iter().map(|(argument, _)| argument.name).collect()
    }

    fn said(name: &str, operands: &Operands) -> Vec<String> {
        let wrong = expression(name).bind(operands).unwrap_err();
        wrong.iter().map(|each| format!("{each}; {}", each.hint())).collect()
    }

    #[test]
    fn the_optional_argument_in_the_middle_is_filled_last() {
        let two = Operands::Positional(vec![Expr::field("a"), number(2)]);
        assert_eq!(names(&expression("$slice").bind(&two).unwrap()), ["array", "n"]);
        let three = Operands::Positional(vec![Expr::field("a"), number(1), number(2)]);
        assert_eq!(names(&expression("$slice").bind(&three).unwrap()), ["array", "position", "n"]);
    }

    #[test]
    fn every_mistake_is_told_at_once_with_the_nearest_name() {
        let given = Operands::Named(vec![("dat".into(), Expr::field("a")), ("zone".into(), number(1))]);
        let wrong = said("$dateTrunc", &given);
        assert_eq!(wrong.len(), 4);
        assert!(wrong[0].starts_with("$dateTrunc has no argument 'dat'; did you mean 'date'?"), "{}", wrong[0]);
        assert!(wrong[2].starts_with("$dateTrunc needs 'date'"), "{}", wrong[2]);
    }

    #[test]
    fn counts_are_checked() {
        assert!(said("$pow", &Operands::Positional(vec![number(1)]))[0].starts_with("$pow needs 'exponent'"));
        let many = Operands::Positional(vec![number(1), number(2), number(3)]);
        assert!(said("$pow", &many)[0].contains("at most 2 arguments and was given 3"));
        let one = Operands::Positional(vec![number(1)]);
        assert!(said("$ifNull", &one)[0].contains("takes 2 values or more and was given 1"));
    }

    #[test]
    fn constants_are_not_computed() {
        let given = Operands::Positional(vec![Expr::field("a")]);
        assert!(said("$meta", &given)[0].contains("must be a constant"));
    }

    #[test]
    fn far_names_are_no_guess() {
        assert_eq!(nearest("xyz", &["date", "unit"]), None);
        assert_eq!(nearest("Unit", &["date", "unit"]), Some("unit"));
    }
}
