//! The family `certificates`: looking at the certificate of a connection and renewing its pin.

use super::Family;

mod info;
mod refresh;

pub(super) const FAMILY: Family = Family { name: "certificates", tools: &[info::TOOLS, refresh::TOOLS] };
