//! Tables as CSV and XLSX files, written row by row.
