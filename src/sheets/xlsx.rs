//! One sheet of an XLSX file, row by row: texts as texts, numbers as numbers, dates as dates.
//!
//! Texts stand in their cells instead of a shared table, which would have to be kept until the end.
//! A text is never a formula here, whatever it begins with.

use std::{fmt::Write as _, io::Write};

use jiff::{
    Unit,
    civil::{Date, DateTime, date},
};

use super::{
    Cell, Column, SheetError, Summary, XLSX_CELL_CHARACTERS_MAX, XLSX_COLUMNS_MAX, XLSX_ROWS_MAX,
    cell::{EXACT_INTEGER_MAX, date_time, number},
    workbook_parts::{
        CONTENT_TYPES, PACKAGE_RELATIONS, STYLE_DATE, STYLE_DATE_TIME, STYLE_HEADER, WORKBOOK_RELATIONS,
        style_of_digits, styles, workbook,
    },
    zip::{Archive, OpenMember},
};

/// Characters of a sheet's name.
const SHEET_NAME_MAX: usize = 31;
const SECONDS_A_DAY: f64 = 86_400.0;
/// Widths are guessed from the header, as nobody has seen the rows yet.
const WIDTH_MIN: usize = 11;
const WIDTH_MAX: usize = 40;

pub(super) struct XlsxWriter<W: Write> {
    sheet: OpenMember<W>,
    /// The format of numbers in each column.
    number_styles: Vec<Option<usize>>,
    line: String,
    /// Rows so far, the header included.
    rows: u64,
    summary: Summary,
}

impl<W: Write> XlsxWriter<W> {
    pub(super) fn begin(output: W, sheet_name: &str, columns: &[Column]) -> Result<Self, SheetError> {
        if columns.len() > XLSX_COLUMNS_MAX {
            return Err(SheetError::TooManyColumns);
        }
        let mut name = String::new();
        escape(&mut name, &clean_name(sheet_name));
        let archive = Archive::new(output)
            .whole("[Content_Types].xml", CONTENT_TYPES)?
            .whole("_rels/.rels", PACKAGE_RELATIONS)?
            .whole("xl/workbook.xml", &workbook(&name))?
            .whole("xl/_rels/workbook.xml.rels", WORKBOOK_RELATIONS)?
            .whole("xl/styles.xml", &styles())?;
        let mut sheet = archive.member("xl/worksheets/sheet1.xml")?;
        sheet.write_all(sheet_beginning(columns).as_bytes())?;
        let number_styles = columns.iter().map(style_of_digits).collect();
        let mut writer =
            Self { sheet, number_styles, line: String::new(), rows: 0, summary: Summary::default() };
        writer.header(columns)?;
        Ok(writer)
    }

