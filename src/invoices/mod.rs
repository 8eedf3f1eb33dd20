//! The invoice engine: from a bill's attachment to a filled draft, in steps that are never done twice.
//!
//! ```text
//! request     what a run is asked to do
//! effects     what it may do to Odoo, stated before
//! engine      the turn of a bill, a run begun or taken up again, its record
//! runner      one step after the other, journalled before and after
//! steps       what each step does
//! stepwise    a run whose steps a pipeline in Odoo names, one by one
//! journal     the turns, runs and steps on the disk
//! broker      what steps of plugins may ask for
//! rehearsal   what a run would do, without a call and without a write
//! ```
//!
//! What was paid for is in the ledger under the key of its content, what is to be written is in the
//! journal before it is written, and a note carries the id of its run: so a run that was killed between
//! any two steps goes on without a second charge, a second write or a second note.
//!
//! Deliberately absent: MCP types, wording of errors, policy.

mod arithmetic;
mod bill;
mod broker;
mod chatter;
mod context;
mod effects;
mod engine;
mod error;
pub mod extraction;
mod files;
mod final_data;
pub mod inspect;
mod journal;
mod note;
mod record;
mod rehearsal;
mod request;
mod runner;
mod step;
mod steps;
mod stepwise;

pub use arithmetic::{Arithmetic, Tolerance, check as check_arithmetic};
pub use broker::further_effects;
pub use context::{Extracted, RunContext, WriteBack};
pub use effects::{effects, local_steps};
pub use engine::{Engine, Finished, Tell};
pub use error::{RunError, StepError};
pub use files::{AttachmentFacts, chosen};
pub use record::{NextStep, RunRecord, RunStatus, StepFailure, StepRun, StepStatus};
pub use rehearsal::{Rehearsal, RehearsedStep};
pub use request::{RunRequest, Selection};
pub use step::{BuiltIn, Step, StepListed, StepProvenance, steps};
pub use stepwise::{Stepped, Stepwise};
