//! Modules of a symbol and how they become pixels.

use super::png;

/// Modules left and right of a row of bars that stay white.
const QUIET_BARS: usize = 10;
/// The same around a QR code.
const QUIET_SQUARE: usize = 4;

/// What is drawn: black where true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Symbol {
    /// One row, stretched over the height.
    Row(Vec<bool>),
    /// So many modules a side, row by row.
    Square { side: usize, modules: Vec<bool> },
}

/// A picture of a symbol.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) png: Vec<u8>,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Symbol {
    /// Fewest pixels a side that draw it.
    pub(super) fn width_min(&self, quiet: bool) -> usize {
        match self {
            Self::Row(row) => row.len() + if quiet { 2 * QUIET_BARS } else { 0 },
            Self::Square { side, .. } => side + if quiet { 2 * QUIET_SQUARE } else { 0 },
        }
    }

    /// Draws it into the middle of a picture, every module the same whole number of pixels. `None` where
    /// it does not fit.
    pub(super) fn drawn(&self, width: usize, height: usize, quiet: bool) -> Option<Picture> {
        let needed = self.width_min(quiet);
        let room = match self {
            Self::Row(_) => width,
            Self::Square { .. } => width.min(height),
        };
        let scale = room / needed;
        if scale == 0 || height == 0 {
            return None;
        }
        let is_black = |x: usize, y: usize| match self {
            Self::Row(row) => {
                let left = (width - row.len() * scale) / 2;
                x.checked_sub(left).and_then(|x| row.get(x / scale)).copied().unwrap_or(false)
            }
            Self::Square { side, modules } => {
                let (left, top) = ((width - side * scale) / 2, (height - side * scale) / 2);
                let place = x.checked_sub(left).zip(y.checked_sub(top));
                let module = place.map(|(x, y)| (x / scale, y / scale)).filter(|(x, y)| x < side && y < side);
                module.and_then(|(x, y)| modules.get(y * side + x)).copied().unwrap_or(false)
            }
        };
        Some(Picture { png: png::black_and_white(width, height, is_black), width, height })
    }
}

/// A row out of the widths of its bars and gaps, a bar first.
pub(super) fn row_of_widths(widths: impl IntoIterator<Item = usize>) -> Vec<bool> {
    let mut row = Vec::new();
    for (place, width) in widths.into_iter().enumerate() {
        row.extend(std::iter::repeat_n(place % 2 == 0, width));
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_become_modules() {
        assert_eq!(row_of_widths([2, 1, 1]), [true, true, false, true]);
    }

    #[test]
    fn what_does_not_fit_is_not_drawn() {
        let symbol = Symbol::Row(vec![true; 50]);
        assert!(symbol.drawn(69, 10, true).is_none());
        assert!(symbol.drawn(70, 10, true).is_some());
        assert!(symbol.drawn(50, 10, false).is_some());
        assert!(Symbol::Square { side: 21, modules: vec![true; 441] }.drawn(600, 20, true).is_none());
    }
}
