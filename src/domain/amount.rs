//! Decimal text, money and quantities as papers state them; no floats and no rounding.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::domain::finding::{Finding, ImpossibleValue, short_text};
use crate::domain::identifier::{Check, Identifier, Scheme};

/// The most digits before the decimal point.
pub const INTEGER_DIGITS_MAX: usize = 18;

/// The most digits after the decimal point.
pub const FRACTION_DIGITS_MAX: usize = 12;

/// A decimal number as written, such as `1250.00`; its trailing zeros are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    units: i128,
    scale: u8,
}

/// Why a text is not a decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a decimal number: use digits with a point and no separators, such as 1250.50, with at most 18 digits before the point and 12 after"
)]
pub struct InvalidDecimal;

impl Decimal {
    /// Whether it is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.units < 0
    }

    /// Whether it is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.units == 0
    }

    /// How many digits are written after the point.
    #[must_use]
    pub const fn fraction_digits(self) -> u8 {
        self.scale
    }

    /// The order by value: `1.0` equals `1.00`.
    #[must_use]
    pub fn compare(self, other: Self) -> Ordering {
        self.at_full_scale().cmp(&other.at_full_scale())
    }

    /// The sum, if it has no more digits than a decimal may have.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let units = self.at_scale(scale).checked_add(other.at_scale(scale))?;
        let bound = 10_i128.pow(u32::from(scale)).checked_mul(10_i128.pow(18))?;
        (units.abs() < bound).then_some(Self { units, scale })
    }

    /// The difference, if it has no more digits than a decimal may have.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self { units: other.units.checked_neg()?, ..other })
    }

    /// Cannot overflow: at most 18 + 12 digits fit an `i128`.
    fn at_scale(self, scale: u8) -> i128 {
        self.units * 10_i128.pow(u32::from(scale.saturating_sub(self.scale)))
    }

    fn at_full_scale(self) -> i128 {
        self.at_scale(12)
    }
}

impl FromStr for Decimal {
    type Err = InvalidDecimal;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (is_negative, digits) =
            text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (integer, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_sound = (1..=INTEGER_DIGITS_MAX).contains(&integer.len())
            && fraction.len() <= FRACTION_DIGITS_MAX
            && (fraction.is_empty() != digits.contains('.'))
            && integer.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit());
        if !is_sound {
            return Err(InvalidDecimal);
        }
        let units = integer
            .bytes()
            .chain(fraction.bytes())
            .fold(0_i128, |units, digit| units * 10 + i128::from(digit - b'0'));
        let scale = u8::try_from(fraction.len()).map_err(|_| InvalidDecimal)?;
        Ok(Self { units: if is_negative { -units } else { units }, scale })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let one = 10_u128.pow(u32::from(self.scale));
        let (integer, fraction) =
            (self.units.unsigned_abs() / one, self.units.unsigned_abs() % one);
        if self.scale == 0 {
            write!(f, "{sign}{integer}")
        } else {
            write!(f, "{sign}{integer}.{fraction:0width$}", width = usize::from(self.scale))
        }
    }
}

/// An amount of money: decimal text and the currency as observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// The amount.
    pub amount: Decimal,
    /// The currency, scheme [`Scheme::Currency`].
    pub currency: Identifier,
}

impl Money {
    /// The amount of money that two texts state.
    ///
    /// # Errors
    /// If the amount is not a decimal number or the currency is not three letters.
    pub fn parse(amount: &str, currency: &str) -> Result<Self, ImpossibleValue> {
        let amount = Decimal::from_str(amount.trim())
            .map_err(|invalid| ImpossibleValue::of("amount", &invalid.to_string()))?;
        let currency = Identifier::observe(Scheme::Currency, currency)
            .map_err(|impossible| ImpossibleValue::of("currency", &impossible.to_string()))?;
        Ok(Self { amount, currency })
    }

    /// What an officer should look at: unknown currency, fractions the currency does not have, a negative amount.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = self.currency.findings("currency");
        if self.currency.check == Check::Pass {
            let digits = minor_digits(&self.currency.normalised);
            if digits.is_some_and(|digits| u16::from(self.amount.fraction_digits()) > digits) {
                findings.push(Finding::warning(
                    "amount",
                    "has more digits after the point than the currency has; check it against the paper",
                ));
            }
        }
        if self.amount.is_negative() {
            findings.push(Finding::warning("amount", "is negative; check it against the paper"));
        }
        findings
    }
}

/// How many digits after the point a currency has (ISO 4217 minor unit).
fn minor_digits(currency: &str) -> Option<u16> {
    iso_currency::Currency::from_code(currency).and_then(iso_currency::Currency::exponent)
}

/// A quantity with its unit (UN/CEFACT Recommendation 20, such as KGM).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// The number.
    pub amount: Decimal,
    /// The unit as written, in upper case.
    pub unit: String,
}

