//! The schemes of identifiers and their stable names; checks nothing.

use std::fmt;
use std::str::FromStr;

/// The scheme an identifier is read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// ISO 6346 container number.
    Container,
    /// Movement reference number of a customs declaration, older and current shape.
    Mrn,
    /// A declaration number of another, national form.
    Declaration,
    /// Harmonized System code, with or without national digits.
    Hs,
    /// IMO ship number.
    Imo,
    /// Maritime mobile service identity of a ship's radio.
    Mmsi,
    /// IATA air waybill number.
    Awb,
    /// ISO 3779 vehicle identification number.
    Vin,
    /// ISO 17442 legal entity identifier.
    Lei,
    /// ISO 13616 bank account number.
    Iban,
    /// A bank account of another form.
    Account,
    /// ISO 9362 business identifier code of a bank.
    Bic,
    /// Economic operators registration and identification number.
    Eori,
    /// A tax or company number of a national register.
    TaxNumber,
    /// Unique consignment reference.
    Ucr,
    /// Local reference number of a declaration.
    Lrn,
    /// Guarantee reference number.
    Grn,
    /// TIR carnet number.
    TirCarnet,
    /// Administrative reference code of an excise movement.
    Arc,
    /// Customs office reference number.
    CustomsOffice,
    /// ISO 3166-1 country code.
    Country,
    /// ISO 4217 currency code.
    Currency,
    /// UN/LOCODE of a place.
    Unlocode,
    /// GS1 trade item number.
    Gtin,
    /// GS1 serial shipping container code.
    Sscc,
    /// Mobile equipment identity.
    Imei,
    /// Number of a chemical substance.
    Cas,
    /// Number of a seal.
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
    /// Telephone number.
    Phone,
    /// E-mail address.
    Email,
    /// Number of a passport or identity card.
    Passport,
    /// Machine-readable zone of a travel document.
    Mrz,
    /// Address of a crypto-asset; kept as seen, since case may matter.
    CryptoAddress,
    /// Anything else, kept as seen.
    Other,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 39] = [
        Self::Container,
        Self::Mrn,
        Self::Declaration,
        Self::Hs,
        Self::Imo,
        Self::Mmsi,
        Self::Awb,
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
            Self::Mrn => "mrn",
            Self::Declaration => "declaration",
            Self::Hs => "hs",
            Self::Imo => "imo",
            Self::Mmsi => "mmsi",
            Self::Awb => "awb",
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
#[error(
    "no such identifier scheme: use one such as container, mrn, hs, imo, vin, lei, iban or other"
)]
pub struct UnknownScheme;

impl FromStr for Scheme {
    type Err = UnknownScheme;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == text).ok_or(UnknownScheme)
    }
}
