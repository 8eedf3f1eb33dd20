//! A ZIP archive written front to back: deflated members whose sizes follow them.
//!
//! Just what an XLSX file needs. Deliberately absent: members of more than four gigabytes.

use std::io::{self, Write};

use flate2::{Compression, Crc, write::DeflateEncoder};

use super::SheetError;

const LOCAL_HEADER: u32 = 0x0403_4b50;
const SIZES_FOLLOW: u32 = 0x0807_4b50;
const CENTRAL_HEADER: u32 = 0x0201_4b50;
const END_OF_CENTRAL: u32 = 0x0605_4b50;
/// Deflate, and the version that brought it.
const VERSION: u16 = 20;
/// Sizes and checksum stand behind the data; names are UTF-8.
const FLAGS: u16 = 0x0808;
const DEFLATED: u16 = 8;
/// The first of January 1980: files that hold the same are the same.
const DOS_DATE: u16 = 0x0021;

/// Counts what goes through.
struct Counted<W> {
    output: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.output.write(buffer)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

struct Member {
    name: &'static str,
    begins_at: u32,
    crc: u32,
    compressed: u32,
    plain: u32,
}

/// An archive between two members.
pub(super) struct Archive<W: Write> {
    output: Counted<W>,
    members: Vec<Member>,
}

/// A member being written.
pub(super) struct OpenMember<W: Write> {
    encoder: DeflateEncoder<Counted<W>>,
    crc: Crc,
    name: &'static str,
    begins_at: u32,
    data_at: u64,
    members: Vec<Member>,
}

impl<W: Write> Archive<W> {
    pub(super) fn new(output: W) -> Self {
        Self { output: Counted { output, bytes: 0 }, members: Vec::new() }
    }

    pub(super) fn member(mut self, name: &'static str) -> Result<OpenMember<W>, SheetError> {
        let begins_at = small(self.output.bytes)?;
        let mut header = Vec::with_capacity(64);
        put_u32(&mut header, LOCAL_HEADER);
        for value in [VERSION, FLAGS, DEFLATED, 0, DOS_DATE] {
            put_u16(&mut header, value);
        }
        // Checksum and sizes are not known yet.
        header.extend([0; 12]);
        put_u16(&mut header, short(name.len())?);
        put_u16(&mut header, 0);
        header.extend(name.as_bytes());
        self.output.write_all(&header)?;
        let data_at = self.output.bytes;
        let encoder = DeflateEncoder::new(self.output, Compression::default());
        Ok(OpenMember { encoder, crc: Crc::new(), name, begins_at, data_at, members: self.members })
    }

    /// A member that is at hand as a whole.
    pub(super) fn whole(self, name: &'static str, content: &str) -> Result<Self, SheetError> {
        let mut member = self.member(name)?;
        member.write_all(content.as_bytes())?;
        member.close()
    }

    pub(super) fn finish(mut self) -> Result<W, SheetError> {
        let begins_at = small(self.output.bytes)?;
        let mut directory = Vec::new();
        for member in &self.members {
            put_u32(&mut directory, CENTRAL_HEADER);
            for value in [VERSION, VERSION, FLAGS, DEFLATED, 0, DOS_DATE] {
                put_u16(&mut directory, value);
            }
            for value in [member.crc, member.compressed, member.plain] {
                put_u32(&mut directory, value);
            }
            put_u16(&mut directory, short(member.name.len())?);
            // No extra field, no comment, first disk, no attributes.
            directory.extend([0; 12]);
            put_u32(&mut directory, member.begins_at);
            directory.extend(member.name.as_bytes());
        }
        let count = short(self.members.len())?;
        let length = small(directory.len() as u64)?;
        put_u32(&mut directory, END_OF_CENTRAL);
        for value in [0, 0, count, count] {
            put_u16(&mut directory, value);
        }
        put_u32(&mut directory, length);
        put_u32(&mut directory, begins_at);
        put_u16(&mut directory, 0);
        self.output.write_all(&directory)?;
        self.output.flush()?;
        Ok(self.output.output)
    }
}

impl<W: Write> OpenMember<W> {
    pub(super) fn close(self) -> Result<Archive<W>, SheetError> {
        let mut output = self.encoder.finish()?;
        let member = Member {
            name: self.name,
            begins_at: self.begins_at,
            crc: self.crc.sum(),
            compressed: small(output.bytes.saturating_sub(self.data_at))?,
            // Counted modulo 2^32 by the checksum; the archive as a whole is held to less.
            plain: self.crc.amount(),
        };
        let mut sizes = Vec::with_capacity(16);
        for value in [SIZES_FOLLOW, member.crc, member.compressed, member.plain] {
            put_u32(&mut sizes, value);
        }
        output.write_all(&sizes)?;
        let mut members = self.members;
        members.push(member);
        Ok(Archive { output, members })
    }
}

impl<W: Write> Write for OpenMember<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.encoder.write(buffer)?;
        let taken = buffer.get(..written).unwrap_or_default();
        if u64::from(self.crc.amount()) + taken.len() as u64 > u64::from(u32::MAX) {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a member beyond four gigabytes"));
        }
        self.crc.update(taken);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.encoder.flush()
    }
}

fn small(value: u64) -> Result<u32, SheetError> {
    u32::try_from(value).map_err(|_| SheetError::TooLarge)
}

fn short(value: usize) -> Result<u16, SheetError> {
    u16::try_from(value).map_err(|_| SheetError::TooLarge)
}

fn put_u16(bytes: &mut Vec<u8>, value: u16) {
    bytes.extend(value.to_le_bytes());
}

fn put_u32(bytes: &mut Vec<u8>, value: u32) {
    bytes.extend(value.to_le_bytes());
}
