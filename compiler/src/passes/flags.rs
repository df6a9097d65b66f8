//! Which rules may run, a switch each, and how links are followed.

use std::collections::HashSet;

use crate::error::CompileError;
use crate::relations::Strategy;

#[derive(Debug, Clone, Default)]
pub struct Flags {
    all_off: bool,
    off: HashSet<&'static str>,
    pub links: Strategy,
}

impl Flags {
    pub fn all() -> Self {
        Self::default()
    }

    pub fn none() -> Self {
        Self { all_off: true, ..Self::default() }
    }

    /// Turns one rule on or off.
    pub fn set(&mut self, name: &str, on: bool) -> Result<(), CompileError> {
        let Some(known) = super::names().find(|known| *known == name) else {
            let names: Vec<_> = super::names().collect();
            return Err(CompileError::new("unknown_rule", format!("there is no rewrite rule '{name}'"))
                .at(name)
                .hint(format!("rules: {}", names.join(", "))));
        };
        if on {
            self.off.remove(known);
        } else {
            self.off.insert(known);
        }
        Ok(())
    }

    /// Whether no rule may run.
    pub fn allow_none(&self) -> bool {
        self.all_off
    }

    pub fn allows(&self, name: &str) -> bool {
        !self.all_off && (self.off.is_empty() || !self.off.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rule_can_be_turned_off() {
        let mut flags = Flags::all();
        flags.set("merge_limits", false).unwrap();
        assert!(!flags.allows("merge_limits"));
        assert!(flags.allows("merge_matches"));
    }

    #[test]
    fn unknown_rules_are_named() {
        assert_eq!(Flags::all().set("merge_limit", false).unwrap_err().code, "unknown_rule");
    }
}
