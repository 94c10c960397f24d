//! Instrument profiles as files: reads TOML into the domain's profile and names it by its hash; checks no request.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::domain::assistance::{
    AssistanceKind, Citation, ClockRule, ClockStart, Effect, EvidenceUse, Forms, Ground,
    GroundRule, InstrumentProfile, KindRule, OnwardRule, RequestField, Track, Urgency,
};
use crate::domain::deadline::{DeadlineSource, Span};
use crate::domain::handling::Marking;

/// The profile that ships with the node.
pub const GENERIC_POLICY: &str = include_str!("../../config/profiles/generic.policy.toml");

/// The longest profile file.
const FILE_BYTES_MAX: usize = 256 * 1024;

/// The SHA-256 of the exact bytes of a profile file, which a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileHash(pub [u8; 32]);

/// A profile with the hash of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedProfile {
    /// The hash of the file.
    pub hash: ProfileHash,
    /// What it says.
    pub profile: InstrumentProfile,
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file is too long.
    #[error("the profile is longer than 256 KiB; a profile is data, put texts elsewhere")]
    TooLong,
    /// Not TOML, an unknown key, or a missing one.
    #[error("the profile cannot be read: {0}")]
    Format(#[from] toml::de::Error),
    /// A value that the domain does not know.
    #[error("the profile's {field} cannot be used: {reason}")]
    Value {
        /// Where.
        field: &'static str,
        /// Why.
        reason: String,
    },
    /// Two files with one id and version but other bytes.
    #[error("there are two different profiles {id} version {version}; give one a new version")]
    Ambiguous {
        /// The id.
        id: String,
        /// The version.
        version: u32,
    },
}

/// The profiles that a node holds.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    by_hash: BTreeMap<ProfileHash, InstrumentProfile>,
}

impl Profiles {
    /// The profiles that ship with the node.
    ///
    /// # Errors
    /// If the shipped file is broken, which a test rules out.
    pub fn shipped() -> Result<Self, ProfileError> {
        Self::default().with(GENERIC_POLICY)
    }

    /// The same profiles and the one of a file's text.
    ///
    /// # Errors
    /// If it cannot be read, or another file claims the same id and version.
    pub fn with(mut self, text: &str) -> Result<Self, ProfileError> {
        let LoadedProfile { hash, profile } = load(text)?;
        let is_taken = self.by_hash.iter().any(|(held, other)| {
            *held != hash && other.id == profile.id && other.version == profile.version
        });
        if is_taken {
            return Err(ProfileError::Ambiguous { id: profile.id, version: profile.version });
        }
        self.by_hash.insert(hash, profile);
        Ok(self)
    }

    /// The profile of a hash. Without one the request is returned: "profile differs".
    #[must_use]
    pub fn by_hash(&self, hash: ProfileHash) -> Option<&InstrumentProfile> {
        self.by_hash.get(&hash)
    }

    /// The newest version of a profile.
    #[must_use]
    pub fn newest(&self, id: &str) -> Option<(ProfileHash, &InstrumentProfile)> {
        self.iter().filter(|(_, profile)| profile.id == id).max_by_key(|(_, p)| p.version)
    }

    /// All profiles.
    pub fn iter(&self) -> impl Iterator<Item = (ProfileHash, &InstrumentProfile)> {
        self.by_hash.iter().map(|(hash, profile)| (*hash, profile))
    }
}

