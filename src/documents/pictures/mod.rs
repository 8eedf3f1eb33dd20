//! Pictures: rewritten block by block, so that only the picture is left.
//!
//! The compressed picture itself is not touched: nothing here unpacks one, so nothing can be packed
//! to burst. Cameras, places, comments, thumbnails and whatever stands behind the end stay behind.

mod gif;
mod jpeg;
mod png;
mod webp;

use super::{DocumentKind, RefusalCode, SanitizeReport, limits::Budget, refusal::Stop, report::list_once};

pub(super) fn sanitize(
    bytes: &[u8],
    kind: DocumentKind,
    budget: &Budget<'_>,
    report: &mut SanitizeReport,
) -> Result<Vec<u8>, Stop> {
    let mut picture = Picture { bytes, at: 0, out: Vec::with_capacity(bytes.len()), budget, report };
    match kind {
        DocumentKind::Png => png::rewrite(&mut picture)?,
        DocumentKind::Jpeg => jpeg::rewrite(&mut picture)?,
        DocumentKind::Gif => gif::rewrite(&mut picture)?,
        DocumentKind::WebP => webp::rewrite(&mut picture)?,
        DocumentKind::Pdf => return Err(Stop::malformed("a PDF file is no picture")),
    }
    let rest = picture.bytes.len().saturating_sub(picture.at) as u64;
    picture.report.removed.stray_bytes += rest;
    let most = budget.limits.picture_bytes_max;
    if picture.out.len() > most {
        return Err(Stop::new(RefusalCode::TooLarge, format!("the picture is larger than {most} bytes")));
    }
    Ok(picture.out)
}

/// A picture being read and written.
struct Picture<'a, 'b, 'l> {
    bytes: &'a [u8],
    at: usize,
    out: Vec<u8>,
    budget: &'b Budget<'l>,
    report: &'b mut SanitizeReport,
}

impl<'a> Picture<'a, '_, '_> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Stop> {
        let end = self.at.checked_add(count).ok_or_else(cut_off)?;
        let taken = self.bytes.get(self.at..end).ok_or_else(cut_off)?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        self.take(N)?.try_into().map_err(|_| cut_off())
    }

    fn copy(&mut self, count: usize) -> Result<(), Stop> {
        let taken = self.take(count)?;
        self.out.extend_from_slice(taken);
        Ok(())
    }

    fn drop_block(&mut self, name: &str) {
        let shown = name.chars().filter(char::is_ascii_graphic).collect();
        list_once(&mut self.report.removed.picture_blocks, shown);
    }

    /// Refuses a picture that takes too much memory to look at, or none.
    fn size(&self, width: u32, height: u32) -> Result<(), Stop> {
        if width == 0 || height == 0 {
            return Err(Stop::malformed("the picture has no size"));
        }
        let most = self.budget.limits.pixels_max;
        if u64::from(width) * u64::from(height) > most {
            let message = format!("the picture has more than {most} pixels");
            return Err(Stop::new(RefusalCode::TooManyPixels, message));
        }
        Ok(())
    }
}

fn cut_off() -> Stop {
    Stop::malformed("the picture is cut off")
}

#[cfg(test)]
mod tests;
