//! Goods and consignments of a case as papers state them; computes no duty.

use std::str::FromStr;

use crate::domain::amount::{Money, Quantity};
use crate::domain::finding::{Finding, ImpossibleValue, short_text};
use crate::domain::identifier::{Identifier, Scheme};

/// The edition of the Harmonized System that a code is read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HsEdition(u16);

impl HsEdition {
    /// The edition of a year.
    ///
    /// # Errors
    /// If it lies outside 1988 (the first) to 2099.
    pub fn new(year: u16) -> Result<Self, ImpossibleValue> {
        if (1988..=2099).contains(&year) {
            Ok(Self(year))
        } else {
            Err(ImpossibleValue::of("HS edition", "is a year from 1988, such as 2022"))
        }
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.0
    }

    /// Whether the World Customs Organization published an edition of that year.
    #[must_use]
    pub fn is_known(self) -> bool {
        matches!(self.0, 1988 | 1992 | 1996 | 2002 | 2007 | 2012 | 2017 | 2022 | 2028)
    }
}

/// One line of goods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoodsLine {
    /// The tariff code, scheme [`Scheme::Hs`].
    pub code: Option<Identifier>,
    /// The edition the code is read by; needed where there is a code.
    pub edition: Option<HsEdition>,
    /// What the goods are.
    pub description: String,
    /// The country of origin, scheme [`Scheme::Country`].
    pub origin: Option<Identifier>,
    /// How much of it.
    pub quantity: Option<Quantity>,
    /// What it is worth.
    pub value: Option<Money>,
    /// GTIN, IMEI, CAS number and the like.
    pub identifiers: Vec<Identifier>,
}

impl GoodsLine {
    /// A line of which only the description is known.
    ///
    /// # Errors
    /// If the description is empty, too long or not one line of text.
    pub fn new(description: &str) -> Result<Self, ImpossibleValue> {
        Ok(Self {
            code: None,
            edition: None,
            description: short_text("description", description)?,
            origin: None,
            quantity: None,
            value: None,
            identifiers: Vec::new(),
        })
    }

    /// The same line with a tariff code and its edition.
    ///
    /// # Errors
    /// If the code cannot be a tariff code or the edition cannot be a year of one.
    pub fn with_code(self, code: &str, edition: u16) -> Result<Self, ImpossibleValue> {
        let code = observe("HS code", Scheme::Hs, code)?;
        Ok(Self { code: Some(code), edition: Some(HsEdition::new(edition)?), ..self })
    }

    /// The same line with a country of origin.
    ///
    /// # Errors
    /// If the text cannot be a country code.
    pub fn with_origin(self, country: &str) -> Result<Self, ImpossibleValue> {
        Ok(Self { origin: Some(observe("origin", Scheme::Country, country)?), ..self })
    }

    /// What an officer should look at.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        match (&self.code, self.edition) {
            (Some(code), edition) => {
                findings.extend(wrong_scheme(code, Scheme::Hs, "code"));
                findings.extend(code.findings("code"));
                match edition {
                    None => findings.push(Finding::error(
                        "edition",
                        "is missing: a tariff code means nothing without its edition",
                    )),
                    Some(edition) if !edition.is_known() => findings.push(Finding::warning(
                        "edition",
                        "is not the year of an edition of the HS",
                    )),
                    Some(_) => {}
                }
            }
            (None, Some(_)) => {
                findings.push(Finding::warning("edition", "stands without a tariff code"));
            }
            (None, None) => {}
        }
        if let Some(origin) = &self.origin {
            findings.extend(wrong_scheme(origin, Scheme::Country, "origin"));
            findings.extend(origin.findings("origin"));
        }
        if let Some(quantity) = &self.quantity {
            findings.extend(quantity.findings());
        }
        if let Some(value) = &self.value {
            findings.extend(value.findings().into_iter().map(|finding| finding.under("value")));
        }
        for (at, identifier) in self.identifiers.iter().enumerate() {
            findings.extend(identifier.findings(&format!("identifiers/{at}")));
        }
        findings
    }
}

/// How goods cross the border (UN/CEFACT Recommendation 19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransportMode {
    /// By sea.
    Sea,
    /// By rail.
    Rail,
    /// By road.
    Road,
    /// By air.
    Air,
    /// By post.
    Mail,
    /// By several modes.
    Multimodal,
    /// By pipeline, cable or another fixed installation.
    Fixed,
    /// On inland waterways.
    InlandWater,
    /// Not known.
    Unknown,
}

