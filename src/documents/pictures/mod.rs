//! Pictures: rewritten block by block, so that only the picture is left.

use super::{DocumentKind, SanitizeReport, limits::Budget, refusal::Stop};

pub(super) fn sanitize(
    _: &[u8],
    _: DocumentKind,
    _: &Budget<'_>,
    _: &mut SanitizeReport,
) -> Result<Vec<u8>, Stop> {
    Err(Stop::malformed("reading pictures is being built"))
}
