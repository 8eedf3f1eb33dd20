//! What a page shows, as far as it takes to find text that a model reads and a person does not see.
//!
//! A warning only, never a refusal: tables with white headings exist, and so does text over a scan.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Budget, Stop,
    file::File,
    lexer::{Lexer, Token},
    matrix::{Area, Matrix},
    object::{Dictionary, Object},
    pages::Page,
    parser::Parser,
};
use crate::documents::RefusalCode;

/// Bytes of content that are looked through in one file; a dense page has some hundred thousand.
const CONTENT_BYTES_MAX: usize = 24 * 1024 * 1024;
/// Forms within forms.
const FORMS_DEEP_MAX: usize = 8;
/// A form is looked through so often on one page; a tile may be used a thousand times.
const USES_MAX: usize = 32;
/// Painted places that are remembered of a page; the first ones are the backgrounds.
const AREAS_MAX: usize = 512;
/// States saved within each other.
const SAVED_MAX: usize = 64;
/// Values before an operator.
const OPERANDS_MAX: usize = 64;
/// Text lower than this, in points, is not read by anybody.
const READABLE_POINTS: f64 = 1.0;
/// From here on a colour is white to the eye.
const WHITE_FROM: f64 = 0.97;

/// What was found on all pages.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suspicions {
    /// Pages with invisible text and no picture it could belong to.
    pub(super) invisible: u32,
    /// Pages with white text on nothing.
    pub(super) white: u32,
    pub(super) tiny: u32,
    /// Pages with text outside of their edges.
    pub(super) outside: u32,
    /// That not everything was looked through.
    pub(super) incomplete: bool,
}

/// How the next text or shape looks.
#[derive(Debug, Clone)]
struct Look {
    matrix: Matrix,
    fill_is_white: bool,
    font_size: f64,
    mode: i64,
    alpha_is_zero: bool,
}

/// One page while it is looked through.
struct Scan<'f, 'a, 'b, 'l> {
    file: &'f File<'a>,
    budget: &'b mut Budget<'l>,
    bytes_left: &'b mut usize,
    seen: &'b mut Suspicions,
    page: Area,
    painted: Vec<Area>,
    path: Option<Area>,
    has_picture: bool,
    invisible: bool,
    white: bool,
    tiny: bool,
    outside: bool,
    open_forms: BTreeSet<u32>,
    /// How often each form was looked through on this page.
    uses: BTreeMap<u32, usize>,
}

pub(super) fn suspicions(
    file: &File<'_>,
    pages: &[Page],
    budget: &mut Budget<'_>,
) -> Result<Suspicions, Stop> {
    let mut seen = Suspicions::default();
    let mut bytes_left = CONTENT_BYTES_MAX;
    for page in pages {
        let mut content = Vec::new();
        let contents = page.dictionary.get("Contents").unwrap_or(&Object::Null);
        let single = [contents.clone()];
        for part in file.array(contents).unwrap_or(&single) {
            if let Object::Reference(number) = part {
                content.extend(stream(file, *number, budget, &mut bytes_left, &mut seen)?);
                content.push(b'\n');
            }
        }
        let edges = page.dictionary.get("CropBox").or_else(|| page.dictionary.get("MediaBox"));
        let mut scan = Scan {
            file,
            budget,
            bytes_left: &mut bytes_left,
            seen: &mut seen,
            page: area(file, edges).unwrap_or(Area::EVERYWHERE),
            painted: Vec::new(),
            path: None,
            has_picture: false,
            invisible: false,
            white: false,
            tiny: false,
            outside: false,
            open_forms: BTreeSet::new(),
            uses: BTreeMap::new(),
        };
        let look = Look {
            matrix: Matrix::SAME,
            fill_is_white: false,
            font_size: 0.0,
            mode: 0,
            alpha_is_zero: false,
        };
        scan.content(
            &content,
            file.dictionary(page.dictionary.get("Resources").unwrap_or(&Object::Null)),
            look,
        )?;
        let (invisible, white) = (scan.invisible && !scan.has_picture, scan.white);
        let (tiny, outside) = (scan.tiny, scan.outside);
        seen.invisible += u32::from(invisible);
        seen.white += u32::from(white);
        seen.tiny += u32::from(tiny);
        seen.outside += u32::from(outside);
    }
    Ok(seen)
}

fn area(file: &File<'_>, value: Option<&Object>) -> Option<Area> {
    let sides: Vec<f64> =
        file.array(value?)?.iter().filter_map(|side| file.follow(side).as_number()).collect();
    let [x0, y0, x1, y1] = sides.as_slice() else { return None };
    Some(Area::between((*x0, *y0), (*x1, *y1)))
}

