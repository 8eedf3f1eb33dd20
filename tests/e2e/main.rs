//! The scenarios against real Odoo servers. Asked for without an address, they fail and say which
//! variable is missing.
#![cfg(test)]
