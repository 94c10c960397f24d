//! Workflows as files: reads TOML into the domain's workflow and names it by its hash; moves no case.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::domain::case::{CaseStatus, CaseType};
use crate::domain::retention::Retention;
use crate::domain::workflow::{
    Approver, FieldPattern, StateRule, TaskRule, Workflow, WorkflowFault,
};

/// The workflows that ship with the node, one for each case type.
pub const SHIPPED: [&str; 11] = [
    include_str!("../../config/workflows/revenue.toml"),
    include_str!("../../config/workflows/prohibition_restriction.toml"),
    include_str!("../../config/workflows/intellectual_property.toml"),
    include_str!("../../config/workflows/drugs_precursors.toml"),
    include_str!("../../config/workflows/cites.toml"),
    include_str!("../../config/workflows/arms_dual_use.toml"),
    include_str!("../../config/workflows/cash.toml"),
    include_str!("../../config/workflows/tobacco_excise.toml"),
    include_str!("../../config/workflows/cultural_goods.toml"),
    include_str!("../../config/workflows/waste.toml"),
    include_str!("../../config/workflows/sanctions.toml"),
];

/// The longest workflow file.
pub const FILE_BYTES_MAX: usize = 64 * 1024;

/// The most tasks of a workflow.
const TASKS_MAX: usize = 64;

/// The SHA-256 of the exact bytes of a workflow file, which the records of a case name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkflowHash(pub [u8; 32]);

/// A workflow with the hash of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedWorkflow {
    /// The hash of the file.
    pub hash: WorkflowHash,
    /// What it says.
    pub workflow: Workflow,
}

/// Why a workflow file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowError {
    /// The file is too long.
    #[error("the workflow is longer than 64 KiB or sets more than 64 tasks")]
    TooLong,
    /// Not TOML, an unknown key, or a missing one.
    #[error("the workflow cannot be read: {0}")]
    Format(#[from] toml::de::Error),
    /// A word that the domain does not know.
    #[error("{field} cannot be used: {reason}")]
    Value {
        /// Where.
        field: String,
        /// Why.
        reason: String,
    },
    /// Its parts do not fit together.
    #[error("the workflow does not hold together: {0}")]
    Fault(#[from] WorkflowFault),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case_type: String,
    version: u32,
    title: String,
    states: BTreeMap<String, StateTable>,
    #[serde(default)]
    tasks: Vec<TaskTable>,
    #[serde(default)]
    retention: RetentionTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateTable {
    next: Vec<String>,
    #[serde(default)]
    requires: Vec<String>,
    approval: Option<String>,
    #[serde(default)]
    reason: bool,
    #[serde(default)]
    legal_basis: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskTable {
    key: String,
    title: String,
    starts: String,
    before: Option<String>,
    days: Option<u32>,
}

/// Periods that are not named are those of the domain.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RetentionTable {
    no_breach_months: Option<u32>,
    no_act_months: Option<u32>,
    breach_months: Option<u32>,
    decided_months: Option<u32>,
    cleared_months: Option<u32>,
    review_months: Option<u32>,
    source: Option<String>,
}

/// Reads a workflow from the text of its file.
///
/// # Errors
/// If it is too long, not in form, has an unknown key or word, or does not hold together.
pub fn load(text: &str) -> Result<LoadedWorkflow, WorkflowError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(WorkflowError::TooLong);
    }
    let file: File = toml::from_str(text)?;
    if file.tasks.len() > TASKS_MAX {
        return Err(WorkflowError::TooLong);
    }
    let workflow = file.into_workflow()?;
    workflow.check()?;
    Ok(LoadedWorkflow { hash: WorkflowHash(Sha256::digest(text.as_bytes()).into()), workflow })
}

impl File {
    fn into_workflow(self) -> Result<Workflow, WorkflowError> {
        let mut states = BTreeMap::new();
        for (name, table) in self.states {
            let state: CaseStatus = word("states", &name)?;
            states.insert(state, table.into_rule(&name)?);
        }
        let tasks = self.tasks.into_iter().map(TaskTable::into_rule);
        Ok(Workflow {
            case_type: word::<CaseType>("case_type", &self.case_type)?,
            version: self.version,
            title: self.title,
            states,
            tasks: tasks.collect::<Result<_, _>>()?,
            retention: self.retention.into_retention()?,
        })
    }
}

