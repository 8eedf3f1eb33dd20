//! Tables as CSV and XLSX files, written row by row.
//!
//! Pure: cells in, bytes out into any [`Write`], in the same memory for ten rows or a million.
//! Deliberately absent: reading, and anything that knows where the rows come from.

mod cell;
mod csv;
mod workbook_parts;
mod xlsx;
mod zip;

use std::io::{self, Write};

pub use cell::{Cell, Column};
pub use csv::CsvOptions;
use csv::CsvWriter;
use xlsx::XlsxWriter;

/// Rows of a sheet, the header included; a file format constant of spreadsheets.
pub const XLSX_ROWS_MAX: u64 = 1_048_576;
/// Columns of a sheet.
pub const XLSX_COLUMNS_MAX: usize = 16_384;
/// Characters (UTF-16 units) of a cell.
pub const XLSX_CELL_CHARACTERS_MAX: usize = 32_767;

/// Why a table cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    #[error("a sheet has at most {XLSX_ROWS_MAX} rows")]
    TooManyRows,
    #[error("a sheet has at most {XLSX_COLUMNS_MAX} columns")]
    TooManyColumns,
    #[error("the file grew beyond four gigabytes")]
    TooLarge,
    #[error("the file could not be written")]
    Io(#[from] io::Error),
}

/// Which kind of file.
#[derive(Debug, Clone)]
pub enum Format {
    Csv(CsvOptions),
    /// The name of its one sheet.
    Xlsx {
        sheet: String,
    },
}

/// A table being written.
pub struct Sheet<W: Write>(Kind<W>);

enum Kind<W: Write> {
    Csv(CsvWriter<W>),
    Xlsx(Box<XlsxWriter<W>>),
}

/// What became of the cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows without the header.
    pub rows: u64,
    /// Texts that were longer than a cell may be.
    pub shortened: u64,
    /// Texts that a spreadsheet would have taken for a formula.
    pub guarded: u64,
}

impl<W: Write> std::fmt::Debug for Sheet<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Kind::Csv(_) => "Sheet(csv)",
            Kind::Xlsx(_) => "Sheet(xlsx)",
        })
    }
}

impl<W: Write> Sheet<W> {
    /// Begins the file with its header row.
    pub fn begin(output: W, format: &Format, columns: &[Column]) -> Result<Self, SheetError> {
        Ok(Self(match format {
            Format::Csv(options) => Kind::Csv(CsvWriter::begin(output, options, columns)?),
            Format::Xlsx { sheet } => Kind::Xlsx(Box::new(XlsxWriter::begin(output, sheet, columns)?)),
        }))
    }

    pub fn row(&mut self, cells: &[Cell]) -> Result<(), SheetError> {
        match &mut self.0 {
            Kind::Csv(writer) => writer.row(cells),
            Kind::Xlsx(writer) => writer.row(cells),
        }
    }

    /// Ends the file; without this an XLSX file cannot be opened.
    pub fn finish(self) -> Result<(W, Summary), SheetError> {
        match self.0 {
            Kind::Csv(writer) => writer.finish(),
            Kind::Xlsx(writer) => writer.finish(),
        }
    }
}
