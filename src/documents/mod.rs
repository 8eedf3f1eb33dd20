//! Documents that leave the house: PDF files and pictures, made safe before anybody reads them.
//!
//! Pure: bytes in, safe bytes and a truthful report out. Deliberately absent: I/O, and what a
//! document says.