impl RetentionTable {
    fn into_retention(self) -> Result<Retention, WorkflowError> {
        let usual = Retention::default();
        let source = self.source.as_deref().map(|text| word("retention.source", text));
        Ok(Retention {
            no_breach_months: self.no_breach_months.unwrap_or(usual.no_breach_months),
            no_act_months: self.no_act_months.unwrap_or(usual.no_act_months),
            breach_months: self.breach_months.unwrap_or(usual.breach_months),
            decided_months: self.decided_months.unwrap_or(usual.decided_months),
            cleared_months: self.cleared_months.unwrap_or(usual.cleared_months),
            review_months: self.review_months.unwrap_or(usual.review_months),
            source: source.transpose()?.unwrap_or(usual.source),
        })
    }
}

impl StateTable {
    fn into_rule(self, name: &str) -> Result<StateRule, WorkflowError> {
        let at = |key: &str| format!("states.{name}.{key}");
        Ok(StateRule {
            next: words(&at("next"), &self.next)?,
            requires: words::<FieldPattern>(&at("requires"), &self.requires)?,
            approval: self
                .approval
                .map(|approver| word::<Approver>(&at("approval"), &approver))
                .transpose()?,
            reason: self.reason,
            legal_basis: self.legal_basis,
        })
    }
}

impl TaskTable {
    fn into_rule(self) -> Result<TaskRule, WorkflowError> {
        let at = |key: &str| format!("the task {}'s {key}", clip(&self.key));
        Ok(TaskRule {
            starts: word(&at("starts"), &self.starts)?,
            before: self.before.as_deref().map(|state| word(&at("before"), state)).transpose()?,
            days: self.days,
            title: self.title,
            key: self.key,
        })
    }
}

fn word<T: FromStr<Err: std::fmt::Display>>(field: &str, text: &str) -> Result<T, WorkflowError> {
    text.parse().map_err(|why: T::Err| WorkflowError::Value {
        field: field.to_owned(),
        reason: format!("'{}': {why}", clip(text)),
    })
}

fn words<T: FromStr<Err: std::fmt::Display>>(
    field: &str,
    texts: &[String],
) -> Result<Vec<T>, WorkflowError> {
    texts.iter().map(|text| word(field, text)).collect()
}

fn clip(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_type_has_a_workflow_that_ships() {
        let mut shipped: Vec<CaseType> = Vec::new();
        for text in SHIPPED {
            let LoadedWorkflow { workflow, .. } = load(text).unwrap();
            assert_eq!(workflow.version, 1);
            assert!(workflow.states.len() == CaseStatus::ALL.len(), "{}", workflow.name());
            let closing = &workflow.states[&CaseStatus::Closed];
            assert!(closing.reason, "{} closes without a reason", workflow.name());
            let decided = &workflow.states[&CaseStatus::Resolved];
            assert!(decided.approval.is_some() && decided.legal_basis, "{}", workflow.name());
            assert!(workflow.tasks.iter().any(|task| task.before.is_some()));
            assert_eq!(workflow.retention, Retention::default(), "what ships is what is usual");
            assert!(text.contains("\n[retention]\n"), "and it is said");
            shipped.push(workflow.case_type);
        }
        shipped.sort_unstable();
        assert_eq!(shipped, CaseType::ALL);
    }

    #[test]
    fn an_unknown_key_or_word_is_refused_with_its_place() {
        let shipped = SHIPPED[0];
        let with = |from: &str, to: &str| {
            let text = shipped.replacen(from, to, 1);
            assert_ne!(text, shipped, "{from} is not in the file");
            load(&text).unwrap_err().to_string()
        };
        assert!(with("approval =", "aproval =").contains("aproval"));
        assert!(with("case_type = \"revenue\"", "case_type = \"tea\"").contains("'tea'"));
        assert!(with("[states.triage]", "[states.trial]").contains("'trial'"));
        assert!(with("approval = \"supervisor\"", "approval = \"chief\"").contains("'chief'"));
        assert!(with("goods/*/hs", "goods/*").contains("requires"));
        assert!(with("version = 1", "version = 0").contains("versions begin with 1"));
        assert!(with("decided_months = 120", "decided_months = 0").contains("decided_months is 0"));
        assert!(with("source = \"policy\"", "source = \"habit\"").contains("retention.source"));
        assert!(load(&"#".repeat(FILE_BYTES_MAX + 1)).unwrap_err().to_string().contains("64 KiB"));
    }

    #[test]
    fn the_hash_is_that_of_the_exact_bytes() {
        let commented = format!("{}# x\n", SHIPPED[0]);
        let (shipped, commented) = (load(SHIPPED[0]).unwrap(), load(&commented).unwrap());
        assert_eq!(shipped.workflow, commented.workflow);
        assert_ne!(shipped.hash, commented.hash);
    }
}