    fn header(&mut self, columns: &[Column]) -> Result<(), SheetError> {
        self.begin_row()?;
        for column in columns {
            self.text(&column.header, STYLE_HEADER);
        }
        self.end_row()
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<(), SheetError> {
        self.begin_row()?;
        for place in 0..self.number_styles.len() {
            match cells.get(place) {
                Some(cell) => self.cell(cell, place),
                None => self.line.push_str("<c/>"),
            }
        }
        self.summary.rows += 1;
        self.end_row()
    }

    pub(super) fn finish(mut self) -> Result<(W, Summary), SheetError> {
        self.sheet.write_all(b"</sheetData></worksheet>")?;
        Ok((self.sheet.close()?.finish()?, self.summary))
    }

    fn begin_row(&mut self) -> Result<(), SheetError> {
        if self.rows >= XLSX_ROWS_MAX {
            return Err(SheetError::TooManyRows);
        }
        self.rows += 1;
        self.line.clear();
        // Writing to a string does not fail.
        let _ = write!(self.line, r#"<row r="{}">"#, self.rows);
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), SheetError> {
        self.line.push_str("</row>");
        self.sheet.write_all(self.line.as_bytes())?;
        Ok(())
    }

    fn cell(&mut self, cell: &Cell, place: usize) {
        let number_style = self.number_styles.get(place).copied().flatten();
        match cell {
            Cell::Empty => self.line.push_str("<c/>"),
            Cell::Text(text) => self.text(text, 0),
            // A number that would lose digits is shown as it is.
            Cell::Integer(value) if value.unsigned_abs() > EXACT_INTEGER_MAX => {
                self.text(&value.to_string(), 0);
            }
            Cell::Integer(value) => self.value(&value.to_string(), None),
            Cell::Number(value) if value.is_finite() => self.value(&number(*value), number_style),
            Cell::Number(value) => self.text(&value.to_string(), 0),
            Cell::Boolean(value) => {
                let _ = write!(self.line, r#"<c t="b"><v>{}</v></c>"#, u8::from(*value));
            }
            Cell::Date(value) => match day_number(*value) {
                Some(day) => self.value(&day.to_string(), Some(STYLE_DATE)),
                None => self.text(&value.to_string(), 0),
            },
            Cell::DateTime(value) => match moment_number(*value) {
                Some(moment) => self.value(&number(moment), Some(STYLE_DATE_TIME)),
                None => self.text(&date_time(*value), 0),
            },
        }
    }

    fn value(&mut self, text: &str, style: Option<usize>) {
        let _ = match style {
            Some(style) => write!(self.line, r#"<c s="{style}"><v>{text}</v></c>"#),
            None => write!(self.line, "<c><v>{text}</v></c>"),
        };
    }

    fn text(&mut self, text: &str, style: usize) {
        if text.is_empty() {
            self.line.push_str("<c/>");
            return;
        }
        let kept = kept_of(text);
        if kept.len() < text.len() {
            self.summary.shortened += 1;
        }
        let _ = match style {
            0 => write!(self.line, r#"<c t="inlineStr"><is><t xml:space="preserve">"#),
            style => write!(self.line, r#"<c s="{style}" t="inlineStr"><is><t xml:space="preserve">"#),
        };
        escape(&mut self.line, kept);
        self.line.push_str("</t></is></c>");
    }
}

fn sheet_beginning(columns: &[Column]) -> String {
    let mut text = concat!(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">"#,
        r#"<sheetViews><sheetView workbookViewId="0">"#,
        r#"<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>"#,
        "</sheetView></sheetViews><cols>"
    )
    .to_owned();
    for (place, column) in columns.iter().enumerate() {
        let width = (column.header.chars().count() + 2).clamp(WIDTH_MIN, WIDTH_MAX);
        let number = place + 1;
        let _ = write!(text, r#"<col min="{number}" max="{number}" width="{width}" customWidth="1"/>"#);
    }
    if columns.is_empty() {
        text = text.replace("<cols>", "");
    } else {
        text.push_str("</cols>");
    }
    text.push_str("<sheetData>");
    text
}

/// Days since the spreadsheet's day zero; dates before the error in its calendar have none.
fn day_number(value: Date) -> Option<i32> {
    /// From here on the numbers are those of the calendar (1900 counts as a leap year there).
    const FIRST: Date = date(1900, 3, 1);
    if value < FIRST {
        return None;
    }
    Some(value.since((Unit::Day, date(1899, 12, 30))).ok()?.get_days())
}

fn moment_number(value: DateTime) -> Option<f64> {
    let day = f64::from(day_number(value.date())?);
    let time = value.time();
    let seconds = i32::from(time.hour()) * 3600 + i32::from(time.minute()) * 60 + i32::from(time.second());
    Some(day + f64::from(seconds) / SECONDS_A_DAY)
}

/// The beginning of a text that fits into a cell.
fn kept_of(text: &str) -> &str {
    if text.len() <= XLSX_CELL_CHARACTERS_MAX {
        return text;
    }
    let mut units = 0;
    for (place, character) in text.char_indices() {
        units += character.len_utf16();
        if units > XLSX_CELL_CHARACTERS_MAX {
            return text.get(..place).unwrap_or_default();
        }
    }
    text
}

/// A name that spreadsheets accept.
fn clean_name(name: &str) -> String {
    let allowed = |character: char| !character.is_control() && !"[]:*?/\\'".contains(character);
    let cleaned: String = name.chars().filter(|character| allowed(*character)).take(SHEET_NAME_MAX).collect();
    let cleaned = cleaned.trim();
    if cleaned.is_empty() { "Sheet1".to_owned() } else { cleaned.to_owned() }
}

/// Text for XML; what XML cannot hold is written in the way of the format, `_x0001_`.
fn escape(output: &mut String, text: &str) {
    for (place, character) in text.char_indices() {
        match character {
            '&' => output.push_str("&amp;"),
            '<' => output.push_str("&lt;"),
            '>' => output.push_str("&gt;"),
            '"' => output.push_str("&quot;"),
            '\t' | '\n' => output.push(character),
            // A bare carriage return would come back as a line feed.
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(output, "_x{:04X}_", u32::from(character));
            }
            '_' if is_escape(text.get(place..).unwrap_or_default()) => output.push_str("_x005F_"),
            _ => output.push(character),
        }
    }
}

/// Would a spreadsheet read these characters as one that is written by its number?
fn is_escape(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first_chunk::<7>().is_some_and(|[a, b, digits @ .., end]| {
        *a == b'_' && *b == b'x' && *end == b'_' && digits.iter().all(u8::is_ascii_hexdigit)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::DeflateDecoder;
    use jiff::civil::datetime;

    use super::*;

    /// The member of an archive, found by walking its central directory.
    fn member(archive: &[u8], wanted: &str) -> String {
        let number = |place: usize, bytes: usize| {
            (0..bytes).rev().fold(0_usize, |sum, byte| (sum << 8) | usize::from(archive[place + byte]))
        };
        let end = archive.len() - 22;
        assert_eq!(number(end, 4), 0x0605_4b50);
        let (count, mut place) = (number(end + 10, 2), number(end + 16, 4));
        for _ in 0..count {
            let name_length = number(place + 28, 2);
            let name = std::str::from_utf8(&archive[place + 46..place + 46 + name_length]).unwrap();
            if name == wanted {
                let (crc, compressed, plain) =
                    (number(place + 16, 4), number(place + 20, 4), number(place + 24, 4));
                let local = number(place + 42, 4);
                let data = local + 30 + number(local + 26, 2) + number(local + 28, 2);
                let mut text = String::new();
                DeflateDecoder::new(&archive[data..data + compressed]).read_to_string(&mut text).unwrap();
                assert_eq!(text.len(), plain);
                let mut sum = flate2::Crc::new();
                sum.update(text.as_bytes());
                assert_eq!(sum.sum() as usize, crc);
                return text;
            }
            place += 46 + name_length;
        }
        panic!("no member {wanted}");
    }

    fn sheet_of(cells: &[Cell], digits: Option<u32>) -> (String, Summary) {
        let columns: Vec<Column> =
            (0..cells.len()).map(|place| Column { header: format!("c{place}"), digits }).collect();
        let mut writer = XlsxWriter::begin(Vec::new(), "Sheet", &columns).unwrap();
        writer.row(cells).unwrap();
        let (bytes, summary) = writer.finish().unwrap();
        (member(&bytes, "xl/worksheets/sheet1.xml"), summary)
    }

    #[track_caller]
    fn check(cell: Cell, expected: &str) {
        let (sheet, _) = sheet_of(&[cell], Some(2));
        assert!(sheet.contains(&format!(r#"<row r="2">{expected}</row>"#)), "{sheet}");
    }

    #[test]
    fn cells_have_their_types() {
        check(Cell::Integer(5), "<c><v>5</v></c>");
        check(Cell::Number(12.5), r#"<c s="6"><v>12.5</v></c>"#);
        check(Cell::Boolean(true), r#"<c t="b"><v>1</v></c>"#);
        check(Cell::Date(date(2026, 2, 28)), r#"<c s="2"><v>46081</v></c>"#);
        check(Cell::DateTime(datetime(2026, 2, 28, 12, 0, 0, 0)), r#"<c s="3"><v>46081.5</v></c>"#);
        check(Cell::Empty, "<c/>");
        check(
            Cell::Integer(9_007_199_254_740_993),
            r#"<c t="inlineStr"><is><t xml:space="preserve">9007199254740993</t></is></c>"#,
        );
        check(
            Cell::Date(date(1899, 5, 1)),
            r#"<c t="inlineStr"><is><t xml:space="preserve">1899-05-01</t></is></c>"#,
        );
    }

    #[track_caller]
    fn check_text(text: &str, expected: &str) {
        check(
            Cell::Text(text.to_owned()),
            &format!(r#"<c t="inlineStr"><is><t xml:space="preserve">{expected}</t></is></c>"#),
        );
    }

    #[test]
    fn texts_stay_texts() {
        check_text("=1+1", "=1+1");
        check_text("<b>&\"</b>", "&lt;b&gt;&amp;&quot;&lt;/b&gt;");
        check_text("a\u{1}b\rc", "a_x0001_b_x000D_c");
        check_text("_x0041_", "_x005F_x0041_");
        check_text("_x00_ é 😀", "_x00_ é 😀");
        check_text("two\nlines ", "two\nlines ");
    }

    #[test]
    fn a_cell_holds_so_much() {
        let long = "😀".repeat(XLSX_CELL_CHARACTERS_MAX);
        let (sheet, summary) = sheet_of(&[Cell::Text(long)], None);
        assert_eq!(summary.shortened, 1);
        assert_eq!(sheet.matches('😀').count(), XLSX_CELL_CHARACTERS_MAX / 2);
        let (_, summary) = sheet_of(&[Cell::Text("x".repeat(XLSX_CELL_CHARACTERS_MAX))], None);
        assert_eq!(summary.shortened, 0);
    }

    #[test]
    fn sheet_names_are_made_to_fit() {
        assert_eq!(clean_name("a/b:c[d]*?"), "abcd");
        assert_eq!(clean_name("///"), "Sheet1");
        assert_eq!(clean_name(&"x".repeat(50)).len(), SHEET_NAME_MAX);
    }

    #[test]
    fn a_sheet_has_so_many_columns_and_rows() {
        let columns = vec![Column::new("x"); XLSX_COLUMNS_MAX + 1];
        assert!(matches!(XlsxWriter::begin(Vec::new(), "s", &columns), Err(SheetError::TooManyColumns)));
        let mut writer = XlsxWriter::begin(std::io::sink(), "s", &[Column::new("x")]).unwrap();
        writer.rows = XLSX_ROWS_MAX - 1;
        writer.row(&[Cell::Integer(1)]).unwrap();
        assert!(matches!(writer.row(&[Cell::Integer(1)]), Err(SheetError::TooManyRows)));
    }

    #[test]
    fn every_part_is_there() {
        let mut writer = XlsxWriter::begin(Vec::new(), "R&D", &[Column::new("Näme")]).unwrap();
        for number in 0..1000 {
            writer.row(&[Cell::Integer(number)]).unwrap();
        }
        let (bytes, summary) = writer.finish().unwrap();
        assert_eq!(summary.rows, 1000);
        assert!(bytes.starts_with(b"PK\x03\x04"));
        assert!(member(&bytes, "xl/workbook.xml").contains(r#"name="R&amp;D""#));
        for part in ["[Content_Types].xml", "_rels/.rels", "xl/_rels/workbook.xml.rels", "xl/styles.xml"] {
            assert!(member(&bytes, part).starts_with("<?xml"));
        }
    }
}
