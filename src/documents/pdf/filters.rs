//! The encodings of streams that have to be looked into, undone one after the other.
//!
//! Pictures keep their own encoding: nothing here knows how to unpack one.

use super::{
    Budget, Stop,
    lexer::is_white,
    lzw,
    object::{Dictionary, Object},
    predictor,
};

/// One encoding of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    Flate,
    Lzw,
    AsciiHex,
    Ascii85,
    RunLength,
    /// DCT, JPX, CCITT and JBIG2: left as they are.
    Picture,
    Unknown,
}

/// Both the names in full and those that inline pictures use.
pub(super) fn filter_named(name: &[u8]) -> Filter {
    match name {
        b"FlateDecode" | b"Fl" => Filter::Flate,
        b"LZWDecode" | b"LZW" => Filter::Lzw,
        b"ASCIIHexDecode" | b"AHx" => Filter::AsciiHex,
        b"ASCII85Decode" | b"A85" => Filter::Ascii85,
        b"RunLengthDecode" | b"RL" => Filter::RunLength,
        b"DCTDecode" | b"DCT" | b"JPXDecode" | b"CCITTFaxDecode" | b"CCF" | b"JBIG2Decode" => Filter::Picture,
        _ => Filter::Unknown,
    }
}

/// What came out, and how far the input was used.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    /// Bytes of the input up to the mark at its end.
    pub(super) used: usize,
    /// That the end mark was there and every check was passed.
    pub(super) whole: bool,
}

/// Undoes one encoding, its predictor included. `source` is what the stream was stored as, against which
/// the ratio counts.
pub(super) fn decode(
    filter: Filter,
    parameters: Option<&Dictionary>,
    bytes: &[u8],
    source: usize,
    budget: &mut Budget<'_>,
) -> Result<Decoded, Stop> {
    let mut output = Output::new(source, budget);
    let (used, whole) = match filter {
        Filter::Flate => inflate(bytes, &mut output)?,
        Filter::Lzw => {
            let early =
                parameters.and_then(|parameters| parameters.get("EarlyChange")?.as_integer()) != Some(0);
            lzw::decode(bytes, early, &mut output)?
        }
        Filter::AsciiHex => ascii_hex(bytes, &mut output)?,
        Filter::Ascii85 => ascii85(bytes, &mut output)?,
        Filter::RunLength => run_length(bytes, &mut output)?,
        Filter::Picture | Filter::Unknown => {
            output.extend(bytes)?;
            (bytes.len(), true)
        }
    };
    let mut decoded = output.bytes;
    budget.decoded(decoded.len() as u64)?;
    if matches!(filter, Filter::Flate | Filter::Lzw)
        && let Some(parameters) = parameters
    {
        decoded = predictor::undo(decoded, parameters);
    }
    Ok(Decoded { bytes: decoded, used, whole })
}

/// Collects what a decoder writes, and stops it where it writes too much.
pub(super) struct Output {
    pub(super) bytes: Vec<u8>,
    most: u64,
    most_of_ratio: u64,
    ratio: u64,
    ends: super::Ends,
    since_look: usize,
}

impl Output {
    fn new(source: usize, budget: &Budget<'_>) -> Self {
        let limits = budget.limits;
        let by_ratio = (source as u64).saturating_mul(limits.ratio_max);
        Self {
            bytes: Vec::new(),
            most: budget.decoded_left(),
            most_of_ratio: by_ratio.max(limits.ratio_counts_from_bytes),
            ratio: limits.ratio_max,
            ends: budget.ends(),
            since_look: 0,
        }
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        /// The clock is asked once for so many bytes.
        const BYTES_BETWEEN_LOOKS: usize = 1024 * 1024;
        self.bytes.extend_from_slice(bytes);
        let length = self.bytes.len() as u64;
        if length > self.most {
            return Err(Stop::bomb("its streams unpack to more than the limit"));
        }
        if length > self.most_of_ratio {
            return Err(Stop::bomb(format!("a stream unpacks to more than {} times its size", self.ratio)));
        }
        self.since_look += bytes.len();
        if self.since_look > BYTES_BETWEEN_LOOKS {
            self.since_look = 0;
            self.ends.check()?;
        }
        Ok(())
    }