impl Quantity {
    /// The quantity that two texts state.
    ///
    /// # Errors
    /// If the amount is not a decimal number of zero or more, or the unit is missing.
    pub fn parse(amount: &str, unit: &str) -> Result<Self, ImpossibleValue> {
        let amount = Decimal::from_str(amount.trim())
            .map_err(|invalid| ImpossibleValue::of("quantity", &invalid.to_string()))?;
        if amount.is_negative() {
            return Err(ImpossibleValue::of("quantity", "is below zero; nobody can seize that"));
        }
        Ok(Self { amount, unit: short_text("unit", unit)?.to_uppercase() })
    }

    /// What an officer should look at.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let is_coded = (2..=3).contains(&self.unit.len())
            && self.unit.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let mut findings = Vec::new();
        if !is_coded {
            findings.push(Finding::warning(
                "unit",
                "is not a code of UN/CEFACT Recommendation 20 such as KGM, NMB, LTR",
            ));
        }
        if self.amount.is_zero() {
            findings.push(Finding::warning("quantity", "is zero; check it against the paper"));
        }
        findings
    }

    /// Whether parts of one unit are together not more than the whole they come from.
    ///
    /// # Errors
    /// If a part has another unit or the parts are more than the whole.
    pub fn holds(&self, parts: &[Self]) -> Result<(), ImpossibleValue> {
        let mut sum = Decimal { units: 0, scale: 0 };
        for part in parts {
            if part.unit != self.unit {
                return Err(ImpossibleValue::of(
                    "quantity",
                    "of a part has another unit than the whole; convert it first",
                ));
            }
            sum = sum.plus(part.amount).ok_or_else(|| {
                ImpossibleValue::of("quantity", "of the parts is too large to add up")
            })?;
        }
        if sum.compare(self.amount) == Ordering::Greater {
            return Err(ImpossibleValue::of(
                "quantity",
                "of the parts is more than the whole they were taken from",
            ));
        }
        Ok(())
    }

    /// What is left when a part was taken.
    ///
    /// # Errors
    /// As [`Self::holds`].
    pub fn without(&self, part: &Self) -> Result<Self, ImpossibleValue> {
        self.holds(std::slice::from_ref(part))?;
        let amount = self
            .amount
            .minus(part.amount)
            .ok_or_else(|| ImpossibleValue::of("quantity", "that is left has too many digits"))?;
        Ok(Self { amount, unit: self.unit.clone() })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.unit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn a_decimal_keeps_its_digits() {
        for sound in ["0", "1250.00", "-3.5", "999999999999999999.999999999999"] {
            assert_eq!(Decimal::from_str(sound).unwrap().to_string(), sound);
        }
        for unsound in
            ["", ".5", "5.", "1,5", "1e3", "+1", "--1", "1.2.3", "NaN", "1234567890123456789"]
        {
            assert_eq!(Decimal::from_str(unsound), Err(InvalidDecimal), "{unsound}");
        }
        assert_eq!(Decimal::from_str("0.0000000000001"), Err(InvalidDecimal));
    }

    #[test]
    fn decimals_compare_and_add_by_value() {
        let decimal = |text: &str| Decimal::from_str(text).unwrap();
        assert_eq!(decimal("1.0").compare(decimal("1.00")), Ordering::Equal);
        assert_eq!(decimal("-2").compare(decimal("1")), Ordering::Less);
        assert_eq!(decimal("0.1").plus(decimal("0.25")), Some(decimal("0.35")));
        assert_eq!(decimal("999999999999999999").plus(decimal("1")), None);
    }

    #[test]
    fn a_fraction_that_the_currency_lacks_is_a_warning() {
        assert!(Money::parse("1000.5", "EUR").unwrap().findings().is_empty());
        assert_eq!(Money::parse("1000.5", "JPY").unwrap().findings().len(), 1);
        assert_eq!(Money::parse("1000", "ABC").unwrap().findings().len(), 1);
        assert!(Money::parse("1000", "EURO").is_err());
        assert!(Money::parse("many", "EUR").is_err());
    }

    #[test]
    fn parts_are_not_more_than_the_whole() {
        let kilos = |text| Quantity::parse(text, "kgm").unwrap();
        assert_eq!(kilos("10").holds(&[kilos("4"), kilos("6.0")]), Ok(()));
        assert!(kilos("10").holds(&[kilos("4"), kilos("6.1")]).is_err());
        assert!(kilos("10").holds(&[Quantity::parse("1", "LTR").unwrap()]).is_err());
        assert!(Quantity::parse("-1", "KGM").is_err());
        assert_eq!(Quantity::parse("0", "pieces").unwrap().findings().len(), 2);
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused_and_what_parses_prints_back(text in any::<String>()) {
            if let Ok(decimal) = Decimal::from_str(&text) {
                prop_assert_eq!(Decimal::from_str(&decimal.to_string()), Ok(decimal));
            }
        }
    }
}
