//! The acceptance cases of the numbers.

use jiff::civil::{Date, date};

use super::*;

const TODAY: Date = date(2026, 3, 1);

#[track_caller]
fn check(checked: &Checked, normalized: &str, kind: Kind, valid: bool) {
    assert_eq!(
        (checked.normalized.as_str(), checked.kind, checked.is_valid()),
        (normalized, kind, valid),
        "{checked:?}"
    );
}

/// Neither the shape nor a check digit makes a number of it.
#[track_caller]
fn refuse(checked: &Checked) {
    assert!(!checked.valid_shape, "{checked:?}");
    assert_eq!(checked.valid_checksum, None);
}

#[test]
fn a_bulgarian_vat_number_is_written_in_one_way() {
    for printed in [
        "BG200000002",
        "bg 200 000 002",
        "BG-200.000.002",
        "BG\u{a0}200\u{a0}000\u{a0}002",
        "ДДС №: BG 200000002",
        "VAT No. BG200000002",
        "ИН по ЗДДС: BG200000002",
        "BG200/000/002",
        "ＢＧ２０００００００２",
        "BG٢٠٠٠٠٠٠٠٢",
    ] {
        let checked = bulgarian_vat(printed, TODAY);
        check(&checked, "BG200000002", Kind::Eik, true);
        assert_eq!((checked.eik.as_deref(), checked.candidate), (Some("200000002"), None));
        assert_eq!(checked.warnings, [], "{printed}");
    }
}

#[test]
fn cyrillic_look_alikes_are_read_with_a_warning() {
    for printed in ["ВG200000002", "ВГ200000002", "БГ 200000002", "вг200000002"] {
        let checked = bulgarian_vat(printed, TODAY);
        check(&checked, "BG200000002", Kind::Eik, true);
        assert_eq!(checked.warnings, [Warning::CyrillicLetters], "{printed}");
    }
}

#[test]
fn a_bare_number_only_proposes_a_vat_number() {
    let firm = bulgarian_vat("200000002", TODAY);
    check(&firm, "200000002", Kind::Eik, true);
    assert_eq!(firm.candidate.as_deref(), Some("BG200000002"));
    assert!(firm.warnings.contains(&Warning::NotAVatNumber));
    let branch = bulgarian_vat("2000000020019", TODAY);
    check(&branch, "2000000020019", Kind::EikBranch, true);
    assert_eq!(branch.candidate.as_deref(), Some("BG200000002"));
    assert_eq!(bulgarian_vat("200000003", TODAY).candidate, None);
}

#[test]
fn ten_digits_hold_no_company_number() {
    let other = bulgarian_vat("BG9000000172", TODAY);
    check(&other, "BG9000000172", Kind::OtherNumber, true);
    assert_eq!(other.eik, None);
    assert!(!other.is_personal());
    let person = bulgarian_vat("BG0442290010", TODAY);
    check(&person, "BG0442290010", Kind::Egn, true);
    assert_eq!((person.eik.as_deref(), person.shown().as_str()), (None, "*********010"));
}

#[test]
fn what_is_no_bulgarian_vat_number_is_none() {
    for text in ["", "   ", "FR40303265045", "xyz", "70011", "BG12345678", "BG200000002X", "BG2000000020019"]
    {
        refuse(&bulgarian_vat(text, TODAY));
    }
    let long = "1".repeat(65);
    for checked in
        [bulgarian_vat(&long, TODAY), eik(&long), egn(&long, TODAY), iban(&long), mrn(&long), eu_vat(&long)]
    {
        refuse(&checked);
        assert_eq!((checked.normalized.as_str(), checked.warnings.as_slice()), ("", &[Warning::TooLong][..]));
    }
}

#[test]
fn company_numbers_have_two_rounds_of_weights() {
    for valid in ["200000002", "200001193", "200002520"] {
        check(&eik(valid), valid, Kind::Eik, true);
    }
    for valid in ["2000000020019", "2000000020154", "2000000020360"] {
        let checked = eik(valid);
        check(&checked, valid, Kind::EikBranch, true);
        assert_eq!(checked.eik.as_deref(), Some("200000002"));
        let (rest, last) = valid.split_at(12);
        let wrong = format!("{rest}{}", (last.parse::<u8>().unwrap() + 1) % 10);
        check(&eik(&wrong), &wrong, Kind::EikBranch, false);
    }
    check(&eik("200000003"), "200000003", Kind::Eik, false);
    assert_eq!(eik("200000003").warnings, [Warning::CheckDigit]);
    // The branch part is right, the entity is not.
    check(&eik("2000000030029"), "2000000030029", Kind::EikBranch, false);
    check(&eik("ЕИК: 200 000 002"), "200000002", Kind::Eik, true);
    refuse(&eik("BG200000002"));
    refuse(&eik("20000000"));
}

#[test]
fn personal_numbers_begin_with_a_day_that_existed() {
    let born = |text: &str| egn(text, TODAY).born;
    for (number, day) in [
        ("0121010001", date(1801, 1, 1)),
        ("0121010070", date(1801, 1, 1)),
        ("0442290010", date(2004, 2, 29)),
        ("9941123456", date(2099, 1, 12)),
    ] {
        check(&egn(number, TODAY), number, Kind::Egn, true);
        assert_eq!(born(number), Some(day));
    }
    assert!(egn("9941123456", TODAY).warnings.contains(&Warning::BornInTheFuture));
    assert!(!egn("0442290010", TODAY).warnings.contains(&Warning::BornInTheFuture));
    refuse(&egn("0002290017", TODAY));
    refuse(&egn("0013010017", TODAY));
    refuse(&egn("044229001", TODAY));
    assert!(!egn("0442290011", TODAY).is_valid());
    check(&egn("ЕГН 0442290010", TODAY), "0442290010", Kind::Egn, true);
}

