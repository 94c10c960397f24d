//! The schemes of identifiers and their stable names; checks nothing.

use std::fmt;
use std::str::FromStr;

/// The scheme an identifier is read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Container number (ISO 6346).
    Container,
    /// Size and type code of a container (ISO 6346).
    ContainerType,
    /// Movement reference number of a customs declaration, older and current shape (Annex B UCC DA).
    Mrn,
    /// A declaration number of another, national form.
    Declaration,
    /// Harmonized System code (WCO HS Convention), with or without the digits of CN, TARIC or a national tariff.
    Hs,
    /// Ship number of the International Maritime Organization (resolution A.1117(30)).
    Imo,
    /// Number of a shipping company or registered owner (IMO resolution MSC.160(78)).
    ImoCompany,
    /// Maritime mobile service identity of a ship's radio (ITU-R M.585).
    Mmsi,
    /// Master air waybill number (IATA resolution 600a).
    Awb,
    /// House air waybill number, which each forwarder writes as it likes.
    HouseAwb,
    /// Vehicle identification number (ISO 3779).
    Vin,
    /// Legal entity identifier (ISO 17442).
    Lei,
    /// International bank account number (ISO 13616).
    Iban,
    /// A bank account of another form.
    Account,
    /// Business identifier code of a bank (ISO 9362).
    Bic,
    /// Economic operators registration and identification number (Article 9 UCC, Annex 12-01 UCC DA).
    Eori,
    /// A tax or company number of a national register.
    TaxNumber,
    /// Unique consignment reference (WCO; ISO 15459 within).
    Ucr,
    /// Local reference number of a declaration (Annex B UCC DA).
    Lrn,
    /// Guarantee reference number (Annex B UCC DA, NCTS).
    Grn,
    /// TIR carnet number (TIR Convention 1975).
    TirCarnet,
    /// Administrative reference code of an excise movement (EMCS).
    Arc,
    /// Customs office reference number (Annex B UCC DA).
    CustomsOffice,
    /// Country code (ISO 3166-1).
    Country,
    /// Currency code (ISO 4217).
    Currency,
    /// Code of a place (UN/LOCODE, UNECE recommendation 16).
    Unlocode,
    /// Trade item number (GS1 General Specifications).
    Gtin,
    /// Serial shipping container code (GS1 General Specifications).
    Sscc,
    /// Mobile equipment identity (3GPP TS 23.003).
    Imei,
    /// Number of a chemical substance (CAS registry).
    Cas,
    /// Number of a seal (ISO 17712).
    Seal,
    /// Licence plate of a vehicle.
    Plate,
    /// Registration of an aircraft.
    TailNumber,
    /// Flight number.
    Flight,
    /// Voyage number of a ship.
    Voyage,
    /// Bill of lading number.
    BillOfLading,
    /// Telephone number (ITU-T E.164).
    Phone,
    /// E-mail address (RFC 5321).
    Email,
    /// Number of a passport or identity card.
    Passport,
    /// Machine-readable zone of a travel document (ICAO 9303).
    Mrz,
    /// Address of a crypto-asset (`Base58Check`, BIP-173, BIP-350), whose case may matter.
    CryptoAddress,
    /// Anything else, kept as seen.
    Other,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 42] = [
        Self::Container,
        Self::ContainerType,
        Self::Mrn,
        Self::Declaration,
        Self::Hs,
        Self::Imo,
        Self::ImoCompany,
        Self::Mmsi,
        Self::Awb,
        Self::HouseAwb,
        Self::Vin,
        Self::Lei,
        Self::Iban,
        Self::Account,
        Self::Bic,
        Self::Eori,
        Self::TaxNumber,
        Self::Ucr,
        Self::Lrn,
        Self::Grn,
        Self::TirCarnet,
        Self::Arc,
        Self::CustomsOffice,
        Self::Country,
        Self::Currency,
        Self::Unlocode,
        Self::Gtin,
        Self::Sscc,
        Self::Imei,
        Self::Cas,
        Self::Seal,
        Self::Plate,
        Self::TailNumber,
        Self::Flight,
        Self::Voyage,
        Self::BillOfLading,
        Self::Phone,
        Self::Email,
        Self::Passport,
        Self::Mrz,
        Self::CryptoAddress,
        Self::Other,
    ];

    /// The stable name, used in records, the API and the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::ContainerType => "container_type",
            Self::Mrn => "mrn",
            Self::Declaration => "declaration",
            Self::Hs => "hs",
            Self::Imo => "imo",
            Self::ImoCompany => "imo_company",
            Self::Mmsi => "mmsi",
            Self::Awb => "awb",
            Self::HouseAwb => "house_awb",
            Self::Vin => "vin",
            Self::Lei => "lei",
            Self::Iban => "iban",
            Self::Account => "account",
            Self::Bic => "bic",
            Self::Eori => "eori",
            Self::TaxNumber => "tax_number",
            Self::Ucr => "ucr",
            Self::Lrn => "lrn",
            Self::Grn => "grn",
            Self::TirCarnet => "tir_carnet",
            Self::Arc => "arc",
            Self::CustomsOffice => "customs_office",
            Self::Country => "country",
            Self::Currency => "currency",
            Self::Unlocode => "unlocode",
            Self::Gtin => "gtin",
            Self::Sscc => "sscc",
            Self::Imei => "imei",
            Self::Cas => "cas",
            Self::Seal => "seal",
            Self::Plate => "plate",
            Self::TailNumber => "tail_number",
            Self::Flight => "flight",
            Self::Voyage => "voyage",
            Self::BillOfLading => "bill_of_lading",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Passport => "passport",
            Self::Mrz => "mrz",
            Self::CryptoAddress => "crypto_address",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such identifier scheme: use one of {}", Scheme::ALL.map(Scheme::name).join(", "))]
pub struct UnknownScheme;

impl FromStr for Scheme {
    type Err = UnknownScheme;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == text).ok_or(UnknownScheme)
    }
}
