//! How much a document may be, and how long looking at it may take.

use std::time::{Duration, Instant};

use super::{RefusalCode, refusal::Stop};

/// What the vendors of vision models take in one request.
pub const INPUT_BYTES_MAX: usize = 32 * 1024 * 1024;
/// The same vendors' limit of a PDF file.
pub const PAGES_MAX: usize = 100;
/// Every stream of a file unpacked; a hundred scanned pages in grey fit.
pub const DECODED_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Deflate reaches a thousand, text about ten.
pub const RATIO_MAX: u64 = 200;
/// Below this the ratio says nothing: an empty page scanned in colour unpacks to thirty megabytes.
pub const RATIO_COUNTS_FROM_BYTES: u64 = 48 * 1024 * 1024;
/// A hundred pages of forms with their fonts have some thousands.
pub const OBJECTS_MAX: usize = 200_000;
/// Arrays within arrays.
pub const NESTING_MAX: usize = 256;
/// Encodings on top of each other; two are usual.
pub const FILTERS_MAX: usize = 8;
/// A person waits for this.
pub const TIME_MAX: Duration = Duration::from_secs(10);
/// Width times height of a picture: a page at 600 dots per inch.
pub const PIXELS_MAX: u64 = 40_000_000;
/// What the vendors take as one picture, before base64.
pub const PICTURE_BYTES_MAX: usize = 5 * 1024 * 1024 * 3 / 4;

/// The limits of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentLimits {
    pub input_bytes_max: usize,
    pub pages_max: usize,
    pub decoded_bytes_max: u64,
    pub ratio_max: u64,
    pub ratio_counts_from_bytes: u64,
    pub objects_max: usize,
    pub nesting_max: usize,
    pub filters_max: usize,
    pub pixels_max: u64,
    pub picture_bytes_max: usize,
    /// From the beginning of the call.
    pub time_max: Duration,
    /// The caller's own end, where that comes sooner.
    pub deadline: Option<Instant>,
    /// Keep title, author and the like; dates are always kept.
    pub keep_metadata: bool,
}

impl Default for DocumentLimits {
    fn default() -> Self {
        Self {
            input_bytes_max: INPUT_BYTES_MAX,
            pages_max: PAGES_MAX,
            decoded_bytes_max: DECODED_BYTES_MAX,
            ratio_max: RATIO_MAX,
            ratio_counts_from_bytes: RATIO_COUNTS_FROM_BYTES,
            objects_max: OBJECTS_MAX,
            nesting_max: NESTING_MAX,
            filters_max: FILTERS_MAX,
            pixels_max: PIXELS_MAX,
            picture_bytes_max: PICTURE_BYTES_MAX,
            time_max: TIME_MAX,
            deadline: None,
            keep_metadata: false,
        }
    }
}

/// When the work has to be over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends(Instant);

impl Ends {
    pub(super) fn check(self) -> Result<(), Stop> {
        if Instant::now() >= self.0 {
            return Err(Stop::new(RefusalCode::Timeout, "looking through the document took too long"));
        }
        Ok(())
    }
}

/// What is left of the limits while one file is read.
#[derive(Debug)]
pub(super) struct Budget<'a> {
    pub(super) limits: &'a DocumentLimits,
    ends: Ends,
    decoded: u64,
    steps: u32,
}

impl<'a> Budget<'a> {
    pub(super) fn new(limits: &'a DocumentLimits) -> Self {
        let own = Instant::now() + limits.time_max;
        let ends = limits.deadline.map_or(own, |given| given.min(own));
        Self { limits, ends: Ends(ends), decoded: 0, steps: 0 }
    }

    /// The same end in time, everything else from the start: for a second look at the result.
    pub(super) fn again(&self) -> Self {
        Self { limits: self.limits, ends: self.ends, decoded: 0, steps: 0 }
    }

    pub(super) fn ends(&self) -> Ends {
        self.ends
    }

    pub(super) fn time(&self) -> Result<(), Stop> {
        self.ends.check()
    }

    /// One small piece of work; the clock is asked now and then only.
    pub(super) fn step(&mut self) -> Result<(), Stop> {
        /// Asking the clock costs about as much as a few steps.
        const STEPS_BETWEEN_LOOKS: u32 = 256;
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(STEPS_BETWEEN_LOOKS) { self.time() } else { Ok(()) }
    }

    /// Bytes that may still be unpacked.
    pub(super) fn decoded_left(&self) -> u64 {
        self.limits.decoded_bytes_max.saturating_sub(self.decoded)
    }

    pub(super) fn decoded(&mut self, bytes: u64) -> Result<(), Stop> {
        self.decoded = self.decoded.saturating_add(bytes);
        if self.decoded > self.limits.decoded_bytes_max {
            let most = self.limits.decoded_bytes_max;
            return Err(Stop::new(
                RefusalCode::Bomb,
                format!("its streams unpack to more than {most} bytes"),
            ));
        }
        self.time()
    }
}
