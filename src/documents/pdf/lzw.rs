//! LZW as PDF files use it: codes of 9 to 12 bits, most significant bit first.

use super::{Stop, filters::Output};

const CLEAR: usize = 256;
const END: usize = 257;
const CODES_MAX: usize = 4_096;

/// How much of the input was used, and whether the end mark was there.
pub(super) fn decode(bytes: &[u8], early: bool, output: &mut Output) -> Result<(usize, bool), Stop> {
    // Each code is an earlier code and one byte more.
    let mut table: Vec<(u16, u8)> = Vec::with_capacity(CODES_MAX);
    let mut reversed = Vec::new();
    let mut previous: Option<usize> = None;
    let mut width = 9;
    let mut bits = 0_u32;
    let mut held = 0_u32;
    for (at, byte) in bytes.iter().enumerate() {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        if held < width {
            continue;
        }
        held -= width;
        let code = usize::try_from(bits >> held & ((1 << width) - 1)).unwrap_or(END);
        bits &= (1 << held) - 1;
        if code == END {
            return Ok((at + 1, true));
        }
        if code == CLEAR {
            table.clear();
            previous = None;
            width = 9;
            continue;
        }
        reversed.clear();
        let next = table.len() + 258;
        // A code that is made by this very step repeats the first byte of the one before.
        let known = if code < next { Some(code) } else { previous.filter(|_| code == next) };
        let Some(mut walk) = known else { return Ok((bytes.len(), false)) };
        while let Some((before, byte)) = walk.checked_sub(258).and_then(|place| table.get(place)) {
            reversed.push(*byte);
            walk = usize::from(*before);
        }
        let first = u8::try_from(walk).unwrap_or_default();
        reversed.push(first);
        reversed.reverse();
        if code == next {
            reversed.push(first);
        }
        output.extend(&reversed)?;
        if let Some(before) = previous
            && next < CODES_MAX
        {
            table.push((u16::try_from(before).unwrap_or_default(), first));
        }
        previous = Some(code);
        let count = table.len() + 258 + usize::from(early);
        width = match count {
            ..512 => 9,
            512..1024 => 10,
            1024..2048 => 11,
            _ => 12,
        };
    }
    Ok((bytes.len(), false))
}
