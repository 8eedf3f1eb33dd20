//! HTML, XML and Markdown as values: read, edited and made safe. No I/O.
