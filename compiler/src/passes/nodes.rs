//! Kinds of predicates, as a set: a rule is asked only about those that it knows.

use data_bridge_ir::Expr;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nodes(u16);

impl Nodes {
    pub const AND: Self = Self(1);
    pub const OR: Self = Self(1 << 1);
    pub const NOR: Self = Self(1 << 2);
    pub const NOT: Self = Self(1 << 3);
    pub const COMPARE: Self = Self(1 << 4);
    pub const IN: Self = Self(1 << 5);
    pub const EXISTS: Self = Self(1 << 6);
    pub const IS_TYPE: Self = Self(1 << 7);
    pub const ELEM_MATCH: Self = Self(1 << 8);
    pub const COMPUTED: Self = Self(1 << 9);
    pub const ALL: Self = Self(1 << 10);
    pub const LINKED: Self = Self(1 << 11);
    pub const KINDS: usize = 12;

    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a kind, by its number, is among them.
    pub const fn has(self, kind: usize) -> bool {
        self.0 & (1 << kind) != 0
    }

    /// The number of a predicate's kind; none of one that no rule knows.
    pub fn kind_of(predicate: &Expr) -> Option<usize> {
        let kind = match predicate {
            Expr::And(_) => Self::AND,
            Expr::Or(_) => Self::OR,
            Expr::Nor(_) => Self::NOR,
            Expr::Not(_) => Self::NOT,
            Expr::Compare { .. } => Self::COMPARE,
            Expr::In { .. } => Self::IN,
            Expr::Exists { .. } => Self::EXISTS,
            Expr::IsType { .. } => Self::IS_TYPE,
            Expr::ElemMatch { .. } => Self::ELEM_MATCH,
            Expr::Computed(_) => Self::COMPUTED,
            Expr::All { .. } => Self::ALL,
            Expr::Linked { .. } => Self::LINKED,
            _ => return None,
        };
        Some(kind.0.trailing_zeros() as usize)
    }
}
