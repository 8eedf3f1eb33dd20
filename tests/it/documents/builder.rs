//! PDF files put together by hand, so that each can be wrong in one way.

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};

/// What the objects of [`Pdf::page`] hold.
pub(super) const CONTENT: &str = "BT /F1 12 Tf 72 720 Td (Invoice 0000000123) Tj ET";

/// A file of objects, in the order in which they are added.
#[derive(Clone, Default)]
pub(super) struct Pdf {
    pub(super) objects: Vec<(u32, Vec<u8>)>,
    pub(super) trailer: String,
    pub(super) root: u32,
}

impl Pdf {
    /// One page with one line: catalog 1, page tree 2, page 3, content 4, font 5. What is given is
    /// added to the catalog and to the page.
    pub(super) fn page(catalog: &str, page: &str) -> Self {
        Self { root: 1, ..Self::default() }
            .with(1, &format!("<</Type/Catalog/Pages 2 0 R {catalog}>>"))
            .with(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>")
            .with(3, &Self::page_object(page))
            .stream(4, "", CONTENT.as_bytes())
            .with(5, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    }

    pub(super) fn page_object(more: &str) -> String {
        format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>{more}>>"
        )
    }

    pub(super) fn with(mut self, number: u32, body: &str) -> Self {
        self.objects.push((number, body.as_bytes().to_vec()));
        self
    }

    /// The object of this number as something else.
    pub(super) fn changed(mut self, number: u32, body: &str) -> Self {
        self = self.without(number);
        self.with(number, body)
    }

    pub(super) fn without(mut self, number: u32) -> Self {
        self.objects.retain(|(known, _)| *known != number);
        self
    }

    pub(super) fn stream(mut self, number: u32, keys: &str, data: &[u8]) -> Self {
        let mut body = format!("<<{keys}/Length {}>>\nstream\n", data.len()).into_bytes();
        body.extend_from_slice(data);
        body.extend_from_slice(b"\nendstream");
        self.objects.push((number, body));
        self
    }

    pub(super) fn packed(self, number: u32, keys: &str, data: &[u8]) -> Self {
        self.stream(number, &format!("{keys}/Filter/FlateDecode"), &deflate(data))
    }

    pub(super) fn in_trailer(mut self, keys: &str) -> Self {
        self.trailer.push_str(keys);
        self
    }

    /// With a classic table.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = b"%PDF-1.7\n".to_vec();
        self.append(&mut out, None);
        out
    }

    /// These objects as an update of the file so far.
    pub(super) fn append(&self, out: &mut Vec<u8>, previous: Option<usize>) -> usize {
        let mut offsets = Vec::new();
        for (number, body) in &self.objects {
            offsets.push((*number, out.len()));
            writeln!(out, "{number} 0 obj").unwrap();
            out.extend_from_slice(body);
            out.extend_from_slice(b"\nendobj\n");
        }
        let start = out.len();
        offsets.sort_unstable();
        out.extend_from_slice(b"xref\n0 1\n0000000000 65535 f \n");
        for (number, offset) in &offsets {
            write!(out, "{number} 1\n{offset:010} 00000 n \n").unwrap();
        }
        let size = offsets.last().map_or(1, |(number, _)| number + 1);
        let previous = previous.map(|at| format!("/Prev {at}")).unwrap_or_default();
        let (root, more) = (self.root, &self.trailer);
        write!(out, "trailer\n<</Size {size}/Root {root} 0 R{previous}{more}>>\nstartxref\n{start}\n%%EOF\n")
            .unwrap();
        start
    }

    /// With everything that is no stream inside an object stream, and a cross-reference stream.
    pub(super) fn bytes_in_streams(&self, widths: &str) -> Vec<u8> {
        let mut out = b"%PDF-1.7\n".to_vec();
        let is_stream = |body: &[u8]| body.ends_with(b"endstream");
        let top = self.objects.iter().map(|(number, _)| *number).max().unwrap();
        let (container, table) = (top + 1, top + 2);
        let mut rows = vec![[0_u32, 0, 0]; usize::try_from(table).unwrap() + 1];
        let (mut header, mut inner) = (String::new(), Vec::new());
        for (number, body) in &self.objects {
            let place = usize::try_from(*number).unwrap();
            if is_stream(body) {
                rows[place] = [1, u32::try_from(out.len()).unwrap(), 0];
                writeln!(out, "{number} 0 obj").unwrap();
                out.extend_from_slice(body);
                out.extend_from_slice(b"\nendobj\n");
            } else {
                rows[place] = [2, container, u32::try_from(header.split_whitespace().count() / 2).unwrap()];
                header.push_str(&format!("{number} {} ", inner.len()));
                inner.extend_from_slice(body);
                inner.push(b' ');
            }
        }
        let count = header.split_whitespace().count() / 2;
        let all = [header.as_bytes(), &inner].concat();
        let packed = deflate(&all);
        rows[usize::try_from(container).unwrap()] = [1, u32::try_from(out.len()).unwrap(), 0];
        write!(
            out,
            "{container} 0 obj\n<</Type/ObjStm/N {count}/First {}/Filter/FlateDecode/Length {}>>\nstream\n",
            header.len(),
            packed.len()
        )
        .unwrap();
        out.extend_from_slice(&packed);
        out.extend_from_slice(b"\nendstream\nendobj\n");
        let start = out.len();
        rows[usize::try_from(table).unwrap()] = [1, u32::try_from(start).unwrap(), 0];
        let mut data = Vec::new();
        for [kind, second, third] in &rows {
            // With the predictor «up», as most programs write it.
            data.push(u8::try_from(*kind).unwrap());
            data.extend_from_slice(&second.to_be_bytes());
            data.push(u8::try_from(*third).unwrap());
        }
        let mut predicted = Vec::new();
        let mut above = [0_u8; 6];
        for row in data.chunks(6) {
            predicted.push(2);
            predicted.extend(row.iter().zip(above).map(|(byte, up)| byte.wrapping_sub(up)));
            above.copy_from_slice(row);
        }
        let packed = deflate(&predicted);
        write!(
            out,
            "{table} 0 obj\n<</Type/XRef/Size {}/W{widths}/Root {} 0 R/Filter/FlateDecode/DecodeParms<</Predictor 12\
             /Columns 6>>/Length {}{}>>\nstream\n",
            rows.len(),
            self.root,
            packed.len(),
            self.trailer
        )
        .unwrap();
        out.extend_from_slice(&packed);
        write!(out, "\nendstream\nendobj\nstartxref\n{start}\n%%EOF\n").unwrap();
        out
    }
}

pub(super) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut machine = ZlibEncoder::new(Vec::new(), Compression::best());
    machine.write_all(data).unwrap();
    machine.finish().unwrap()
}
