//! Seeded values: sound ones of each scheme, and what typing and forging make of them.

use sealane::domain::identifier::{Check, Identifier, Scheme};
use sha2::{Digest, Sha256};

const DIGITS: &str = "0123456789";
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The seed, fixed so that a failure can be had again; `SEALANE_FUZZ_SEED` sets another.
pub(super) fn seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a test's own setting")]
    std::env::var("SEALANE_FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_261_124)
}

/// Draws values.
pub(super) struct Values(u64);

impl Values {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// xorshift64*: the same on every machine.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 16).unwrap() % bound.max(1)
    }

    pub(super) fn one_of(&mut self, choice: &str) -> char {
        choice.chars().nth(self.below(choice.chars().count())).unwrap()
    }

    /// A text of a form: `#` a digit, `@` a letter, `*` either, `?` what a VIN may have; the rest stands as it is.
    pub(super) fn text(&mut self, form: &str) -> String {
        let either = [DIGITS, LETTERS].concat();
        let vin = either.replace(['I', 'O', 'Q'], "");
        form.chars()
            .map(|c| match c {
                '#' => self.one_of(DIGITS),
                '@' => self.one_of(LETTERS),
                '*' => self.one_of(&either),
                '?' => self.one_of(&vin),
                other => other,
            })
            .collect()
    }

    /// A value that has nothing wrong by our own reading, which the other side then has to confirm.
    pub(super) fn sound(
        &mut self,
        scheme: Scheme,
        number: usize,
        forms: &[(String, String)],
    ) -> String {
        if scheme == Scheme::CryptoAddress {
            return self.bitcoin();
        }
        loop {
            let form = match scheme {
                Scheme::Bic => format!("@@@@@@**{}", ["", "***"][number % 2]),
                Scheme::Cas => format!("{}-##-#", &"#######"[..2 + number % 6]),
                Scheme::Container => format!("@@@{}#######", ["U", "J", "Z"][number % 3]),
                Scheme::Gtin => "#".repeat([8, 12, 13, 14][number % 4]),
                Scheme::Iban => return self.iban(&forms[number % forms.len()]),
                Scheme::Imei => "#".repeat(15),
                Scheme::Imo => ["#######", "IMO #######"][number % 2].to_owned(),
                Scheme::Lei => format!("{}##", "*".repeat(18)),
                Scheme::Sscc => "#".repeat(18),
                other => unreachable!("{other} is not asked of stdnum"),
            };
            let text = self.text(&form);
            let is_sound = |seen: &Identifier| match scheme {
                Scheme::Bic => seen.check != Check::Fail,
                _ => seen.check == Check::Pass,
            };
            if Identifier::observe(scheme, &text).is_ok_and(|seen| is_sound(&seen)) {
                return text;
            }
        }
    }

    /// An account of a country, the form written as the registry does (`4!a6!n8!n`), with its check digits.
    fn iban(&mut self, (country, form): &(String, String)) -> String {
        let mut pieces = String::new();
        for piece in form.split_inclusive(['n', 'a', 'c']) {
            let (length, kind) = piece.split_once('!').unwrap();
            let kind = match kind {
                "n" => "#",
                "a" => "@",
                _ => "*",
            };
            pieces.push_str(&kind.repeat(length.parse().unwrap()));
        }
        let account = self.text(&pieces);
        let spelled: String = format!("{account}{country}00")
            .chars()
            .map(|c| c.to_digit(36).unwrap().to_string())
            .collect();
        let rest =
            spelled.bytes().fold(0, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97);
        format!("{country}{:02}{account}", 98 - rest)
    }

    /// `Base58Check` of a version and 20 bytes, or one of the addresses in BIP-173 and BIP-350.
    fn bitcoin(&mut self) -> String {
        if self.below(4) == 0 {
            let listed = [
                "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
                "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3",
                "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            ];
            return listed[self.below(3)].to_owned();
        }
        let mut bytes = vec![[0, 5][self.below(2)]];
        bytes.extend((0..20).map(|_| self.next().to_le_bytes()[7]));
        let check = Sha256::digest(Sha256::digest(&bytes));
        bytes.extend_from_slice(&check[..4]);
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let mut digits = Vec::new();
        while bytes.iter().any(|byte| *byte != 0) {
            let mut rest = 0;
            for byte in &mut bytes {
                let value = rest * 256 + usize::from(*byte);
                *byte = u8::try_from(value / 58).unwrap();
                rest = value % 58;
            }
            digits.push(BASE58[rest]);
        }
        digits.extend(vec![b'1'; zeros]);
        digits.into_iter().rev().map(char::from).collect()
    }
}

/// One character changed, two swapped, one lost, one too many, lower case, spaces, hyphens, full-width digits, and other
/// digits throughout.
pub(super) fn mutations(values: &mut Values, sound: &str) -> impl Iterator<Item = String> + use<> {
    let letters: Vec<char> = sound.chars().collect();
    let at = values.below(letters.len());
    let next = (at + 1) % letters.len();
    let mut changed = letters.clone();
    changed[at] = match letters[at] {
        '0'..='9' => values.one_of(DIGITS),
        'A'..='Z' => values.one_of(LETTERS),
        _ => values.one_of("acdefghjkmnpqrtuvwxyz"),
    };
    let mut swapped = letters.clone();
    swapped.swap(at, next);
    let mut shorter = letters.clone();
    shorter.remove(at);
    let mut longer = letters.clone();
    longer.insert(at, values.one_of(DIGITS));
    let apart = |mark: char| {
        letters.iter().enumerate().flat_map(move |(place, letter)| {
            [(place > 0 && place % 4 == 0).then_some(mark), Some(*letter)].into_iter().flatten()
        })
    };
    let spaced: String = apart(' ').collect();
    let hyphened: String = apart('-').collect();
    let wide = |c: &char| match c {
        '0'..='9' => char::from_u32(u32::from(*c) - 0x30 + 0xff10).unwrap(),
        other => *other,
    };
    let wide: String = letters.iter().map(wide).collect();
    let replaced: String = letters
        .iter()
        .map(|c| if c.is_ascii_digit() { values.one_of(DIGITS) } else { *c })
        .collect();
    let of = |letters: Vec<char>| letters.into_iter().collect::<String>();
    [
        of(changed),
        of(swapped),
        of(shorter),
        of(longer),
        sound.to_lowercase(),
        format!(" {spaced} "),
        hyphened,
        wide,
        replaced,
    ]
    .into_iter()
}
