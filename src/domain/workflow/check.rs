//! Whether a workflow holds together: every state is reached and left, tasks can be done in time; changes nothing.

use std::collections::BTreeSet;

use crate::domain::case::CaseStatus;
use crate::domain::finding::short_text;
use crate::domain::workflow::{TASK_DAYS_MAX, TaskRule, Workflow, WorkflowFault};

impl Workflow {
    /// Refuses a workflow under which a case could get stuck.
    ///
    /// # Errors
    /// The first fault that is found.
    pub fn check(&self) -> Result<(), WorkflowFault> {
        if self.version == 0 {
            return Err(WorkflowFault::NoVersion);
        }
        short_text("title", &self.title).map_err(|error| WorkflowFault::Title(error.reason))?;
        self.retention.check()?;
        self.check_steps()?;
        self.check_reach()?;
        let mut keys = BTreeSet::new();
        for task in &self.tasks {
            self.check_task(task)?;
            if !keys.insert(task.key.as_str()) {
                return Err(WorkflowFault::TaskTwice(task.key.clone()));
            }
        }
        Ok(())
    }

    fn check_steps(&self) -> Result<(), WorkflowFault> {
        for (&from, rule) in &self.states {
            for &to in &rule.next {
                if !from.next().contains(&to) {
                    return Err(WorkflowFault::ForeignStep { from, to });
                }
                if !self.states.contains_key(&to) {
                    return Err(WorkflowFault::NoSuchState { from, to });
                }
            }
        }
        Ok(())
    }

    fn check_reach(&self) -> Result<(), WorkflowFault> {
        if !self.states.contains_key(&CaseStatus::Suspicion) {
            return Err(WorkflowFault::NoStart);
        }
        let reached = self.reach(CaseStatus::Suspicion);
        for &state in self.states.keys() {
            if !reached.contains(&state) {
                return Err(WorkflowFault::Unreachable(state));
            }
            if !self.reach(state).contains(&CaseStatus::Closed) {
                return Err(WorkflowFault::NoWayOut(state));
            }
        }
        Ok(())
    }

    /// The states that a case can get to from a state, with that state itself.
    fn reach(&self, from: CaseStatus) -> BTreeSet<CaseStatus> {
        let mut reached = BTreeSet::from([from]);
        let mut open = vec![from];
        while let Some(state) = open.pop() {
            open.extend(self.next(state).iter().filter(|&&next| reached.insert(next)));
        }
        reached
    }

    fn check_task(&self, task: &TaskRule) -> Result<(), WorkflowFault> {
        let fault = |reason: &str| {
            Err(WorkflowFault::Task { key: task.key.clone(), reason: reason.to_owned() })
        };
        let is_word = !task.key.is_empty()
            && task.key.len() <= 64
            && task.key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !is_word {
            return fault("a key is a lower-case word of at most 64 letters");
        }
        if let Err(error) = short_text("title", &task.title) {
            return fault(&format!("its title {}", error.reason));
        }
        if task.days.is_some_and(|days| days == 0 || days > TASK_DAYS_MAX) {
            return fault("it is due in 1 to 730 days");
        }
        if !self.states.contains_key(&task.starts) {
            return fault("it starts with a state that the workflow does not describe");
        }
        let Some(before) = task.before else { return Ok(()) };
        if !self.states.contains_key(&before) {
            return fault("it stands before a state that the workflow does not describe");
        }
        if before == task.starts || !self.reach(task.starts).contains(&before) {
            return fault(
                "a case does not come from the state that starts it to the one before which it stands",
            );
        }
        Ok(())
    }
}
