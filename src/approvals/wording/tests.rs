//! Questions as a person reads them.
