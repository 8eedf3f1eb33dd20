//! Comma-separated values, as RFC 4180 has them, with cells that no spreadsheet takes for a formula.

use std::io::Write;

use super::{
    Cell, Column, SheetError, Summary,
    cell::{date_time, number},
};

/// What a spreadsheet needs to see UTF-8 where it expects a code page.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// A text that begins with one of these may be run as a formula; the wide forms count as the plain ones
/// in East Asian settings.
const FORMULA_BEGINNINGS: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
/// Shown by spreadsheets as nothing, and what follows is text.
const GUARD: char = '\'';

/// How the file is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CsvOptions {
    /// Begin with a byte order mark.
    pub byte_order_mark: bool,
    /// Put a quote before texts that look like formulas.
    pub guard_formulas: bool,
}

pub(super) struct CsvWriter<W: Write> {
    output: W,
    options: CsvOptions,
    columns: usize,
    line: String,
    summary: Summary,
}

impl<W: Write> CsvWriter<W> {
    pub(super) fn begin(mut output: W, options: &CsvOptions, columns: &[Column]) -> Result<Self, SheetError> {
        if options.byte_order_mark {
            output.write_all(BYTE_ORDER_MARK)?;
        }
        let mut writer = Self {
            output,
            options: *options,
            columns: columns.len(),
            line: String::new(),
            summary: Summary::default(),
        };
        let header: Vec<Cell> = columns.iter().map(|column| Cell::Text(column.header.clone())).collect();
        writer.row(&header)?;
        writer.summary.rows = 0;
        Ok(writer)
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<(), SheetError> {
        self.line.clear();
        for place in 0..self.columns {
            if place > 0 {
                self.line.push(',');
            }
            if let Some(cell) = cells.get(place) {
                self.cell(cell);
            }
        }
        // A line with nothing on it would be skipped by readers.
        if self.line.is_empty() {
            self.line.push_str("\"\"");
        }
        self.line.push_str("\r\n");
        self.output.write_all(self.line.as_bytes())?;
        self.summary.rows += 1;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(W, Summary), SheetError> {
        self.output.flush()?;
        Ok((self.output, self.summary))
    }

    fn cell(&mut self, cell: &Cell) {
        match cell {
            Cell::Empty => {}
            Cell::Text(text) => self.text(text),
            Cell::Integer(value) => self.line.push_str(&value.to_string()),
            Cell::Number(value) => self.line.push_str(&number(*value)),
            Cell::Boolean(value) => self.line.push_str(if *value { "True" } else { "False" }),
            Cell::Date(value) => self.line.push_str(&value.to_string()),
            Cell::DateTime(value) => self.line.push_str(&date_time(*value)),
        }
    }

    fn text(&mut self, text: &str) {
        let guarded = self.options.guard_formulas && looks_like_a_formula(text);
        let quoted = text.contains([',', '"', '\r', '\n', '\t', ';']) || text != text.trim();
        if quoted {
            self.line.push('"');
        }
        if guarded {
            self.summary.guarded += 1;
            self.line.push(GUARD);
        }
        if quoted {
            for character in text.chars() {
                if character == '"' {
                    self.line.push('"');
                }
                self.line.push(character);
            }
            self.line.push('"');
        } else {
            self.line.push_str(text);
        }
    }
}

/// Begins like a formula and is no plain number.
fn looks_like_a_formula(text: &str) -> bool {
    text.starts_with(FORMULA_BEGINNINGS) && !is_plain_number(text)
}

/// A sign, digits, at most one point: nothing a formula could hide in.
fn is_plain_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, datetime};

    use super::*;

    fn written(options: CsvOptions, cells: &[Cell]) -> String {
        let columns: Vec<Column> = (0..cells.len()).map(|place| Column::new(format!("c{place}"))).collect();
        let mut writer = CsvWriter::begin(Vec::new(), &options, &columns).unwrap();
        writer.row(cells).unwrap();
        String::from_utf8(writer.finish().unwrap().0).unwrap()
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let options = CsvOptions { guard_formulas: true, ..CsvOptions::default() };
        let file = written(options, &[Cell::Text(text.to_owned()), Cell::Empty]);
        assert_eq!(file, format!("c0,c1\r\n{expected},\r\n"));
    }

    #[test]
    fn formulas_are_text() {
        check("=1+1", "'=1+1");
        check("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
        check("+32 2 290 34 90", "'+32 2 290 34 90");
        check("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0");
        check("@SUM(A1)", "'@SUM(A1)");
        check("\t=1", "\"'\t=1\"");
        check("\r=1", "\"'\r=1\"");
        check("＝1+1", "'＝1+1");
        check("--1", "'--1");
    }

    #[test]
    fn numbers_and_plain_texts_stay() {
        for plain in ["-12.5", "+7", "-0", "1e5", "a=b", "x", "3-4", "é", "'quoted'"] {
            check(plain, plain);
        }
        check("-1e5", "'-1e5");
        check("-.5", "'-.5");
    }

    #[test]
    fn separators_and_quotes_are_quoted() {
        check("a,b", "\"a,b\"");
        check("say \"hi\"", "\"say \"\"hi\"\"\"");
        check("two\nlines", "\"two\nlines\"");
        check(" padded ", "\" padded \"");
        check("", "");
    }

    #[test]
    fn values_have_one_spelling() {
        let cells = [
            Cell::Integer(-7),
            Cell::Number(12.50),
            Cell::Boolean(true),
            Cell::Boolean(false),
            Cell::Date(date(2026, 2, 28)),
            Cell::DateTime(datetime(2026, 2, 28, 7, 5, 9, 0)),
        ];
        let file = written(CsvOptions { byte_order_mark: true, guard_formulas: true }, &cells);
        assert_eq!(
            file,
            "\u{feff}c0,c1,c2,c3,c4,c5\r\n-7,12.5,True,False,2026-02-28,2026-02-28 07:05:09\r\n"
        );
    }

    #[test]
    fn a_row_has_as_many_cells_as_the_header() {
        let mut writer =
            CsvWriter::begin(Vec::new(), &CsvOptions::default(), &[Column::new("a"), Column::new("b")])
                .unwrap();
        writer.row(&[Cell::Integer(1), Cell::Integer(2), Cell::Integer(3)]).unwrap();
        writer.row(&[]).unwrap();
        let (bytes, summary) = writer.finish().unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "a,b\r\n1,2\r\n,\r\n");
        assert_eq!(summary.rows, 2);
    }
}
