//! The alarm about officers who read very much (R24): counted at each read, told to supervisors and data protection.

use sha2::{Digest as _, Sha256};

use crate::domain::id::ObjectId;
use crate::domain::time::Timestamp;
use crate::node::casework::Desk;
use crate::node::casework::qualifications::Backing;
use crate::node::rng::random;
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::notices::{self, Notice, NoticeKind};
use crate::node::store::reads::{self, ReadAlarm, RecentRead};
use crate::node::store::{StoreError, Tx, users};
use crate::policy::{Action, Permit, Role};

/// How much an officer reads before an alarm is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkRead {
    /// So many different cases and evidence items within the window are still in order; 0: nobody is watched.
    pub items_max: u32,
    /// The length of the window, in minutes.
    pub minutes: u32,
}

/// What is to be noted of a read, made ready before the write.
pub(crate) struct Watch {
    rule: BulkRead,
    read: RecentRead,
    /// The pseudonym of the officer.
    officer: String,
    now: Timestamp,
    backing: Backing,
    seed: [u8; 16],
}

impl Desk {
    /// What is to be noted of the read that a permit allows; nothing if it is none of a case or an item.
    pub(crate) fn watch(
        &self,
        permit: &Permit,
        object: Option<ObjectId>,
        now: Timestamp,
    ) -> Option<Watch> {
        let is_read =
            matches!(permit.action(), Action::CaseRead | Action::EvidenceRead | Action::PackExport);
        let (user, object) = (permit.user()?, object?);
        (is_read && self.rules.bulk_read.items_max > 0).then(|| Watch {
            rule: self.rules.bulk_read,
            read: RecentRead { user_id: user.to_string(), object: object.to_string(), at: now.0 },
            officer: permit.actor().to_string(),
            now,
            backing: self.backing(),
            seed: random(&*self.rng),
        })
    }
}

impl Watch {
    /// Notes the read; true if it raised an alarm, which [`Watch::tell`] then says aloud.
    pub(crate) async fn note(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let since = self.now.plus_secs(-60 * i64::from(self.rule.minutes)).0;
        let items_max = i64::from(self.rule.items_max);
        let count = reads::note(tx, &self.read, since, items_max.saturating_add(1)).await?;
        if count <= items_max {
            return Ok(false);
        }
        let alarm = ReadAlarm { user_id: self.read.user_id.clone(), at: self.now.0 };
        if !reads::alarm(tx, &alarm, since).await? {
            return Ok(false);
        }
        audit_events::append(tx, &self.event()).await?;
        let notices = self.notices(tx).await?;
        notices::give(tx, &notices).await?;
        Ok(true)
    }

    /// Writes the alarm to the log lines and counts it.
    pub(crate) fn tell(&self) {
        metrics::counter!("sealane_bulk_read_alarms_total").increment(1);
        let (officer, items, minutes) = (&self.officer, self.rule.items_max, self.rule.minutes);
        tracing::warn!(officer, items, minutes, "an officer read very many cases or items");
    }

    fn text(&self) -> String {
        format!(
            "{} read more than {} cases and evidence items within {} minutes",
            self.officer, self.rule.items_max, self.rule.minutes
        )
    }

    fn event(&self) -> NewAuditEvent {
        NewAuditEvent {
            at: self.now.0,
            actor: "node".to_owned(),
            role: "node".to_owned(),
            action: "read.alarm".to_owned(),
            object: None,
            purpose: None,
            outcome: "alarm".to_owned(),
            detail: Some(self.text()),
        }
    }

    /// For whoever supervises or protects data, but not for the officer whom it is about.
    async fn notices(&self, tx: &mut Tx) -> Result<Vec<Notice>, StoreError> {
        let mut notices = Vec::new();
        for user in users::list(tx).await? {
            if user.disabled_at.is_some() || user.id == self.read.user_id {
                continue;
            }
            let Some(actor) = self.backing.actor(tx, &user).await? else { continue };
            let told = [Role::Supervisor, Role::DataProtectionOfficer];
            if !told.iter().any(|role| actor.roles.contains(role)) {
                continue;
            }
            notices.push(Notice {
                id: self.notice_id(&user.id),
                user_id: user.id,
                at: self.now.0,
                object: String::new(),
                place: self.officer.clone(),
                due_at: self.now.0,
                kind: NoticeKind::BulkRead,
                text: format!("{}; see to it", self.text()),
                read_at: None,
                mailed_at: None,
            });
        }
        Ok(notices)
    }

