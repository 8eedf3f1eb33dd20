//! A small Odoo in memory, on a loopback port, for the tour and for tests.
