//! What is done in a case: tasks, the three tracks and their outcomes, documents; the words of closed lists only.

use std::fmt;
use std::str::FromStr;

/// A text that is none of the words of a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such {what}: use {words}")]
pub struct UnknownWord {
    what: &'static str,
    words: &'static str,
}

macro_rules! words {
    (
        $(#[$doc:meta])*
        $name:ident, $what:literal, $list:literal {
            $($(#[$word_doc:meta])* $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$word_doc])* $variant,)+ }

        impl $name {
            /// Every word of the list.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                let unknown = UnknownWord { what: $what, words: $list };
                Self::ALL.iter().copied().find(|word| word.name() == text).ok_or(unknown)
            }
        }
    };
}

words! {
    /// How far a task is (R18).
    TaskState, "task state", "open, done or dropped" {
        /// To be done.
        Open = "open",
        /// Done.
        Done = "done",
        /// Given up; a mandatory task that was given up still holds up the case.
        Dropped = "dropped",
    }
}

words! {
    /// One of the three linked tracks of a case (R02).
    Track, "track", "investigation, administrative or judicial" {
        /// The investigation.
        Investigation = "investigation",
        /// The administrative sanction.
        Administrative = "administrative",
        /// The judicial proceedings.
        Judicial = "judicial",
    }
}

words! {
    /// How far a track is.
    TrackStatus, "track status", "open, suspended or closed" {
        /// Under way.
        Open = "open",
        /// Waits for another track.
        Suspended = "suspended",
        /// Ended, with its outcome.
        Closed = "closed",
    }
}

words! {
    /// What came out of a track.
    TrackOutcome, "outcome",
    "substantiated, unsubstantiated, transferred, warning, penalty, settlement, duty_recovered, no_sanction, conviction, acquittal, discontinued or confiscation" {
        /// The investigation found an offence.
        Substantiated = "substantiated",
        /// The investigation found none.
        Unsubstantiated = "unsubstantiated",
        /// Another authority took it over.
        Transferred = "transferred",
        /// An administrative warning.
        Warning = "warning",
        /// An administrative penalty.
        Penalty = "penalty",
        /// A settlement with the person concerned.
        Settlement = "settlement",
        /// Duties and taxes were recovered.
        DutyRecovered = "duty_recovered",
        /// No administrative sanction.
        NoSanction = "no_sanction",
        /// A court convicted.
        Conviction = "conviction",
        /// A court acquitted.
        Acquittal = "acquittal",
        /// The proceedings ended without a judgment.
        Discontinued = "discontinued",
        /// A court ordered confiscation without a conviction.
        Confiscation = "confiscation",
    }
}

impl TrackOutcome {
    /// The track on which it is an outcome.
    #[must_use]
    pub const fn track(self) -> Track {
        match self {
            Self::Substantiated | Self::Unsubstantiated | Self::Transferred => Track::Investigation,
            Self::Warning
            | Self::Penalty
            | Self::Settlement
            | Self::DutyRecovered
            | Self::NoSanction => Track::Administrative,
            Self::Conviction | Self::Acquittal | Self::Discontinued | Self::Confiscation => {
                Track::Judicial
            }
        }
    }

    /// Whether a breach was decided with it: a sanction, a recovery or a judgment against somebody.
    #[must_use]
    pub const fn is_decision(self) -> bool {
        matches!(
            self,
            Self::Warning
                | Self::Penalty
                | Self::Settlement
                | Self::DutyRecovered
                | Self::Conviction
                | Self::Confiscation
        )
    }
}

words! {
    /// The kind of a document (R28).
    DocumentType, "document type",
    "manifest, bill_of_lading, air_waybill, declaration, invoice, packing_list, origin_certificate, licence, contract, bank_record, identity_document or other" {
        /// What a means of transport carries.
        Manifest = "manifest",
        /// Sea waybill or bill of lading.
        BillOfLading = "bill_of_lading",
        /// Air waybill.
        AirWaybill = "air_waybill",
        /// Customs declaration.
        Declaration = "declaration",
        /// Commercial invoice.
        Invoice = "invoice",
        /// Packing list.
        PackingList = "packing_list",
        /// Certificate of origin.
        OriginCertificate = "origin_certificate",
        /// Licence or permit.
        Licence = "licence",
        /// Contract.
        Contract = "contract",
        /// Record of a bank.
        BankRecord = "bank_record",
        /// Passport, identity card.
        IdentityDocument = "identity_document",
        /// Anything else.
        Other = "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<T: FromStr<Err = UnknownWord> + fmt::Debug>(names: &[&str]) {
        let refusal = "x-none".parse::<T>().unwrap_err().to_string();
        for name in names {
            assert!(refusal.contains(name), "{name} is not told: {refusal}");
        }
    }

    #[test]
    fn each_word_is_read_back_and_told_to_who_does_not_know_it() {
        fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
            all.iter().map(|word| name(*word)).collect()
        }
        told::<TaskState>(&names(TaskState::ALL, TaskState::name));
        told::<Track>(&names(Track::ALL, Track::name));
        told::<TrackStatus>(&names(TrackStatus::ALL, TrackStatus::name));
        told::<TrackOutcome>(&names(TrackOutcome::ALL, TrackOutcome::name));
        told::<DocumentType>(&names(DocumentType::ALL, DocumentType::name));
        for outcome in TrackOutcome::ALL {
            assert_eq!(outcome.name().parse(), Ok(*outcome));
        }
    }

    #[test]
    fn every_track_has_outcomes() {
        for track in Track::ALL {
            assert!(TrackOutcome::ALL.iter().any(|outcome| outcome.track() == *track));
        }
    }
}