    /// The same whenever the write runs again, and not to be guessed.
    fn notice_id(&self, user: &str) -> String {
        let digest: [u8; 32] =
            Sha256::new().chain_update(self.seed).chain_update(user).finalize().into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        ObjectId::from_random(bytes).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::casework::testing::{TestDesk, desk};
    use crate::node::casework::{NewCase, NoticeQuery};
    use crate::policy::Actor;

    const WINDOW_SECS: i64 = 600;

    async fn open(test: &TestDesk, actor: &Actor) -> String {
        let permit = test.may(actor, Action::CaseOpen, None).await;
        let input = NewCase {
            title: "tea".to_owned(),
            case_type: "revenue".to_owned(),
            ..NewCase::default()
        };
        test.desk.open_case(&permit, input).await.expect("a case").row.id
    }

    async fn read(test: &TestDesk, actor: &Actor, case: &str) {
        let permit = test.may(actor, Action::CaseRead, Some(case)).await;
        test.desk.case(&permit).await.expect("the case");
    }

    async fn alarms(test: &TestDesk) -> usize {
        test.trail().await.iter().filter(|(action, _)| action == "read.alarm").count()
    }

    #[tokio::test]
    async fn an_alarm_is_raised_once_a_window_and_told_to_those_who_see_to_it() {
        let mut test = desk().await;
        test.desk.rules.bulk_read = BulkRead { items_max: 2, minutes: 10 };
        let ada = test.officer("Ada", "case_officer", "north").await;
        let sue = test.officer("Sue", "supervisor", "north").await;
        let dora = test.officer("Dora", "data_protection_officer", "").await;
        let mut cases = Vec::new();
        for _ in 0..4 {
            cases.push(open(&test, &ada).await);
        }
        // Two within the window, however often.
        for _ in 0..3 {
            read(&test, &ada, &cases[0]).await;
            read(&test, &ada, &cases[1]).await;
        }
        assert_eq!(alarms(&test).await, 0);
        // At its end they are out of it.
        test.clock.advance_secs(WINDOW_SECS);
        read(&test, &ada, &cases[2]).await;
        read(&test, &ada, &cases[3]).await;
        assert_eq!(alarms(&test).await, 0);
        // A moment before its end the two are still in it.
        test.clock.advance_secs(WINDOW_SECS - 1);
        read(&test, &ada, &cases[0]).await;
        assert_eq!(alarms(&test).await, 1);
        for case in &cases {
            read(&test, &ada, case).await;
        }
        assert_eq!(alarms(&test).await, 1, "once a window");
        test.clock.advance_secs(WINDOW_SECS - 1);
        read(&test, &ada, &cases[0]).await;
        assert_eq!(alarms(&test).await, 1, "still the same window");
        test.clock.advance_secs(1);
        for case in &cases[..3] {
            read(&test, &ada, case).await;
        }
        assert_eq!(alarms(&test).await, 2);

        for (actor, told) in [(&sue, 2), (&dora, 2), (&ada, 0)] {
            let permit = test.may(actor, Action::NoticeRead, None).await;
            let inbox = test.desk.notices(&permit, NoticeQuery::default()).await.unwrap().items;
            let about = inbox.iter().filter(|notice| notice.kind == "bulk_read");
            assert_eq!(about.clone().count(), told);
            let officer = ada.pseudonym.to_string();
            assert!(
                about.clone().all(|notice| notice.place == officer && notice.object.is_empty())
            );
        }
        assert!(test.ask(&dora, Action::DeadlineList, None).await.is_err(), "no content");
    }

    #[tokio::test]
    async fn nobody_is_watched_without_a_limit_and_nobody_is_told_of_themselves() {
        let mut test = desk().await;
        let sue = test.officer("Sue", "supervisor", "north").await;
        let case = open(&test, &sue).await;
        for (items_max, raised) in [(0, 0), (1, 0)] {
            test.desk.rules.bulk_read = BulkRead { items_max, minutes: 10 };
            read(&test, &sue, &case).await;
            assert_eq!(alarms(&test).await, raised);
        }
        read(&test, &sue, &open(&test, &sue).await).await;
        assert_eq!(alarms(&test).await, 1);
        let permit = test.may(&sue, Action::NoticeRead, None).await;
        let inbox = test.desk.notices(&permit, NoticeQuery::default()).await.unwrap().items;
        assert!(inbox.iter().all(|notice| notice.kind != "bulk_read"));
    }
}
