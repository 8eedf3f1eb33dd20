//! Exact decimals: text and number agree, order is total, sums can be undone.

use odoo_mcp::facts::Decimal;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let numbers: Vec<Decimal> = text
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter_map(|part| Decimal::parse(part).ok())
        .collect();
    for &number in &numbers {
        assert_eq!(Decimal::parse(&number.to_string()), Ok(number), "its text reads as another number");
        assert_eq!(number.checked_sub(number).unwrap_or_default(), Decimal::ZERO);
    }
    for (&a, &b) in numbers.iter().zip(numbers.iter().skip(1)) {
        assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        assert_eq!(a == b, a.cmp(&b).is_eq());
        let sum = a.checked_add(b);
        assert_eq!(sum, b.checked_add(a));
        if let Some(back) = sum.and_then(|sum| sum.checked_sub(b)) {
            assert_eq!(back, a);
        }
        if let Some(sum) = sum
            && !b.is_negative()
        {
            assert!(sum >= a, "adding made it smaller");
        }
    }
}
