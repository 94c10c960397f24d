//! Letters to officers about what they were told and what is due; a letter holds no content of a case, and is sent
//! elsewhere.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::id::AuthorityName;
use crate::domain::time::Timestamp;
use crate::node::casework::audit_trail::done;
use crate::node::casework::deadlines::about::about;
use crate::node::casework::deadlines::inbox::Inbox;
use crate::node::casework::deadlines::list::DAY_SECS;
use crate::node::casework::listing::{Listing as _, Reader};
use crate::node::casework::officers::find_user;
use crate::node::casework::permits::Covers;
use crate::node::casework::qualifications::Backing;
use crate::node::casework::views::time_text;
use crate::node::casework::{Desk, Error};
use crate::node::mail::Letter;
use crate::node::store::deadlines::{self, DeadlineFilter};
use crate::node::store::mailboxes::{self, MailPace, Mailbox};
use crate::node::store::notices::{self, Notice};
use crate::node::store::users::{self, User};
use crate::node::store::{Page, StoreError, Tx, audit_events};
use crate::policy::{Action, Actor, Decision, Permit, decide};

/// The most notices, and the most deadlines, that one letter tells of.
const LINES_MAX: usize = 50;
const DEADLINES_MAX: i64 = 50;
/// The most notices that are looked at for a letter; those that the officer may no longer know of are among them.
const NOTICES_MAX: i64 = 1000;
/// The longest address (RFC 5321 4.5.3.1.3).
const ADDRESS_BYTES_MAX: usize = 254;
const HOUR_SECS: i64 = 3600;

/// The mailbox that an officer shall have.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMailbox {
    /// The address; without it the officer gets no letters any more.
    #[serde(default)]
    pub address: Option<String>,
    /// `each` or `daily`.
    #[serde(default)]
    pub pace: Option<String>,
}

/// The mailbox of an officer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MailboxView {
    /// The address; none if the officer gets no letters.
    pub address: Option<String>,
    /// `each` or `daily`.
    pub pace: Option<&'static str>,
    /// What was told since is sent.
    pub since: Option<String>,
}

/// A letter that waits for the mail server, and what it tells.
#[derive(Clone, Debug)]
pub struct Drafted {
    /// The letter.
    pub letter: Letter,
    /// The pseudonym of the officer, which log lines may name.
    pub officer: String,
    user_id: String,
    notices: Vec<String>,
    is_digest: bool,
}

/// What a look at the mailboxes needs.
#[derive(Clone)]
struct Desktop {
    authority: AuthorityName,
    now: Timestamp,
    lead_secs: i64,
    backing: Backing,
    digest_hour: u8,
}

impl Desk {
    /// Gives an officer a mailbox, or takes it away. What was told before it is not sent.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown officer, [`Error::Invalid`] for an unsound address or pace.
    pub async fn set_mailbox(
        &self,
        permit: &Permit,
        who: &str,
        input: NewMailbox,
    ) -> Result<MailboxView, Error> {
        permit.covers(Action::UserManage, None)?;
        let now = self.clock.now();
        let address = input.address.as_deref().map(sound_address).transpose()?;
        let pace = input.pace.as_deref().unwrap_or(MailPace::Each.as_str());
        let pace = MailPace::parse(pace)
            .ok_or_else(|| Error::invalid("pace", "is each (as soon as told) or daily"))?;
        let data = (who.to_owned(), address, pace, done(permit, now, None));
        self.store
            .write_with("set_mailbox", data, move |tx, (who, address, pace, event)| {
                Box::pin(async move {
                    let user = find_user(tx, who).await?.ok_or(Error::NotFound("officer"))?;
                    let verb = if address.is_some() { "set" } else { "removed" };
                    let detail = Some(format!("mailbox of {} {verb}", user.pseudonym));
                    audit_events::append(
                        tx,
                        &audit_events::NewAuditEvent { detail, ..event.clone() },
                    )
                    .await?;
                    let Some(address) = address else {
                        mailboxes::clear(tx, &user.id).await?;
                        return Ok(MailboxView { address: None, pace: None, since: None });
                    };
                    let mailbox = Mailbox {
                        user_id: user.id,
                        address: address.clone(),
                        pace: *pace,
                        since: now.0,
                        digest_at: None,
                    };
                    mailboxes::put(tx, &mailbox).await?;
                    Ok(MailboxView {
                        address: Some(mailbox.address),
                        pace: Some(pace.as_str()),
                        since: Some(time_text(now.0)),
                    })
                })
            })
            .await
    }

