//! Drops computed fields that nobody reads.
//!
//! ```text
//! Set(n=a + 1, m=a * 2) . Group(by=m)   =>   Set(m=a * 2) . Group(by=m)
//! Set(n=a + 1) . Unset(n)               =>   Unset(n)
//! ```
//!
//! Never where the documents themselves are given, or where something may read them whole: `$$ROOT`, an opaque stage.
//! Never a field that is overwritten in documents which are given: it was the first to have that place. Fields are told
//! apart by their first name, so `Set(a.b=1)` stays where `a.c` is read. Null, missing and arrays: a
//! `Set` neither adds nor drops a document. One that fails on a document fails no longer.

use data_bridge_ir::Stage;
use data_bridge_ir::plan::Read;

use super::ReadRule;
use super::unread::{Fate, without_unread};
use crate::facts::Facts;

pub struct DropUnreadSet;

impl ReadRule for DropUnreadSet {
    fn name(&self) -> &'static str {
        "drop_unread_set"
    }

    fn rewrite(&self, read: &Read, _facts: &Facts) -> Option<Vec<Stage>> {
        let is_set = |stage: &Stage| matches!(stage, Stage::Set(_));
        without_unread(read, is_set, |stage, needed| {
            let Stage::Set(fields) = stage else { return Fate::Stays };
            let seen: Vec<_> = fields.iter().filter(|(path, _)| needed.has(path.root())).collect();
            match seen.len() {
                0 => Fate::Goes,
                all if all == fields.len() => Fate::Stays,
                _ => Fate::Becomes(Stage::Set(seen.into_iter().cloned().collect())),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;
    use data_bridge_ir::plan::Terminal;

    use super::*;
    use crate::testing::{eq, group, include, print, read, set, sort};

    fn rewritten(stages: &[Stage], terminal: Terminal) -> Option<String> {
        DropUnreadSet.rewrite(&read(stages.to_vec(), terminal), &Facts::none()).map(|stages| print(&stages))
    }

    fn two() -> Stage {
        Stage::Set(vec![("n".into(), Expr::field("a")), ("m.x".into(), Expr::field("a"))])
    }

    #[test]
    fn what_nobody_reads_goes() {
        let after = Some("Set(m.x=a) . Group(by=m, n=sum(b))".to_owned());
        assert_eq!(rewritten(&[two(), group("m", "b")], Terminal::Aggregate), after);
        let after = Some("Group(by=c, n=sum(b))".to_owned());
        assert_eq!(rewritten(&[two(), group("c", "b")], Terminal::Aggregate), after);
        assert_eq!(
            rewritten(&[two(), Stage::Match(eq("m.y", 1))], Terminal::Count).unwrap(),
            "Set(m.x=a) . Match(m.y == 1)"
        );
    }

    #[test]
    fn what_is_given_or_read_stays() {
        assert_eq!(rewritten(&[two()], Terminal::Find), None);
        assert_eq!(rewritten(&[set("n", Expr::field("a")), sort("n"), group("c", "b")], Terminal::Aggregate), None);
        assert_eq!(rewritten(&[set("n.x", Expr::field("a")), group("n.y", "b")], Terminal::Aggregate), None);
    }

    #[test]
    fn what_is_dropped_again_goes() {
        let stages = [set("n", Expr::field("a")), Stage::Unset(vec!["n".into()])];
        assert_eq!(rewritten(&stages, Terminal::Find).unwrap(), "Unset(n)");
    }

    #[test]
    fn the_first_of_two_writes_makes_the_place() {
        let twice = [set("n", Expr::field("a")), set("m", Expr::field("a")), set("n", Expr::field("b"))];
        assert_eq!(rewritten(&twice, Terminal::Aggregate), None);
        let shown = [twice.as_slice(), &[include(&["n", "m"])]].concat();
        assert_eq!(rewritten(&shown, Terminal::Aggregate), None);
        let grouped = [twice.as_slice(), &[group("n", "m")]].concat();
        assert_eq!(rewritten(&grouped, Terminal::Aggregate).unwrap(), "Set(m=a) . Set(n=b) . Group(by=n, n=sum(m))");
    }

    #[test]
    fn opaque_stages_read_everything() {
        assert_eq!(rewritten(&[two(), Stage::Raw(1.into()), group("c", "b")], Terminal::Aggregate), None);
        let root = set("r", Expr::Variable("ROOT".into()));
        assert_eq!(rewritten(&[two(), root, group("r", "b")], Terminal::Aggregate), None);
    }
}
