//! Where something stands in a text.

/// Bytes from `start` up to, not including, `end`. Always on character borders of the text it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The empty span at one place.
    pub fn at(place: usize) -> Self {
        Self { start: place, end: place }
    }

    /// The bytes it covers; nothing where it is not one of this text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }
}
