//! The small parts of an XLSX file around its sheet: content types, relations, the workbook, styles.

use super::Column;

pub(super) const CONTENT_TYPES: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">"#,
    r#"<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>"#,
    r#"<Default Extension="xml" ContentType="application/xml"/>"#,
    r#"<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>"#,
    r#"<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>"#,
    r#"<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>"#,
    "</Types>",
);

pub(super) const PACKAGE_RELATIONS: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">"#,
    r#"<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>"#,
    "</Relationships>",
);

pub(super) const WORKBOOK_RELATIONS: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">"#,
    r#"<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>"#,
    r#"<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>"#,
    "</Relationships>",
);

/// Places in the list of cell formats of [`styles`].
pub(super) const STYLE_HEADER: usize = 1;
pub(super) const STYLE_DATE: usize = 2;
pub(super) const STYLE_DATE_TIME: usize = 3;
/// The first format of numbers with a fixed count of digits: none, one, two and so on.
const STYLE_DIGITS: usize = 4;
/// Formats of digits that are made; more digits are shown as they are.
const DIGITS_MAX: u32 = 8;

pub(super) fn style_of_digits(column: &Column) -> Option<usize> {
    let digits = column.digits.filter(|digits| *digits <= DIGITS_MAX)?;
    Some(STYLE_DIGITS + usize::try_from(digits).ok()?)
}

/// The first number format that is not built in.
const FIRST_FORMAT: usize = 164;

pub(super) fn styles() -> String {
    let mut codes = vec!["yyyy\\-mm\\-dd".to_owned(), "yyyy\\-mm\\-dd hh:mm:ss".to_owned()];
    codes.extend((0..=DIGITS_MAX).map(|digits| match digits {
        0 => "#,##0".to_owned(),
        digits => format!("#,##0.{}", "0".repeat(digits as usize)),
    }));
    let formats: String = codes
        .iter()
        .enumerate()
        .map(|(place, code)| format!(r#"<numFmt numFmtId="{}" formatCode="{code}"/>"#, FIRST_FORMAT + place))
        .collect();
    let cells: String = (0..codes.len())
        .map(|place| {
            let id = FIRST_FORMAT + place;
            format!(
                r#"<xf numFmtId="{id}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>"#
            )
        })
        .collect();
    format!(
        concat!(
            r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
            r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">"#,
            r#"<numFmts count="{count}">{formats}</numFmts>"#,
            r#"<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>"#,
            r#"<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>"#,
            r#"<fills count="2"><fill><patternFill patternType="none"/></fill>"#,
            r#"<fill><patternFill patternType="gray125"/></fill></fills>"#,
            r#"<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"#,
            r#"<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>"#,
            r#"<cellXfs count="{styles}"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>"#,
            r#"<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>{cells}</cellXfs>"#,
            r#"<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>"#,
            "</styleSheet>"
        ),
        count = codes.len(),
        formats = formats,
        styles = codes.len() + 2,
        cells = cells,
    )
}

pub(super) fn workbook(escaped_sheet_name: &str) -> String {
    format!(
        concat!(
            r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
            r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" "#,
            r#"xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">"#,
            r#"<sheets><sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>"#
        ),
        name = escaped_sheet_name
    )
}
