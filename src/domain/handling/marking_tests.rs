//! The text form of markings and which of two is the stricter.

use std::str::FromStr;

use proptest::prelude::{any, prop_assert_eq, proptest};

use super::marking::*;

fn marking(text: &str) -> Marking {
    Marking::from_str(text).unwrap()
}

#[test]
fn the_text_form_is_stable() {
    for text in [
        "TLP:CLEAR",
        "H1 TLP:AMBER+STRICT A1",
        "H0 H1 H2 H3(named persons only) H3(not to XC) TLP:RED PAP:AMBER LEVEL:1/DE X4",
        "H3 TLP:GREEN",
    ] {
        assert_eq!(marking(text).to_string(), text);
    }
    assert_eq!(marking(" A1  TLP:RED H2 H0 ").to_string(), "H0 H2 TLP:RED A1");
    assert_eq!(marking(&Marking::strictest().to_string()), Marking::strictest());
}

#[test]
fn what_is_not_a_marking_is_refused() {
    for text in [
        "",
        "H1",
        "TLP:AMBER TLP:RED",
        "TLP:PURPLE",
        "TLP:RED H4",
        "TLP:RED H3(open",
        "TLP:RED H3()",
        "TLP:RED LEVEL:5/DE",
        "TLP:RED LEVEL:1",
        "TLP:RED A5",
        "TLP:RED A1 B2",
        "tlp:red",
    ] {
        assert!(Marking::from_str(text).is_err(), "{text}");
    }
}

#[test]
fn the_stricter_marking_wins_on_every_axis() {
    let one = marking("H1 TLP:AMBER PAP:GREEN LEVEL:1/EU A4");
    let two = marking("H2 H3(named) TLP:AMBER+STRICT LEVEL:2/DE C1");
    let both = "H1 H2 H3(named) TLP:AMBER+STRICT PAP:GREEN LEVEL:2/DE C4";
    assert_eq!(one.stricter(&two).to_string(), both);
    assert_eq!(two.stricter(&one).to_string(), both);
    assert_eq!(Marking::strictest_of([&one, &two]).to_string(), both);
    assert_eq!(Marking::strictest_of([]), Marking::strictest());
}

#[test]
fn onward_use_needs_the_provider_above_amber_or_under_h2() {
    assert!(marking("H1 TLP:AMBER").allows_onward());
    assert!(!marking("H2 TLP:GREEN").allows_onward());
    assert!(!marking("TLP:AMBER+STRICT").allows_onward());
    assert_eq!(Marking::strictest().level(), LEVEL_MAX);
}

proptest! {
    #[test]
    fn any_text_parses_or_is_refused_and_what_parses_prints_back(text in any::<String>()) {
        if let Ok(parsed) = Marking::from_str(&text) {
            prop_assert_eq!(Marking::from_str(&parsed.to_string()), Ok(parsed));
        }
    }

    #[test]
    fn near_markings_print_back(text in "(H[0-4] |H3\\([a-z ]{0,9}\\) ?|TLP:(RED|AMBER\\+STRICT|AMBER) |PAP:RED |LEVEL:[0-5]/[A-Z]{1,3} |[A-X][1-4] ){0,6}") {
        if let Ok(parsed) = Marking::from_str(&text) {
            prop_assert_eq!(Marking::from_str(&parsed.to_string()), Ok(parsed));
        }
    }
}
