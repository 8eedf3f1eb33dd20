//! Language models behind one type, only where the operator has set one up.