/// Reads a profile from the text of its file.
///
/// # Errors
/// If it is too long, not in form, has an unknown key, or names what the domain does not know.
pub fn load(text: &str) -> Result<LoadedProfile, ProfileError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(ProfileError::TooLong);
    }
    let file: File = toml::from_str(text)?;
    let hash = ProfileHash(Sha256::digest(text.as_bytes()).into());
    Ok(LoadedProfile { hash, profile: file.into_profile()? })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    version: u32,
    title: String,
    tracks: Vec<TrackName>,
    languages: Vec<String>,
    reasons_required: bool,
    evidence_use: EvidenceUseName,
    onward_rule: OnwardRuleName,
    default_marking: String,
    review_days: u32,
    clarification_pauses: bool,
    required: Vec<String>,
    forms: FormsTable,
    kinds: Vec<KindTable>,
    clocks: Vec<ClockTable>,
    grounds: Vec<GroundTable>,
    citations: Vec<CitationTable>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum TrackName {
    Administrative,
    Judicial,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum EvidenceUseName {
    No,
    Consent,
    YesNotify,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum OnwardRuleName {
    Forbidden,
    OriginatorConsent,
    Parties,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ClockStartName {
    Received,
    Acknowledged,
    ClarificationAsked,
    ConditionsOffered,
    Postponed,
    Answered,
    OralRecorded,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SpanTable {
    Hours(u32),
    CalendarDays(u32),
    WorkingDays(u32),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FormsTable {
    written: bool,
    electronic: bool,
    oral: bool,
    oral_confirm_within: Option<SpanTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindTable {
    code: String,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    excused: Vec<String>,
    #[serde(default)]
    goods_classes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockTable {
    name: String,
    start: ClockStartName,
    urgency: Option<String>,
    span: SpanTable,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroundTable {
    code: String,
    effects: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CitationTable {
    subject: String,
    text: String,
    verified: bool,
}

impl File {
    fn into_profile(self) -> Result<InstrumentProfile, ProfileError> {
        let kinds: Vec<KindRule> =
            self.kinds.into_iter().map(KindTable::into_rule).collect::<Result<_, _>>()?;
        refuse_twice("kinds", kinds.iter().map(|rule| rule.kind.code()))?;
        let grounds: Vec<GroundRule> =
            self.grounds.into_iter().map(GroundTable::into_rule).collect::<Result<_, _>>()?;
        refuse_twice("grounds", grounds.iter().map(|rule| rule.ground.code()))?;
        Ok(InstrumentProfile {
            id: self.id,
            version: self.version,
            title: self.title,
            tracks: self.tracks.into_iter().map(Track::from).collect(),
            kinds,
            required: all("required", &self.required)?,
            forms: self.forms.into(),
            languages: self.languages,
            clocks: self.clocks.into_iter().map(ClockTable::into_rule).collect::<Result<_, _>>()?,
            clarification_pauses: self.clarification_pauses,
            grounds,
            reasons_required: self.reasons_required,
            evidence_use: self.evidence_use.into(),
            onward: self.onward_rule.into(),
            default_marking: one::<Marking>("default_marking", &self.default_marking)?,
            review_days: self.review_days,
            citations: self.citations.into_iter().map(Citation::from).collect(),
        })
    }
}

impl KindTable {
    fn into_rule(self) -> Result<KindRule, ProfileError> {
        Ok(KindRule {
            kind: one::<AssistanceKind>("kinds", &self.code)?,
            required: all::<RequestField>("kinds", &self.required)?,
            excused: all::<RequestField>("kinds", &self.excused)?,
            goods_classes: self.goods_classes,
        })
    }
}

impl GroundTable {
    fn into_rule(self) -> Result<GroundRule, ProfileError> {
        Ok(GroundRule {
            ground: one::<Ground>("grounds", &self.code)?,
            effects: all::<Effect>("grounds", &self.effects)?,
        })
    }
}

impl ClockTable {
    fn into_rule(self) -> Result<ClockRule, ProfileError> {
        let urgency = self.urgency.map(|code| one::<Urgency>("clocks", &code)).transpose()?;
        Ok(ClockRule {
            name: self.name,
            start: self.start.into(),
            urgency,
            span: self.span.into(),
            source: one::<DeadlineSource>("clocks", &self.source)?,
        })
    }
}

impl From<TrackName> for Track {
    fn from(name: TrackName) -> Self {
        match name {
            TrackName::Administrative => Self::Administrative,
            TrackName::Judicial => Self::Judicial,
        }
    }
}

impl From<EvidenceUseName> for EvidenceUse {
    fn from(name: EvidenceUseName) -> Self {
        match name {
            EvidenceUseName::No => Self::No,
            EvidenceUseName::Consent => Self::Consent,
            EvidenceUseName::YesNotify => Self::YesNotify,
        }
    }
}

impl From<OnwardRuleName> for OnwardRule {
    fn from(name: OnwardRuleName) -> Self {
        match name {
            OnwardRuleName::Forbidden => Self::Forbidden,
            OnwardRuleName::OriginatorConsent => Self::OriginatorConsent,
            OnwardRuleName::Parties => Self::Parties,
        }
    }
}

impl From<ClockStartName> for ClockStart {
    fn from(name: ClockStartName) -> Self {
        match name {
            ClockStartName::Received => Self::Received,
            ClockStartName::Acknowledged => Self::Acknowledged,
            ClockStartName::ClarificationAsked => Self::ClarificationAsked,
            ClockStartName::ConditionsOffered => Self::ConditionsOffered,
            ClockStartName::Postponed => Self::Postponed,
            ClockStartName::Answered => Self::Answered,
            ClockStartName::OralRecorded => Self::OralRecorded,
        }
    }
}

impl From<SpanTable> for Span {
    fn from(table: SpanTable) -> Self {
        match table {
            SpanTable::Hours(hours) => Self::Hours(hours),
            SpanTable::CalendarDays(days) => Self::CalendarDays(days),
            SpanTable::WorkingDays(days) => Self::WorkingDays(days),
        }
    }
}

impl From<FormsTable> for Forms {
    fn from(table: FormsTable) -> Self {
        Self {
            written: table.written,
            electronic: table.electronic,
            oral: table.oral,
            oral_confirm_within: table.oral_confirm_within.map(Span::from),
        }
    }
}

impl From<CitationTable> for Citation {
    fn from(table: CitationTable) -> Self {
        Self { subject: table.subject, text: table.text, verified: table.verified }
    }
}

fn one<T>(field: &'static str, text: &str) -> Result<T, ProfileError>
where
    T: FromStr<Err: std::fmt::Display>,
{
    T::from_str(text).map_err(|why| ProfileError::Value {
        field,
        reason: format!("'{}': {why}", text.chars().take(80).collect::<String>()),
    })
}

fn all<T>(field: &'static str, texts: &[String]) -> Result<Vec<T>, ProfileError>
where
    T: FromStr<Err: std::fmt::Display>,
{
    texts.iter().map(|text| one(field, text)).collect()
}

fn refuse_twice<'a>(
    field: &'static str,
    codes: impl Iterator<Item = &'a str>,
) -> Result<(), ProfileError> {
    let mut seen = std::collections::BTreeSet::new();
    for code in codes {
        if !seen.insert(code) {
            return Err(ProfileError::Value { field, reason: format!("{code} stands twice") });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> String {
        load(text).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_profile_is_read_and_is_policy_not_law() {
        let profiles = Profiles::shipped().unwrap();
        let (hash, profile) = profiles.newest("generic.policy").unwrap();
        assert_eq!(profiles.by_hash(hash), Some(profile));
        assert!(profile.clocks.iter().all(|clock| clock.source == DeadlineSource::Policy));
        assert!(profile.citations.iter().all(|citation| !citation.verified));
        assert!(!profile.default_marking.allows_onward());
        assert!(profile.kinds.iter().all(|rule| !rule.kind.is_special()));
        assert!(profile.allows(Ground::RunningProceedings, Effect::Postpone));
        assert!(!profile.allows(Ground::RunningProceedings, Effect::Refuse));
        let names = |urgency| -> Vec<&str> {
            profile.clocks_from(ClockStart::Received, urgency).map(|c| c.name.as_str()).collect()
        };
        assert_eq!(names(Urgency::Routine), ["acknowledge", "interim", "final"]);
        assert_eq!(names(Urgency::Immediate), ["acknowledge", "acknowledge"]);
    }

    #[test]
    fn the_hash_is_that_of_the_exact_bytes() {
        let shipped = load(GENERIC_POLICY).unwrap();
        let commented = load(&format!("{GENERIC_POLICY}# x\n")).unwrap();
        assert_eq!(shipped.profile, commented.profile);
        assert_ne!(shipped.hash, commented.hash);
        let expected: [u8; 32] = Sha256::digest(GENERIC_POLICY.as_bytes()).into();
        assert_eq!(shipped.hash, ProfileHash(expected));
    }

    #[test]
    fn two_files_with_one_version_are_refused_and_the_same_file_twice_is_one() {
        let again = Profiles::shipped().unwrap().with(GENERIC_POLICY).unwrap();
        assert_eq!(again.iter().count(), 1);
        let changed = format!("{GENERIC_POLICY}# x\n");
        assert!(matches!(again.clone().with(&changed), Err(ProfileError::Ambiguous { .. })));
        let newer = changed.replace("version = 1", "version = 2");
        let both = again.with(&newer).unwrap();
        assert_eq!(both.newest("generic.policy").map(|(_, p)| p.version), Some(2));
    }

    #[test]
    fn an_unknown_key_or_value_is_refused_with_its_name() {
        let with = |from: &str, to: &str| reason(&GENERIC_POLICY.replacen(from, to, 1));
        assert!(with("review_days", "reviewdays").contains("reviewdays"));
        assert!(with("\"K05\"", "\"K99\"").contains("K99"));
        assert!(with("\"K05\"", "\"K06\"").contains("K06 stands twice"));
        assert!(with("\"G17\"", "\"G21\"").contains("G21"));
        assert!(with("\"postpone\"", "\"ignore\"").contains("ignore"));
        assert!(with("TLP:AMBER+STRICT", "TLP:BEIGE").contains("default_marking"));
        assert!(with("\"persons\"", "\"shoe_size\"").contains("shoe_size"));
        assert!(with("source = \"policy\"", "source = \"habit\"").contains("habit"));
        assert!(with("hours = 2", "moons = 2").contains("moons"));
        assert!(reason("id = 1").contains("cannot be read"));
        assert!(reason(&"#".repeat(FILE_BYTES_MAX + 1)).contains("256 KiB"));
    }
}