    pub(super) fn push(&mut self, byte: u8) -> Result<(), Stop> {
        self.extend(&[byte])
    }
}

fn inflate(bytes: &[u8], output: &mut Output) -> Result<(usize, bool), Stop> {
    use flate2::{Decompress, FlushDecompress, Status};
    /// Unpacked at a time.
    const CHUNK_BYTES: usize = 64 * 1024;
    let mut machine = Decompress::new(true);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let used = usize::try_from(machine.total_in()).unwrap_or(usize::MAX);
        let before = machine.total_out();
        let rest = bytes.get(used..).unwrap_or_default();
        let result = machine.decompress(rest, &mut chunk, FlushDecompress::None);
        let made = usize::try_from(machine.total_out() - before).unwrap_or(usize::MAX);
        output.extend(chunk.get(..made).unwrap_or_default())?;
        let used_now = usize::try_from(machine.total_in()).unwrap_or(usize::MAX);
        match result {
            Ok(Status::StreamEnd) => return Ok((used_now, true)),
            Ok(Status::Ok | Status::BufError) if made > 0 || used_now > used => {}
            Ok(Status::Ok | Status::BufError) | Err(_) => return Ok((bytes.len(), false)),
        }
    }
}

fn ascii_hex(bytes: &[u8], output: &mut Output) -> Result<(usize, bool), Stop> {
    let mut high = None;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'>' {
            if let Some(high) = high {
                output.push(high << 4)?;
            }
            return Ok((at + 1, true));
        }
        let Some(digit) = char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()) else {
            continue;
        };
        match high.take() {
            None => high = Some(digit),
            Some(high) => output.push(high << 4 | digit)?,
        }
    }
    if let Some(high) = high {
        output.push(high << 4)?;
    }
    Ok((bytes.len(), false))
}

fn ascii85(bytes: &[u8], output: &mut Output) -> Result<(usize, bool), Stop> {
    let mut group = 0_u32;
    let mut held = 0_usize;
    let mut ended = None;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'~' => {
                let mark = if bytes.get(at + 1) == Some(&b'>') { 2 } else { 1 };
                ended = Some(at + mark);
                break;
            }
            b'z' if held == 0 => output.extend(&[0; 4])?,
            b'!'..=b'u' => {
                group = group.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                held += 1;
                if held == 5 {
                    output.extend(&group.to_be_bytes())?;
                    (group, held) = (0, 0);
                }
            }
            white if is_white(*white) => {}
            // The mark `<~` at the beginning, and rubbish.
            _ => {}
        }
    }
    if held > 1 {
        for _ in held..5 {
            group = group.wrapping_mul(85).wrapping_add(84);
        }
        output.extend(group.to_be_bytes().get(..held - 1).unwrap_or_default())?;
    }
    Ok((ended.unwrap_or(bytes.len()), ended.is_some()))
}

fn run_length(bytes: &[u8], output: &mut Output) -> Result<(usize, bool), Stop> {
    let mut at = 0;
    while let Some(length) = bytes.get(at) {
        at += 1;
        match length {
            0..=127 => {
                let end = at + usize::from(*length) + 1;
                let Some(run) = bytes.get(at..end) else {
                    output.extend(bytes.get(at..).unwrap_or_default())?;
                    return Ok((bytes.len(), false));
                };
                output.extend(run)?;
                at = end;
            }
            128 => return Ok((at, true)),
            129..=255 => {
                let Some(byte) = bytes.get(at) else { break };
                let run = vec![*byte; 257 - usize::from(*length)];
                output.extend(&run)?;
                at += 1;
            }
        }
    }
    Ok((bytes.len(), false))
}

/// Packs bytes the one way this house packs them.
pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    // Fast rather than small: it runs while somebody waits.
    let mut machine = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(4));
    let written = machine.write_all(bytes).and_then(|()| machine.finish());
    // Writing into memory does not fail.
    written.unwrap_or_default()
}