    /// The letters that are called for now: for each officer with a mailbox at most one.
    ///
    /// # Errors
    /// What the store says.
    pub async fn letters(&self, digest_hour: u8) -> Result<Vec<Drafted>, Error> {
        let desktop = Desktop {
            authority: self.authority.clone(),
            now: self.clock.now(),
            lead_secs: i64::from(self.rules.lead_days).saturating_mul(DAY_SECS),
            backing: self.backing(),
            digest_hour,
        };
        self.store
            .read("letters", move |tx| {
                Box::pin(async move {
                    let mut letters = Vec::new();
                    for mailbox in mailboxes::list(tx).await? {
                        letters.extend(desktop.letter(tx, &mailbox).await?);
                    }
                    Ok(letters)
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))
    }

    /// Notes that a letter was taken by the mail server, or refused for good: what it tells is not sent again.
    ///
    /// # Errors
    /// What the store says.
    pub async fn letter_done(&self, drafted: Drafted) -> Result<(), Error> {
        let now = self.clock.now().0;
        self.store
            .write_with("letter_done", drafted, move |tx, drafted| {
                Box::pin(async move {
                    notices::mailed(tx, &drafted.notices, now).await?;
                    if drafted.is_digest {
                        mailboxes::digested(tx, &drafted.user_id, now).await?;
                    }
                    Ok(())
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))
    }
}

impl Desktop {
    async fn letter(&self, tx: &mut Tx, mailbox: &Mailbox) -> Result<Option<Drafted>, StoreError> {
        let is_digest = mailbox.pace == MailPace::Daily;
        if is_digest && !self.calls_for_digest(mailbox) {
            return Ok(None);
        }
        let Some(user) = users::get(tx, &mailbox.user_id).await? else { return Ok(None) };
        // Whoever has no role in force is told of no case, by letter as little as in the inbox.
        let Some(actor) = self.backing.actor(tx, &user).await? else { return Ok(None) };
        let told = self.told(tx, mailbox, &actor).await?;
        let due = if is_digest { self.due(tx, &user, &actor).await? } else { Vec::new() };
        if told.is_empty() && due.is_empty() {
            return Ok(None);
        }
        Ok(Some(Drafted {
            letter: Letter {
                id: self.letter_id(mailbox, &told),
                to: mailbox.address.clone(),
                subject: self.subject(&told, &due, is_digest),
                text: self.text(&told, &due),
            },
            officer: user.pseudonym,
            user_id: user.id,
            notices: told.into_iter().map(|notice| notice.id).collect(),
            is_digest,
        }))
    }

    /// What the officer was told and neither read nor sent, and may still know of.
    async fn told(
        &self,
        tx: &mut Tx,
        mailbox: &Mailbox,
        actor: &Actor,
    ) -> Result<Vec<Notice>, StoreError> {
        let user = mailbox.user_id.clone();
        let reader = Reader::of(actor.clone(), Action::NoticeRead);
        let inbox = Inbox { reader, user, is_unread: true };
        let mut told = Vec::new();
        for notice in notices::unmailed(tx, &mailbox.user_id, mailbox.since, NOTICES_MAX).await? {
            if told.len() < LINES_MAX && inbox.is_open(tx, &notice).await? {
                told.push(notice);
            }
        }
        Ok(told)
    }

    /// Whether the hour of today's digest has come, and it was not sent.
    fn calls_for_digest(&self, mailbox: &Mailbox) -> bool {
        let midnight = Timestamp(self.now.0 - self.now.0.rem_euclid(DAY_SECS * 1_000_000));
        let hour = midnight.plus_secs(i64::from(self.digest_hour).saturating_mul(HOUR_SECS));
        self.now >= hour && mailbox.digest_at.is_none_or(|at| at < hour.0)
    }

    /// What is overdue or due soon and the officer's to do, a line each, of what the officer may open.
    async fn due(
        &self,
        tx: &mut Tx,
        user: &User,
        actor: &Actor,
    ) -> Result<Vec<String>, StoreError> {
        let filter = DeadlineFilter {
            due_by: Some(self.now.plus_secs(self.lead_secs).0),
            is_keeping: false,
            of: Some((user.pseudonym.clone(), user.id.clone())),
        };
        let mut lines = Vec::new();
        for row in deadlines::list(tx, &filter, &Page::first(DEADLINES_MAX)).await? {
            let Some(about) = about(tx, &row).await? else { continue };
            let decision = decide(actor, Action::DeadlineList, &about.resource, None);
            if !matches!(decision, Decision::Permit(_)) {
                continue;
            }
            let day = Timestamp(row.due_at).date();
            let verb = if row.due_at < self.now.0 { "overdue since" } else { "due on" };
            lines.push(format!("{verb} {day}: {}, {}", about.name, row.place));
        }
        Ok(lines)
    }

    /// The same for the same letter, so that one that is sent twice, over a crash, is seen to be one.
    fn letter_id(&self, mailbox: &Mailbox, told: &[Notice]) -> String {
        let mut digest = Sha256::new();
        digest.update(&mailbox.user_id);
        if told.is_empty() {
            digest.update(self.now.date().to_string());
        }
        for notice in told {
            digest.update(&notice.id);
        }
        let digest = digest.finalize();
        format!("sealane.{}", hex::encode(digest.get(..16).unwrap_or_default()))
    }

    fn subject(&self, told: &[Notice], due: &[String], is_digest: bool) -> String {
        let name = &self.authority;
        match (is_digest, told.len(), due.len()) {
            (true, told, due) => format!("[{name}] today: {told} new, {due} due or overdue"),
            (false, 1, _) => format!("[{name}] a notice for you"),
            (false, told, _) => format!("[{name}] {told} notices for you"),
        }
    }

    fn text(&self, told: &[Notice], due: &[String]) -> String {
        let mut text = String::new();
        if !told.is_empty() {
            text.push_str("You were told:\n\n");
            for notice in told {
                text.extend(["- ", &notice.text, "\n"]);
            }
            text.push('\n');
        }
        if !due.is_empty() {
            text.push_str("Yours to do, or in a case that you lead:\n\n");
            for line in due {
                text.extend(["- ", line, "\n"]);
            }
            text.push('\n');
        }
        if told.len() >= LINES_MAX || due.len() >= LINES_MAX {
            let _ = writeln!(text, "There may be more than these {LINES_MAX}.");
        }
        let _ = writeln!(
            text,
            "`sealane inbox` and `sealane deadlines` show everything. This letter was sent by the case system of {}; \
             an answer to it reaches nobody.",
            self.authority
        );
        text
    }
}

/// The address without what surrounds it, if it can be one. The mail server judges the rest.
fn sound_address(text: &str) -> Result<String, Error> {
    let text = text.trim();
    let is_sound = text.len() <= ADDRESS_BYTES_MAX
        && text.chars().all(|c| c.is_ascii_graphic() && !"<>,;\"".contains(c))
        && text
            .rsplit_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
    if is_sound {
        return Ok(text.to_owned());
    }
    Err(Error::invalid("address", "write one address, such as anna@customs.example"))
}