/// The content of a stream, as long as there is room for it.
fn stream(
    file: &File<'_>,
    number: u32,
    budget: &mut Budget<'_>,
    bytes_left: &mut usize,
    seen: &mut Suspicions,
) -> Result<Vec<u8>, Stop> {
    let Some((_, found)) = file.target(number) else { return Ok(Vec::new()) };
    let (Some(range), Some(dictionary)) = (&found.stream, found.value.as_dictionary()) else {
        return Ok(Vec::new());
    };
    // What unpacks to more than the limit was refused before; here only the sum of many uses can be too large.
    let unpacked = if *bytes_left == 0 { Ok(None) } else { file.unpacked(dictionary, range, budget) };
    let bytes = match unpacked {
        Ok(Some(bytes)) => bytes,
        Err(stop) if stop.code == RefusalCode::Timeout => return Err(stop),
        Ok(None) | Err(_) => {
            seen.incomplete = true;
            return Ok(Vec::new());
        }
    };
    if bytes.len() > *bytes_left {
        *bytes_left = 0;
        seen.incomplete = true;
        return Ok(Vec::new());
    }
    *bytes_left -= bytes.len();
    Ok(bytes.into_owned())
}

impl Scan<'_, '_, '_, '_> {
    fn content(&mut self, bytes: &[u8], resources: Option<&Dictionary>, start: Look) -> Result<(), Stop> {
        let mut lexer = Lexer::new(bytes, 0);
        let mut parser = Parser::new(bytes.len());
        let mut operands: Vec<Object> = Vec::new();
        let mut look = start;
        let mut saved: Vec<Look> = Vec::new();
        let mut text = (Matrix::SAME, Matrix::SAME);
        loop {
            let before = lexer.at();
            let operator = match lexer.token() {
                Token::End => return Ok(()),
                Token::Word(word) if !matches!(word, b"true" | b"false" | b"null") => word,
                _ => {
                    lexer.go_to(before);
                    match parser.value(&mut lexer, self.budget) {
                        Ok(Some(value)) => operands.push(value),
                        Ok(None) => {}
                        // Content that is too large to look through is no reason to refuse it.
                        Err(stop) if stop.code == RefusalCode::Timeout => return Err(stop),
                        Err(_) => {
                            self.seen.incomplete = true;
                            return Ok(());
                        }
                    }
                    if operands.len() > OPERANDS_MAX {
                        operands.clear();
                    }
                    continue;
                }
            };
            self.budget.step()?;
            let numbers: Vec<f64> = operands.iter().filter_map(Object::as_number).collect();
            match operator {
                b"q" if saved.len() < SAVED_MAX => saved.push(look.clone()),
                b"Q" => look = saved.pop().unwrap_or(look),
                b"cm" => look.matrix = Matrix::of(&numbers).then(look.matrix),
                b"g" | b"rg" | b"sc" | b"scn" => {
                    look.fill_is_white = !numbers.is_empty()
                        && numbers.len() != 4
                        && operands.len() == numbers.len()
                        && numbers.iter().all(|part| *part >= WHITE_FROM);
                    if numbers.len() == 4 {
                        look.fill_is_white = numbers.iter().all(|part| *part <= 1.0 - WHITE_FROM);
                    }
                }
                b"k" => look.fill_is_white = numbers.iter().all(|part| *part <= 1.0 - WHITE_FROM),
                b"cs" => look.fill_is_white = false,
                b"gs" => self.state(&operands, resources, &mut look),
                b"BT" => text = (Matrix::SAME, Matrix::SAME),
                b"Tf" => look.font_size = numbers.last().copied().unwrap_or_default(),
                b"Tr" => look.mode = operands.first().and_then(Object::as_integer).unwrap_or_default(),
                b"Tm" => text = (Matrix::of(&numbers), Matrix::of(&numbers)),
                b"Td" | b"TD" => {
                    let line = Matrix::moved(&numbers).then(text.1);
                    text = (line, line);
                }
                b"Tj" | b"TJ" | b"'" | b"\"" if shows_text(&operands) => self.text(&look, text.0),
                b"m" | b"l" | b"c" | b"v" | b"y" | b"re" => self.extend_path(operator, &numbers, look.matrix),
                b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*" => {
                    if let Some(area) = self.path.take()
                        && !look.fill_is_white
                    {
                        self.paint(area);
                    }
                }
                b"S" | b"s" | b"n" => self.path = None,
                b"sh" => self.paint(Area::EVERYWHERE),
                b"Do" => self.object(&operands, resources, &look)?,
                b"BI" => {
                    self.has_picture = true;
                    self.paint(look.matrix.unit_square());
                    // The packed picture ends where its end mark stands alone.
                    let rest = lexer.rest();
                    let end = rest.windows(4).position(|window| {
                        matches!(window, [first, b'E', b'I', last] if first.is_ascii_whitespace() && last.is_ascii_whitespace())
                    });
                    lexer.go_to(lexer.at() + end.map_or(rest.len(), |end| end + 3));
                }
                _ => {}
            }
            operands.clear();
        }
    }

    fn extend_path(&mut self, operator: &[u8], numbers: &[f64], matrix: Matrix) {
        let mut add = |x: f64, y: f64| {
            let point = matrix.point(x, y);
            self.path = Some(self.path.map_or(Area::between(point, point), |area| area.with(point)));
        };
        match (operator, numbers) {
            (b"re", [x, y, width, height]) => {
                for (x, y) in [(*x, *y), (x + width, *y), (*x, y + height), (x + width, y + height)] {
                    add(x, y);
                }
            }
            (_, points) => points.as_chunks::<2>().0.iter().for_each(|[x, y]| add(*x, *y)),
        }
    }

    fn paint(&mut self, area: Area) {
        if self.painted.len() < AREAS_MAX {
            self.painted.push(area);
        }
    }

    fn text(&mut self, look: &Look, text: Matrix) {
        let whole = text.then(look.matrix);
        let point = whole.point(0.0, 0.0);
        let height = look.font_size.abs() * whole.height();
        self.invisible |= look.mode == 3 || look.mode == 7 || look.alpha_is_zero;
        self.tiny |= height < READABLE_POINTS;
        self.outside |= !self.page.holds(point);
        let fills = matches!(look.mode, 0 | 4);
        self.white |= fills && look.fill_is_white && !self.painted.iter().any(|area| area.holds(point));
    }

    /// An extended state may make everything transparent.
    fn state(&self, operands: &[Object], resources: Option<&Dictionary>, look: &mut Look) {
        let state =
            self.resource("ExtGState", operands, resources).and_then(|state| self.file.dictionary(state));
        if let Some(alpha) = state.and_then(|state| self.file.entry(state, "ca").as_number()) {
            look.alpha_is_zero = alpha < 1.0 - WHITE_FROM;
        }
    }

    fn resource<'o>(
        &'o self,
        kind: &str,
        operands: &[Object],
        resources: Option<&'o Dictionary>,
    ) -> Option<&'o Object> {
        let name = operands.last()?.as_name()?;
        self.file.dictionary(resources?.get(kind)?)?.0.get(name)
    }

    fn object(
        &mut self,
        operands: &[Object],
        resources: Option<&Dictionary>,
        look: &Look,
    ) -> Result<(), Stop> {
        let Some(Object::Reference(number)) = self.resource("XObject", operands, resources) else {
            return Ok(());
        };
        let file = self.file;
        let Some((number, found)) = file.target(*number) else { return Ok(()) };
        let Some(dictionary) = found.stream_dictionary() else { return Ok(()) };
        match file.name_of(dictionary, "Subtype") {
            Some(b"Image") => {
                self.has_picture = true;
                self.paint(look.matrix.unit_square());
            }
            Some(b"Form") => {
                if self.open_forms.len() >= FORMS_DEEP_MAX || !self.open_forms.insert(number) {
                    return Ok(());
                }
                let uses = self.uses.entry(number).or_default();
                *uses += 1;
                if *uses > USES_MAX {
                    self.open_forms.remove(&number);
                    return Ok(());
                }
                let bytes = stream(file, number, self.budget, self.bytes_left, self.seen)?;
                let own = file.dictionary(dictionary.get("Resources").unwrap_or(&Object::Null));
                let numbers: Vec<f64> = file
                    .array(dictionary.get("Matrix").unwrap_or(&Object::Null))
                    .unwrap_or_default()
                    .iter()
                    .filter_map(|number| file.follow(number).as_number())
                    .collect();
                let inner = Look { matrix: Matrix::of(&numbers).then(look.matrix), ..look.clone() };
                self.content(&bytes, own.or(resources), inner)?;
                self.open_forms.remove(&number);
            }
            _ => {}
        }
        Ok(())
    }
}

/// Something else than blanks.
fn shows_text(operands: &[Object]) -> bool {
    let shows = |value: &Object| matches!(value, Object::Text(text) if text.iter().any(|byte| !matches!(byte, b' ' | 0 | b'\n')));
    operands.iter().any(|value| shows(value) || value.as_array().is_some_and(|items| items.iter().any(shows)))
}
