//! What a case is about (R01); decides nothing by it.

use std::fmt;
use std::str::FromStr;

/// The kind of offence a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaseType {
    /// Duties and taxes: undervaluation, misclassification, false origin.
    Revenue,
    /// Prohibitions and restrictions.
    ProhibitionRestriction,
    /// Counterfeit and pirated goods.
    IntellectualProperty,
    /// Narcotics and precursors.
    DrugsPrecursors,
    /// Protected species.
    Cites,
    /// Arms and dual-use goods.
    ArmsDualUse,
    /// Undeclared cash.
    Cash,
    /// Tobacco and other excise goods.
    TobaccoExcise,
    /// Cultural goods.
    CulturalGoods,
    /// Waste.
    Waste,
    /// Sanctions and embargoes.
    Sanctions,
}

impl CaseType {
    /// Every case type.
    pub const ALL: [Self; 11] = [
        Self::Revenue,
        Self::ProhibitionRestriction,
        Self::IntellectualProperty,
        Self::DrugsPrecursors,
        Self::Cites,
        Self::ArmsDualUse,
        Self::Cash,
        Self::TobaccoExcise,
        Self::CulturalGoods,
        Self::Waste,
        Self::Sanctions,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revenue => "revenue",
            Self::ProhibitionRestriction => "prohibition_restriction",
            Self::IntellectualProperty => "intellectual_property",
            Self::DrugsPrecursors => "drugs_precursors",
            Self::Cites => "cites",
            Self::ArmsDualUse => "arms_dual_use",
            Self::Cash => "cash",
            Self::TobaccoExcise => "tobacco_excise",
            Self::CulturalGoods => "cultural_goods",
            Self::Waste => "waste",
            Self::Sanctions => "sanctions",
        }
    }
}

impl fmt::Display for CaseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no case type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no such case type: use revenue, prohibition_restriction, intellectual_property, drugs_precursors, cites, arms_dual_use, cash, tobacco_excise, cultural_goods, waste or sanctions"
)]
pub struct UnknownCaseType;

impl FromStr for CaseType {
    type Err = UnknownCaseType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(UnknownCaseType)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_case_type_has_its_own_name() {
        for kind in CaseType::ALL {
            assert_eq!(CaseType::from_str(kind.name()), Ok(kind));
            assert!(UnknownCaseType.to_string().contains(kind.name()));
        }
        assert_eq!(CaseType::from_str("Revenue"), Err(UnknownCaseType));
    }
}
