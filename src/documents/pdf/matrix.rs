//! Places on a page: as much geometry as it takes to say whether one thing lies on another.

/// Six numbers that move, turn and stretch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Matrix([f64; 6]);

impl Matrix {
    pub(super) const SAME: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    /// From operands; anything else than six numbers changes nothing.
    pub(super) fn of(numbers: &[f64]) -> Self {
        <[f64; 6]>::try_from(numbers).map_or(Self::SAME, Self)
    }

    pub(super) fn moved(numbers: &[f64]) -> Self {
        if let [x, y] = numbers { Self([1.0, 0.0, 0.0, 1.0, *x, *y]) } else { Self::SAME }
    }

    /// This one first, then the other.
    pub(super) fn then(self, next: Self) -> Self {
        let Self([a, b, c, d, e, f]) = self;
        let Self([na, nb, nc, nd, ne, nf]) = next;
        Self([
            a * na + b * nc,
            a * nb + b * nd,
            c * na + d * nc,
            c * nb + d * nd,
            e * na + f * nc + ne,
            e * nb + f * nd + nf,
        ])
    }

    pub(super) fn point(self, x: f64, y: f64) -> (f64, f64) {
        let Self([a, b, c, d, e, f]) = self;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// How long something upright of length one becomes.
    pub(super) fn height(self) -> f64 {
        let Self([_, _, c, d, _, _]) = self;
        c.hypot(d)
    }

    /// Where a picture lands.
    pub(super) fn unit_square(self) -> Area {
        let corners = [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
        let first = self.point(0.0, 0.0);
        corners.iter().fold(Area::between(first, first), |area, (x, y)| area.with(self.point(*x, *y)))
    }
}

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    low: (f64, f64),
    high: (f64, f64),
}

impl Area {
    pub(super) const EVERYWHERE: Self = Self { low: (f64::MIN, f64::MIN), high: (f64::MAX, f64::MAX) };

    pub(super) fn between(one: (f64, f64), other: (f64, f64)) -> Self {
        Self { low: (one.0.min(other.0), one.1.min(other.1)), high: (one.0.max(other.0), one.1.max(other.1)) }
    }

    pub(super) fn with(self, point: (f64, f64)) -> Self {
        Self {
            low: (self.low.0.min(point.0), self.low.1.min(point.1)),
            high: (self.high.0.max(point.0), self.high.1.max(point.1)),
        }
    }

    /// A little room around it: glyphs begin beside their origin.
    pub(super) fn holds(&self, point: (f64, f64)) -> bool {
        const ROOM: f64 = 2.0;
        let within = |low: f64, value: f64, high: f64| value >= low - ROOM && value <= high + ROOM;
        within(self.low.0, point.0, self.high.0) && within(self.low.1, point.1, self.high.1)
    }
}
