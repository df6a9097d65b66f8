//! The serialized form: JSON with a version, so that a reader knows what it reads.

use serde::{Deserialize, Serialize};

use crate::plan::Plan;

/// Raised whenever the serialized form changes; the test below notices when it was forgotten.
pub const VERSION: u32 = 3;

#[derive(Serialize, Deserialize)]
struct Envelope {
    version: u32,
    plan: Plan,
}

#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    #[error("not a serialized plan: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("the plan was written in version {found} of the format, and this library reads version {VERSION}")]
    Version { found: u32 },
}

pub fn to_json(plan: &Plan) -> Result<String, FormatError> {
    Ok(serde_json::to_string(&Envelope { version: VERSION, plan: plan.clone() })?)
}

pub fn from_json(text: &str) -> Result<Plan, FormatError> {
    let any: serde_json::Value = serde_json::from_str(text)?;
    match any.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(VERSION) => Ok(serde_json::from_value::<Envelope>(any)?.plan),
        Some(found) => Err(FormatError::Version { found: u32::try_from(found).unwrap_or(u32::MAX) }),
        None => Ok(serde_json::from_value::<Envelope>(any)?.plan),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{CompareOp, Expr};
    use crate::plan::{Read, Source, Terminal};
    use crate::schema::SchemaRef;
    use crate::stage::Stage;
    use crate::value::Value;

    fn plan() -> Plan {
        let adults = Expr::compare(CompareOp::Gt, Expr::field("age"), Expr::Literal(Value::from(25_i64)));
        Plan::Read(Read {
            source: Source { collection: "users".into(), database: None, schema: SchemaRef::declare("User") },
            stages: vec![Stage::Match(adults), Stage::Limit(3)],
            terminal: Terminal::Find,
            options: [("comment".to_owned(), Value::from("why"))].into(),
        })
    }

    #[test]
    fn a_plan_survives_json() {
        assert_eq!(from_json(&to_json(&plan()).unwrap()).unwrap(), plan());
    }

    #[test]
    fn another_version_is_refused() {
        let text = to_json(&plan()).unwrap().replacen("\"version\":3", "\"version\":99", 1);
        assert!(matches!(from_json(&text), Err(FormatError::Version { found: 99 })));
    }

    /// FNV-1a, 64 bits: the same on every machine and compiler.
    fn fnv1a(bytes: &[u8]) -> u64 {
        bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
    }

    /// When this fails, the serialized form has changed: raise `VERSION` and put the new hash here.
    #[test]
    fn the_form_has_not_drifted() {
        let schema = serde_json::to_string(&schemars::schema_for!(Plan)).unwrap();
        assert_eq!((VERSION, fnv1a(schema.as_bytes())), (3, 15_457_443_006_838_382_045));
    }
}