impl TransportMode {
    /// Every mode.
    pub const ALL: [Self; 9] = [
        Self::Sea,
        Self::Rail,
        Self::Road,
        Self::Air,
        Self::Mail,
        Self::Multimodal,
        Self::Fixed,
        Self::InlandWater,
        Self::Unknown,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sea => "sea",
            Self::Rail => "rail",
            Self::Road => "road",
            Self::Air => "air",
            Self::Mail => "mail",
            Self::Multimodal => "multimodal",
            Self::Fixed => "fixed",
            Self::InlandWater => "inland_water",
            Self::Unknown => "unknown",
        }
    }
}

impl FromStr for TransportMode {
    type Err = ImpossibleValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|mode| mode.name() == text).ok_or_else(|| {
            ImpossibleValue::of(
                "mode of transport",
                "is sea, rail, road, air, mail, multimodal, fixed, inland_water or unknown",
            )
        })
    }
}

/// Goods on their way under one set of papers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consignment {
    /// How they travel.
    pub mode: TransportMode,
    /// MRN, bill of lading, air waybill, container, ship, vehicle, seal: each as observed.
    pub identifiers: Vec<Identifier>,
    /// Whence, scheme [`Scheme::Country`] or [`Scheme::Unlocode`].
    pub departure: Option<Identifier>,
    /// Whither, scheme [`Scheme::Country`] or [`Scheme::Unlocode`].
    pub destination: Option<Identifier>,
    /// What is in it.
    pub goods: Vec<GoodsLine>,
}

impl Consignment {
    /// A consignment known by at least one identifier.
    ///
    /// # Errors
    /// If there is no identifier: nobody could find it again.
    pub fn new(mode: TransportMode, identifiers: Vec<Identifier>) -> Result<Self, ImpossibleValue> {
        if identifiers.is_empty() {
            return Err(ImpossibleValue::of(
                "consignment",
                "has no identifier: give an MRN, a transport document, a container or another number",
            ));
        }
        Ok(Self { mode, identifiers, departure: None, destination: None, goods: Vec::new() })
    }

    /// What an officer should look at.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (at, identifier) in self.identifiers.iter().enumerate() {
            findings.extend(identifier.findings(&format!("identifiers/{at}")));
        }
        for (path, place) in [("departure", &self.departure), ("destination", &self.destination)] {
            let Some(place) = place else { continue };
            if !matches!(place.scheme, Scheme::Country | Scheme::Unlocode) {
                findings.push(Finding::error(path, "is a country or a UN/LOCODE"));
            }
            findings.extend(place.findings(path));
        }
        for (at, line) in self.goods.iter().enumerate() {
            let prefix = format!("goods/{at}");
            findings.extend(line.findings().into_iter().map(|finding| finding.under(&prefix)));
        }
        findings
    }
}

fn observe(field: &'static str, scheme: Scheme, text: &str) -> Result<Identifier, ImpossibleValue> {
    Identifier::observe(scheme, text)
        .map_err(|impossible| ImpossibleValue::of(field, &impossible.to_string()))
}

fn wrong_scheme(identifier: &Identifier, scheme: Scheme, path: &str) -> Option<Finding> {
    (identifier.scheme != scheme)
        .then(|| Finding::error(path, &format!("is of scheme {}, not {scheme}", identifier.scheme)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::has_error;

    #[test]
    fn a_goods_line_needs_an_edition_with_its_code() {
        let line = GoodsLine::new("cigarettes").unwrap().with_code("2402.20", 2022).unwrap();
        assert!(line.findings().is_empty());
        assert!(has_error(&GoodsLine { edition: None, ..line.clone() }.findings()));
        let odd = line.with_code("240220", 2021).unwrap();
        assert_eq!(odd.findings().len(), 1);
        assert!(!has_error(&odd.findings()));
        assert!(GoodsLine::new("x").unwrap().with_code("2402", 1900).is_err());
        assert!(GoodsLine::new("x").unwrap().with_code("240", 2022).is_err());
    }

    #[test]
    fn findings_carry_the_path_of_the_field() {
        let container = Identifier::observe(Scheme::Container, "CSQU3054384").unwrap();
        let mut consignment = Consignment::new(TransportMode::Sea, vec![container]).unwrap();
        let mut line = GoodsLine::new("perfume").unwrap().with_origin("AB").unwrap();
        line.value = Money::parse("10.555", "EUR").ok();
        consignment.goods.push(line);
        consignment.destination = Identifier::observe(Scheme::Seal, "1").ok();
        let paths: Vec<String> =
            consignment.findings().into_iter().map(|finding| finding.path).collect();
        assert_eq!(
            paths,
            ["identifiers/0", "destination", "goods/0/origin", "goods/0/value/amount"]
        );
    }

    #[test]
    fn a_consignment_without_any_identifier_is_refused() {
        assert!(Consignment::new(TransportMode::Road, Vec::new()).is_err());
        for mode in TransportMode::ALL {
            assert_eq!(TransportMode::from_str(mode.name()), Ok(mode));
        }
    }
}