/// The encodings of a stream with the parameters of each, references already followed.
pub(super) fn chain(
    dictionary: &Dictionary,
    follow: impl Fn(&Object) -> Object,
) -> Vec<(Vec<u8>, Option<Dictionary>)> {
    let entry = |long: &str, short: &str| {
        dictionary.get(long).or_else(|| dictionary.get(short)).map(&follow).unwrap_or(Object::Null)
    };
    let listed = |object: Object| match object {
        Object::Array(items) => items.iter().map(&follow).collect(),
        Object::Null => Vec::new(),
        single => vec![single],
    };
    let names = listed(entry("Filter", "F"));
    let mut parameters = listed(entry("DecodeParms", "DP")).into_iter();
    names
        .into_iter()
        .map(|name| {
            let parameters = match parameters.next() {
                Some(Object::Dictionary(parameters)) => {
                    let values = parameters.0.iter().map(|(key, value)| {
                        // Only a picture's tables stay a reference; all else is a number.
                        let kept = if key == b"JBIG2Globals" { value.clone() } else { follow(value) };
                        (key.clone(), kept)
                    });
                    Some(Dictionary(values.collect()))
                }
                _ => None,
            };
            let name = if let Object::Name(name) = name { name } else { Vec::new() };
            (name, parameters)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::DocumentLimits;

    fn undone(filter: Filter, bytes: &[u8]) -> Result<Decoded, Stop> {
        let limits = DocumentLimits::default();
        decode(filter, None, bytes, bytes.len(), &mut Budget::new(&limits))
    }

    #[track_caller]
    fn check(filter: Filter, bytes: &[u8], wanted: &[u8], used: usize) {
        let decoded = undone(filter, bytes).unwrap();
        assert_eq!((decoded.bytes.as_slice(), decoded.used), (wanted, used));
    }

    #[test]
    fn each_encoding_is_undone() {
        check(Filter::AsciiHex, b"48 65 6C6c6>rest", b"Hell`", 12);
        check(Filter::Ascii85, b"87cURD]i,\"Ebo80~>rest", b"Hello World!", 17);
        check(Filter::Ascii85, b"z87~>", b"\0\0\0\0H", 5);
        check(Filter::RunLength, b"\x02abc\xFEz\x80rest", b"abczzz", 7);
        check(Filter::Lzw, &[0x80, 0x0B, 0x60, 0x50, 0x22, 0x0C, 0x0C, 0x85, 0x01], b"-----A---B", 9);
        let packed = deflate(b"some text, some text");
        let mut longer = packed.clone();
        longer.extend_from_slice(b"behind");
        check(Filter::Flate, &longer, b"some text, some text", packed.len());
    }

    #[test]
    fn broken_streams_give_what_they_have() {
        let packed = deflate(&[7; 4_000]);
        let decoded = undone(Filter::Flate, &packed[..packed.len() - 6]).unwrap();
        assert!(!decoded.whole);
        let decoded = undone(Filter::RunLength, b"\x05ab").unwrap();
        assert_eq!((decoded.bytes.as_slice(), decoded.whole), (b"ab".as_slice(), false));
        for filter in [Filter::Flate, Filter::Lzw, Filter::AsciiHex, Filter::Ascii85, Filter::RunLength] {
            assert!(undone(filter, b"").unwrap().bytes.is_empty());
            undone(filter, &[0xFF; 300]).unwrap();
        }
    }

    #[test]
    fn bombs_are_stopped_while_they_go_off() {
        let packed = deflate(&vec![0; 3_000_000]);
        let limits = DocumentLimits { ratio_counts_from_bytes: 1_000_000, ..DocumentLimits::default() };
        let stop = decode(Filter::Flate, None, &packed, packed.len(), &mut Budget::new(&limits)).unwrap_err();
        assert_eq!(stop.code, crate::documents::RefusalCode::Bomb);
        let limits = DocumentLimits { decoded_bytes_max: 2_000_000, ..DocumentLimits::default() };
        let stop = decode(Filter::Flate, None, &packed, packed.len(), &mut Budget::new(&limits)).unwrap_err();
        assert_eq!(stop.code, crate::documents::RefusalCode::Bomb);
        decode(Filter::Flate, None, &packed, packed.len(), &mut Budget::new(&DocumentLimits::default()))
            .unwrap();
    }
}
