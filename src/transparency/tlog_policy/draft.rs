//! A policy while it is being read: each line is checked against those above it; evaluates nothing.

use std::collections::BTreeSet;

use crate::transparency::key::{KeyKind, VerifierKey};
use crate::transparency::text;
use crate::transparency::tlog_policy::{
    NONE, POLICY_ITEMS_MAX, PolicyError, PolicyGroup, PolicyLog, PolicyWitness, Threshold,
    TlogPolicy,
};

/// A policy while it is being read: all that later lines are checked against.
#[derive(Default)]
pub(crate) struct Draft {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<PolicyGroup>,
    quorum: Option<String>,
    names: BTreeSet<String>,
    members: BTreeSet<String>,
    log_keys: BTreeSet<[u8; 32]>,
    witness_keys: BTreeSet<[u8; 32]>,
}

impl Draft {
    pub(crate) fn add_line(&mut self, line: usize, items: &[&str]) -> Result<(), PolicyError> {
        let key = |vkey: &str| {
            vkey.parse::<VerifierKey>().map_err(|source| PolicyError::Key { line, source })
        };
        let url = |rest: &[&str]| rest.first().map(|url| (*url).to_owned());
        let added = match items {
            ["log", vkey, rest @ ..] if rest.len() < 2 => {
                self.add_log(PolicyLog { key: key(vkey)?, url: url(rest) })
            }
            ["witness", name, vkey, rest @ ..] if rest.len() < 2 => {
                let name = (*name).to_owned();
                self.add_witness(PolicyWitness { name, key: key(vkey)?, url: url(rest) })
            }
            ["group", name, threshold, members @ ..] => match parse_threshold(threshold) {
                Some(threshold) => self.add_group(PolicyGroup {
                    name: (*name).to_owned(),
                    threshold,
                    members: members.iter().map(|member| (*member).to_owned()).collect(),
                }),
                None => Err("a group needs 'all', 'any' or a number before its members"),
            },
            ["quorum", name] => self.choose_quorum(name),
            _ => Err("expected a log, witness, group or quorum line"),
        };
        added.map_err(|rule| PolicyError::Line { line, rule })
    }

    pub(crate) fn add_log(&mut self, log: PolicyLog) -> Result<(), &'static str> {
        if log.key.kind() != KeyKind::Log {
            return Err("a log's key must be of type 0x01");
        }
        if !self.log_keys.insert(log.key.public_key().to_bytes()) {
            return Err("a log's key stands twice");
        }
        check_url(log.url.as_deref())?;
        push(&mut self.logs, log)
    }

    pub(crate) fn add_witness(&mut self, witness: PolicyWitness) -> Result<(), &'static str> {
        if witness.key.kind() != KeyKind::Witness {
            return Err("a witness's key must be of type 0x04");
        }
        if !self.witness_keys.insert(witness.key.public_key().to_bytes()) {
            return Err("a witness's key stands twice");
        }
        check_url(witness.url.as_deref())?;
        self.define(&witness.name)?;
        push(&mut self.witnesses, witness)
    }

    pub(crate) fn add_group(&mut self, group: PolicyGroup) -> Result<(), &'static str> {
        for member in &group.members {
            if !self.names.contains(member) {
                return Err("a group's member is not defined above it");
            }
            if !self.members.insert(member.clone()) {
                return Err("a name is a member twice");
            }
        }
        if !(1..=group.members.len()).contains(&group.needed()) {
            return Err("a group needs at least one and at most all of its members");
        }
        self.define(&group.name)?;
        push(&mut self.groups, group)
    }

    pub(crate) fn choose_quorum(&mut self, name: &str) -> Result<(), &'static str> {
        if name != NONE && !self.names.contains(name) {
            return Err("the quorum is not defined above it");
        }
        match self.quorum.replace(name.to_owned()) {
            None => Ok(()),
            Some(_) => Err("there is a second quorum line"),
        }
    }

    fn define(&mut self, name: &str) -> Result<(), &'static str> {
        let is_item = split_items(name) == [name] && !name.contains(char::is_control);
        if name == NONE || !is_item {
            Err("this name cannot be used")
        } else if self.names.insert(name.to_owned()) {
            Ok(())
        } else {
            Err("a name is defined twice")
        }
    }

    pub(crate) fn finish(self) -> Result<TlogPolicy, PolicyError> {
        let Self { logs, witnesses, groups, quorum, .. } = self;
        let quorum = quorum.ok_or(PolicyError::Whole("it has no quorum line"))?;
        Ok(TlogPolicy { logs, witnesses, groups, quorum })
    }
}

fn push<T>(items: &mut Vec<T>, item: T) -> Result<(), &'static str> {
    if items.len() == POLICY_ITEMS_MAX {
        return Err("there are more than 1024 lines of this kind");
    }
    items.push(item);
    Ok(())
}

fn check_url(url: Option<&str>) -> Result<(), &'static str> {
    match url {
        Some(url) if split_items(url) != [url] || url.contains(char::is_control) => {
            Err("a URL has no spaces")
        }
        Some(_) | None => Ok(()),
    }
}

fn parse_threshold(word: &str) -> Option<Threshold> {
    match word {
        "all" => Some(Threshold::All),
        "any" => Some(Threshold::Any),
        count => usize::try_from(text::parse_decimal(count)?).ok().map(Threshold::AtLeast),
    }
}

/// Only space and tab part items; other Unicode spaces belong to names.
pub(crate) fn split_items(line: &str) -> Vec<&str> {
    line.split([' ', '\t']).filter(|item| !item.is_empty()).collect()
}
