//! What account numbers look like in each country of the IBAN registry, and the codes of all countries.

/// Country, and what follows the two check digits: `n` digits, `a` letters, `c` either, with their number.
const STRUCTURES: &[(&str, &str)] = &[
    ("AD", "n8 c12"),
    ("AE", "n19"),
    ("AL", "n8 c16"),
    ("AT", "n16"),
    ("AZ", "a4 c20"),
    ("BA", "n16"),
    ("BE", "n12"),
    // Bank, branch and kind of account, account.
    ("BG", "a4 n6 c8"),
    ("BH", "a4 c14"),
    ("BI", "n23"),
    ("BR", "n23 a1 c1"),
    ("BY", "c4 n4 c16"),
    ("CH", "n5 c12"),
    ("CR", "n18"),
    ("CY", "n8 c16"),
    ("CZ", "n20"),
    ("DE", "n18"),
    ("DJ", "n23"),
    ("DK", "n14"),
    ("DO", "c4 n20"),
    ("EE", "n16"),
    ("EG", "n25"),
    ("ES", "n20"),
    ("FI", "n14"),
    ("FK", "a2 n12"),
    ("FO", "n14"),
    ("FR", "n10 c11 n2"),
    ("GB", "a4 n14"),
    ("GE", "a2 n16"),
    ("GI", "a4 c15"),
    ("GL", "n14"),
    ("GR", "n7 c16"),
    ("GT", "c24"),
    ("HN", "a4 n20"),
    ("HR", "n17"),
    ("HU", "n24"),
    ("IE", "a4 n14"),
    ("IL", "n19"),
    ("IQ", "a4 n15"),
    ("IS", "n22"),
    ("IT", "a1 n10 c12"),
    ("JO", "a4 n4 c18"),
    ("KW", "a4 c22"),
    ("KZ", "n3 c13"),
    ("LB", "n4 c20"),
    ("LC", "a4 c24"),
    ("LI", "n5 c12"),
    ("LT", "n16"),
    ("LU", "n3 c13"),
    ("LV", "a4 c13"),
    ("LY", "n21"),
    ("MC", "n10 c11 n2"),
    ("MD", "c20"),
    ("ME", "n18"),
    ("MK", "n3 c10 n2"),
    ("MN", "n16"),
    ("MR", "n23"),
    ("MT", "a4 n5 c18"),
    ("MU", "a4 n19 a3"),
    ("NI", "a4 n20"),
    ("NL", "a4 n10"),
    ("NO", "n11"),
    ("OM", "n3 c16"),
    ("PK", "a4 c16"),
    ("PL", "n24"),
    ("PS", "a4 c21"),
    ("PT", "n21"),
    ("QA", "a4 c21"),
    ("RO", "a4 c16"),
    ("RS", "n18"),
    ("RU", "n14 c15"),
    ("SA", "n2 c18"),
    ("SC", "a4 n20 a3"),
    ("SD", "n14"),
    ("SE", "n20"),
    ("SI", "n15"),
    ("SK", "n20"),
    ("SM", "a1 n10 c12"),
    ("SO", "n19"),
    ("ST", "n21"),
    ("SV", "a4 n20"),
    ("TL", "n19"),
    ("TN", "n20"),
    ("TR", "n6 c16"),
    ("UA", "n6 c19"),
    ("VA", "n18"),
    ("VG", "a4 n16"),
    ("XK", "n16"),
    ("YE", "a4 n4 c18"),
];

/// The officially assigned codes of ISO 3166, and three that customs and banks use besides: Northern
/// Ireland, Kosovo and the Union itself.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN \
    BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC \
    EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR \
    HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT \
    LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP \
    NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL \
    SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE \
    VG VI VN VU WF WS YE YT ZA ZM ZW XI XK EU";

/// The code as it stands in the list, for a text of two letters that is one.
pub(super) fn country(code: &str) -> Option<&'static str> {
    COUNTRIES.split(' ').find(|known| *known == code)
}

pub(super) fn is_country(code: &str) -> bool {
    country(code).is_some()
}

/// What follows country and check digits; nothing for a country without IBANs.
pub(super) fn structure(country: &str) -> Option<&'static str> {
    STRUCTURES.iter().find(|(known, _)| *known == country).map(|(_, structure)| *structure)
}

/// Is this text built like that?
pub(super) fn has_structure(text: &str, structure: &str) -> bool {
    let mut rest = text.chars();
    for part in structure.split(' ') {
        let (class, count) = part.split_at_checked(1).unwrap_or_default();
        for _ in 0..count.parse().unwrap_or(usize::MAX) {
            let Some(c) = rest.next() else { return false };
            let fits = match class {
                "n" => c.is_ascii_digit(),
                "a" => c.is_ascii_uppercase(),
                _ => c.is_ascii_digit() || c.is_ascii_uppercase(),
            };
            if !fits {
                return false;
            }
        }
    }
    rest.next().is_none()
}
