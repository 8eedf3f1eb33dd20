//! A call that a person has to agree to: is there an approval already, and if not, how to ask.

use super::{Corridor, RawCall};
use crate::{approvals::Standing, facts::CallFacts, policy::Ask, reply::CallError};

impl Corridor {
    /// Looks for a valid approval of exactly this call, takes an answer that came with it, or opens a
    /// question.
    pub(super) async fn put_to_a_person(
        &self,
        ask: &Ask,
        facts: &CallFacts,
        call: &RawCall,
    ) -> Result<Standing, CallError> {
        let _ = (ask, facts, call);
        Ok(Standing::Nobody)
    }
}
