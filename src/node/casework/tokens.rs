//! Tokens of officers: made, listed, revoked, recognised; only their digests are kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::domain::finding::short_text;
use crate::node::casework::audit_trail::done;
use crate::node::casework::officers::find_user;
use crate::node::casework::permits::Covers;
use crate::node::casework::views::time_text;
use crate::node::casework::{Desk, Error};
use crate::node::rng::random;
use crate::node::store::users::{self, Token};
use crate::node::store::{StoreError, audit_events};
use crate::policy::{Action, Actor, Permit};

/// How every token begins, so that scanners of leaked secrets find it.
pub const TOKEN_PREFIX: &str = "slt_";

/// The longest life of a token, in days.
const TOKEN_DAYS_MAX: u32 = 366;

const DAY_SECS: i64 = 86_400;

/// Bytes of a token's digest in its id.
const ID_BYTES: usize = 8;

/// A token to make.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// The officer: name, pseudonym or id.
    pub user: String,
    /// What it is for.
    pub label: String,
    /// How long it is good.
    pub days: u32,
}

/// A new token; the only time that it is shown.
#[derive(Serialize)]
pub struct TokenView {
    /// The secret.
    #[serde(serialize_with = "as_text")]
    pub token: Zeroizing<String>,
    /// By which it is listed and revoked; says nothing about the secret.
    pub id: String,
    /// Whose.
    pub user: String,
    /// Until when it is good.
    pub expires_at: String,
}

impl std::fmt::Debug for TokenView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenView(..)")
    }
}

/// A token as it is listed: never the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenListed {
    /// By which it is revoked.
    pub id: String,
    /// The officer's name.
    pub user: String,
    /// What it is for.
    pub label: String,
    /// When it was made.
    pub created_at: String,
    /// Until when it is good.
    pub expires_at: String,
    /// When it was revoked.
    pub revoked_at: Option<String>,
    /// `good`, `expired`, `revoked`, or `disabled` with its officer.
    pub state: &'static str,
}

impl Desk {
    /// Makes a token for an officer. The secret is given once; only its SHA-256 is kept.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such officer, [`Error::Invalid`] for a disabled one or an odd number of days.
    pub async fn new_token(&self, permit: &Permit, input: NewToken) -> Result<TokenView, Error> {
        permit.covers(Action::UserManage, None)?;
        if !(1..=TOKEN_DAYS_MAX).contains(&input.days) {
            return Err(Error::invalid("days", "a token is good for 1 to 366 days"));
        }
        let label = short_text("label", &input.label)
            .map_err(|error| Error::invalid("label", error.reason))?;
        let raw = Zeroizing::new(random::<32>(&*self.rng));
        let secret = Zeroizing::new(format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(*raw)));
        let now = self.clock.now();
        let expires_at = now.plus_secs(i64::from(input.days).saturating_mul(DAY_SECS)).0;
        let row = Token {
            hash: digest(&secret),
            user_id: String::new(),
            label,
            created_at: now.0,
            expires_at,
            revoked_at: None,
        };
        let data = (input.user, row, done(permit, now, None));
        let user = self
            .store
            .write_with("new_token", data, |tx, (who, row, event)| {
                Box::pin(async move {
                    let user = find_user(tx, who).await?.ok_or(Error::NotFound("officer"))?;
                    if user.disabled_at.is_some() {
                        return Err(Error::invalid("user", "the officer's account is disabled"));
                    }
                    users::add_token(tx, &Token { user_id: user.id, ..row.clone() }).await?;
                    let detail = Some(format!("token for {}", user.pseudonym));
                    let event = audit_events::NewAuditEvent { detail, ..event.clone() };
                    audit_events::append(tx, &event).await?;
                    Ok(user.pseudonym)
                })
            })
            .await?;
        let id = token_id(&digest(&secret));
        Ok(TokenView { token: secret, id, user, expires_at: time_text(expires_at) })
    }

    /// The actor whose valid token this is; nothing for one that is unknown, expired, revoked or of a disabled officer.
    ///
    /// The token is found by its digest, so the time of the search says nothing about the secret.
    ///
    /// # Errors
    /// What the store says.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Actor>, Error> {
        if !token.starts_with(TOKEN_PREFIX) {
            return Ok(None);
        }
        let (hash, now, backing) = (digest(token), self.clock.now().0, self.backing());
        self.store
            .read("authenticate", move |tx| {
                Box::pin(async move {
                    match users::by_token(tx, &hash, now).await? {
                        Some(user) => backing.actor(tx, &user).await,
                        None => Ok(None),
                    }
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))
    }

    /// All tokens, those of each officer together, the newest first.
    ///
    /// # Errors
    /// If the permit is for something else, or the store fails.
    pub async fn tokens(&self, permit: &Permit) -> Result<Vec<TokenListed>, Error> {
        permit.covers(Action::UserRead, None)?;
        let now = self.clock.now().0;
        let read = self.store.read("tokens", |tx| {
            Box::pin(async move {
                let mut tokens = Vec::new();
                for user in users::list(tx).await? {
                    for token in users::tokens_of(tx, &user.id).await? {
                        let is_disabled = user.disabled_at.is_some();
                        tokens.push((user.name.clone(), is_disabled, token));
                    }
                }
                Ok::<_, StoreError>(tokens)
            })
        });
        let tokens = read.await?;
        Ok(tokens.into_iter().map(|(name, gone, token)| listed(name, gone, &token, now)).collect())
    }

    /// Revokes one token, at once and for good; the officer's others stay.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that id, [`Error::Conflict`] if it was revoked before.
    pub async fn revoke_token(&self, permit: &Permit, id: &str) -> Result<TokenListed, Error> {
        permit.covers(Action::UserManage, None)?;
        let now = self.clock.now();
        let data = (id.to_owned(), done(permit, now, None));
        self.store
            .write_with("revoke_token", data, move |tx, (id, event)| {
                Box::pin(async move {
                    for user in users::list(tx).await? {
                        for token in users::tokens_of(tx, &user.id).await? {
                            if token_id(&token.hash) != *id {
                                continue;
                            }
                            if token.revoked_at.is_some() {
                                let text = "this token was revoked before";
                                return Err(Error::Conflict(text.to_owned()));
                            }
                            users::revoke_token(tx, &token.hash, now.0).await?;
                            let detail = Some(format!("revoked token {id} of {}", user.pseudonym));
                            let event = audit_events::NewAuditEvent { detail, ..event.clone() };
                            audit_events::append(tx, &event).await?;
                            let token = Token { revoked_at: Some(now.0), ..token };
                            let is_disabled = user.disabled_at.is_some();
                            return Ok(listed(user.name, is_disabled, &token, now.0));
                        }
                    }
                    Err(Error::NotFound("token"))
                })
            })
            .await
    }
}

fn listed(user: String, is_disabled: bool, token: &Token, now: i64) -> TokenListed {
    TokenListed {
        id: token_id(&token.hash),
        user,
        label: token.label.clone(),
        created_at: time_text(token.created_at),
        expires_at: time_text(token.expires_at),
        revoked_at: token.revoked_at.map(time_text),
        state: match token.revoked_at {
            _ if is_disabled => "disabled",
            Some(_) => "revoked",
            None if token.expires_at <= now => "expired",
            None => "good",
        },
    }
}

/// The first bytes of the digest: tokens are random, so no two share them.
fn token_id(hash: &[u8; 32]) -> String {
    hex::encode(&hash[..ID_BYTES])
}

fn as_text<S: serde::Serializer>(secret: &Zeroizing<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret)
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