#[test]
fn numbers_of_foreigners_and_other_numbers() {
    for valid in ["7000000018", "1000200036"] {
        check(&lnch(valid), valid, Kind::Lnch, true);
        let (rest, last) = valid.split_at(9);
        let wrong = format!("{rest}{}", last.parse::<u8>().unwrap() + 1);
        check(&lnch(&wrong), &wrong, Kind::Lnch, false);
    }
    for valid in ["9000000016", "9000000172"] {
        check(&other_number(valid), valid, Kind::OtherNumber, true);
    }
    for digit in 0..10 {
        assert!(!other_number(&format!("900000013{digit}")).is_valid());
    }
}

#[test]
fn an_account_number_is_that_of_its_country() {
    for (printed, normalized) in [
        ("BG80 BNBG 9661 1020 3456 78", "BG80BNBG96611020345678"),
        ("BG45TEST123410AB12CD34", "BG45TEST123410AB12CD34"),
        ("IBAN: DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("GB82 WEST 1234 5698 7654 32", "GB82WEST12345698765432"),
        ("NO9386011117947", "NO9386011117947"),
    ] {
        check(&iban(printed), normalized, Kind::Iban, true);
    }
    check(&iban("BG80BNBG96611020345679"), "BG80BNBG96611020345679", Kind::Iban, false);
    refuse(&iban("BG80BNBG9661102034567"));
    refuse(&iban("BG80BNB196611020345678"));
    refuse(&iban("US80BNBG96611020345678"));
    refuse(&iban("ZZ"));
    refuse(&iban("Ж"));
    let account = iban("BG80BNBG96611020345678");
    assert_eq!(bic_matches(&account, "BNBGBGSD"), Some(true));
    assert_eq!(bic_matches(&account, "UNCRBGSF"), Some(false));
    assert_eq!(bic_matches(&account, "BNBG"), Some(false));
    assert_eq!(bic_matches(&iban("DE89370400440532013000"), "COBADEFF"), None);
}

#[test]
fn a_customs_number_has_a_shape_and_a_check_digit() {
    for (printed, normalized) in [
        ("25BG005100007654R1", "25BG005100007654R1"),
        (" 25bg005100007654r1 ", "25BG005100007654R1"),
        ("26 DE 1234 5678 9012 A0", "26DE123456789012A0"),
        ("МРН: 25ВG005100007654R1", "25BG005100007654R1"),
    ] {
        let checked = mrn(printed);
        check(&checked, normalized, Kind::Mrn, true);
        assert!(!checked.warnings.contains(&Warning::CheckDigit));
    }
    let wrong = mrn("25BG005100007654R2");
    assert!(wrong.valid_shape);
    assert_eq!((wrong.valid_checksum, wrong.warnings), (Some(false), vec![Warning::CheckDigit]));
    for bad in [
        "",
        " ",
        "25BG005100007654R",
        "25BG005100007654R12",
        "25B0005100007654R1",
        "XXBG005100007654R1",
        "25BG005100007654RR",
        "HELLO",
    ] {
        refuse(&mrn(bad));
    }
    assert!(mrn("25QQ005100007654R1").warnings.contains(&Warning::UnknownCountry));
}

#[test]
fn vat_numbers_of_the_union() {
    for valid in [
        "ATU12345675",
        "DE136695976",
        "FR40303265045",
        "IT00743110157",
        "NL123456782B12",
        "PL8567346215",
        "EL094259216",
        "HR33392005961",
        "IE6433435F",
        "ESX1234567L",
        "XI980780684",
    ] {
        check(&eu_vat(valid), valid, Kind::EuVat, true);
    }
    check(&eu_vat("GR 094259216"), "EL094259216", Kind::EuVat, true);
    assert_eq!(eu_vat("EL094259216").country, Some("GR"));
    check(&eu_vat("ATU12345676"), "ATU12345676", Kind::EuVat, false);
    refuse(&eu_vat("ATU1234567"));
    refuse(&eu_vat("NO999999999MVA"));
    assert_eq!(eu_vat("NO999999999MVA").country, Some("NO"));
    assert_eq!(eu_vat("xyz").country, None);
    assert_eq!(vat("200000002", TODAY).kind, Kind::Eik);
    assert_eq!(vat("ATU12345675", TODAY).kind, Kind::EuVat);
}

#[test]
fn personal_numbers_are_shown_without_most_digits() {
    assert_eq!(masked("0442290010"), "*******010");
    assert_eq!(masked("BG 0442290010"), "** *******010");
    assert_eq!(masked("12"), "12");
    assert_eq!(masked(""), "");
    let debug = format!("{:?}", egn("0442290010", TODAY));
    assert!(!debug.contains("0442290010"), "{debug}");
    let extraction =
        serde_json::json!({"partner_vat": "BG0442290010", "partner_eik": "200000002", "partner_name": "А"});
    assert_eq!(
        masked_extraction(&extraction),
        serde_json::json!({"partner_vat": "*********010", "partner_eik": "200000002", "partner_name": "А"})
    );
    // Ten digits that prove nothing may be a misread personal number.
    assert!(ten_digits("0442290011", TODAY).is_personal());
    assert!(!ten_digits("9000000016", TODAY).is_personal());
}
