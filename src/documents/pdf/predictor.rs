//! Undoes what is done to rows of bytes before they are packed: differences to their neighbours.

use super::object::Dictionary;

/// A row longer than this is no row of anything.
const ROW_BYTES_MAX: usize = 1 << 20;

/// The bytes as they were; as they are, where the parameters make no sense.
pub(super) fn undo(bytes: Vec<u8>, parameters: &Dictionary) -> Vec<u8> {
    let number = |key: &str, usual: usize| match parameters.get(key).and_then(|value| value.as_integer()) {
        Some(value) => usize::try_from(value).unwrap_or_default(),
        None => usual,
    };
    let predictor = number("Predictor", 1);
    let (colors, depth, columns) = (number("Colors", 1), number("BitsPerComponent", 8), number("Columns", 1));
    if predictor < 2 || colors == 0 || colors > 32 || !matches!(depth, 1 | 2 | 4 | 8 | 16) || columns == 0 {
        return bytes;
    }
    let Some(row_bits) = columns.checked_mul(colors * depth) else { return bytes };
    let row = row_bits.div_ceil(8);
    if row > ROW_BYTES_MAX {
        return bytes;
    }
    let pixel = (colors * depth).div_ceil(8);
    if predictor == 2 {
        return if depth == 8 { tiff(bytes, row, pixel) } else { bytes };
    }
    png(&bytes, row, pixel)
}

fn tiff(mut bytes: Vec<u8>, row: usize, pixel: usize) -> Vec<u8> {
    for line in bytes.chunks_mut(row) {
        for at in pixel..line.len() {
            let before = line.get(at - pixel).copied().unwrap_or_default();
            if let Some(byte) = line.get_mut(at) {
                *byte = byte.wrapping_add(before);
            }
        }
    }
    bytes
}

fn png(bytes: &[u8], row: usize, pixel: usize) -> Vec<u8> {
    let mut all = Vec::with_capacity(bytes.len());
    let mut above = vec![0_u8; row];
    let mut current = Vec::with_capacity(row);
    for line in bytes.chunks(row + 1) {
        let Some((kind, line)) = line.split_first() else { break };
        current.clear();
        for (at, byte) in line.iter().enumerate() {
            let left =
                at.checked_sub(pixel).and_then(|place| current.get(place)).copied().unwrap_or_default();
            let up = above.get(at).copied().unwrap_or_default();
            let corner =
                at.checked_sub(pixel).and_then(|place| above.get(place)).copied().unwrap_or_default();
            let guess = match kind {
                1 => left,
                2 => up,
                3 => u8::try_from(u16::midpoint(u16::from(left), u16::from(up))).unwrap_or_default(),
                4 => paeth(left, up, corner),
                _ => 0,
            };
            current.push(byte.wrapping_add(guess));
        }
        all.extend_from_slice(&current);
        current.resize(row, 0);
        std::mem::swap(&mut above, &mut current);
    }
    all
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(up) - i16::from(corner);
    let distance = |value: u8| (estimate - i16::from(value)).abs();
    if distance(left) <= distance(up) && distance(left) <= distance(corner) {
        left
    } else if distance(up) <= distance(corner) {
        up
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use super::{super::object::Object, *};

    #[track_caller]
    fn check(predictor: i64, columns: i64, bytes: &[u8], wanted: &[u8]) {
        let parameters = Dictionary::default()
            .with("Predictor", Object::Integer(predictor))
            .with("Columns", Object::Integer(columns));
        assert_eq!(undo(bytes.to_vec(), &parameters), wanted);
    }

    #[test]
    fn rows() {
        check(1, 3, &[1, 2, 3], &[1, 2, 3]);
        check(2, 3, &[1, 1, 1, 5, 1, 1], &[1, 2, 3, 5, 6, 7]);
        check(12, 3, &[2, 1, 2, 3, 2, 1, 1, 1], &[1, 2, 3, 2, 3, 4]);
        check(15, 2, &[1, 1, 1, 4, 1, 1, 3, 2, 2], &[1, 2, 2, 3, 3, 5]);
        check(15, 3, &[0, 1], &[1]);
        check(12, i64::MAX, &[1, 2], &[1, 2]);
        check(12, -1, &[1, 2], &[1, 2]);
    }
}
