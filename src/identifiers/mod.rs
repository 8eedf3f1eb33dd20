//! Numbers that carry their own proof: company and personal numbers, VAT numbers, IBAN, MRN.
//!
//! Pure. Deliberately absent: asking a register whether a number is in use.
