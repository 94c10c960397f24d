//! Text as the words by which it is found: in Latin letters, without accents and case; knows no case and no index.

use deunicode::deunicode_char;

/// The longest word; what is longer is cut.
const WORD_CHARS_MAX: usize = 40;

/// What stands inside a word and is no part of it: marks of transliteration, apostrophes.
const MARKS: [char; 6] = ['\'', '`', '"', '^', '\u{2019}', '\u{2bc}'];

/// The words of a text, in order, each as it is written in Latin letters; where German writes a letter with two, both ways.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in raw_words(text) {
        let (plain, spelt) = (latin(&word), latin(&spelt_out(&word)));
        words.extend(plain.split_whitespace().map(cut));
        if spelt != plain {
            words.extend(spelt.split_whitespace().map(cut));
        }
    }
    words
}

/// The words of a query: each may be met by any of its forms.
pub(super) fn query_words(text: &str) -> Vec<Vec<String>> {
    let mut asked = Vec::new();
    for word in raw_words(text) {
        let (plain, spelt) = (latin(&word), latin(&spelt_out(&word)));
        let spelt: Vec<&str> = spelt.split_whitespace().collect();
        for (place, word) in plain.split_whitespace().enumerate() {
            let mut forms = vec![cut(word)];
            let other = spelt.get(place).map(|word| cut(word));
            forms.extend(other.filter(|other| *other != forms[0]));
            asked.push(forms);
        }
    }
    asked
}

/// A text in Latin letters of lower case, single spaces between words.
pub(super) fn folded(text: &str) -> String {
    let words = raw_words(text);
    let words: Vec<String> = words.iter().map(|word| latin(word)).collect();
    words.iter().flat_map(|word| word.split_whitespace()).collect::<Vec<_>>().join(" ")
}

pub(super) fn cut(word: &str) -> String {
    word.chars().take(WORD_CHARS_MAX).collect()
}

/// The runs of letters and digits of any script; each ideograph is one.
fn raw_words(text: &str) -> Vec<String> {
    let is_inside = |c: char| c.is_alphanumeric() || MARKS.contains(&c) || is_combining(c);
    let runs = text.split(|c: char| !is_inside(c));
    runs.filter(|run| run.chars().any(char::is_alphanumeric)).map(str::to_owned).collect()
}

/// Marks that belong to the letter before them, which decomposed text has beside it.
const fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{65f}' | '\u{591}'..='\u{5c7}')
}

fn latin(word: &str) -> String {
    let mut latin = String::with_capacity(word.len());
    for letter in word.chars().filter(|c| !is_combining(*c)) {
        for c in deunicode_char(letter).unwrap_or_default().chars() {
            if c.is_ascii_alphanumeric() {
                latin.push(c.to_ascii_lowercase());
            } else if !MARKS.contains(&c) {
                latin.push(' ');
            }
        }
    }
    latin
}

/// The letters that German writes with two if it must: ä, ö and ü.
fn spelt_out(word: &str) -> String {
    let mut spelt = String::with_capacity(word.len());
    for c in word.chars() {
        match c {
            'ä' | 'Ä' => spelt.push_str("ae"),
            'ö' | 'Ö' => spelt.push_str("oe"),
            'ü' | 'Ü' => spelt.push_str("ue"),
            other => spelt.push(other),
        }
    }
    spelt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_script_is_the_words_that_a_latin_keyboard_writes() {
        assert_eq!(words("Zigaretten, 10 Stangen"), ["zigaretten", "10", "stangen"]);
        assert_eq!(words("café cafe\u{301} CAFÉ"), ["cafe"; 3]);
        assert_eq!(words("Кузнецов"), ["kuznetsov"]);
        assert_eq!(words("Ελλάδα"), ["ellada"]);
        assert_eq!(words("李伟"), ["li", "wei"]);
        assert_eq!(words("O'Brien"), ["obrien"]);
        assert_eq!(words("csqu 305438-4"), ["csqu", "305438", "4"]);
        assert_eq!(words("ＡＢＣ１"), ["abc1"]);
        assert_eq!(words(" \"* OR ) "), ["or"]);
    }

    #[test]
    fn a_letter_that_german_writes_with_two_is_found_both_ways() {
        assert_eq!(words("Müller GmbH"), ["muller", "mueller", "gmbh"]);
        assert_eq!(query_words("Müller"), [["muller", "mueller"]]);
        assert_eq!(folded("Müller  Straße"), "muller strasse");
    }
}
