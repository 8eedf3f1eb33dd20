//! Where in a half-written text the cursor stands: the way to it, and what has been typed of a name.
//!
//! The text need not be JSON yet. Nothing is refused; what cannot be understood is passed over.

/// The place of a cursor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Keys and numbers that lead to the object or list around the cursor.
    pub(super) steps: Vec<String>,
    pub(super) slot: Slot,
    /// What stands before the cursor of the word it is in.
    pub(super) typed: String,
    /// Bytes that an offer takes the place of: the whole word, its quotes with it.
    pub(super) from: usize,
    pub(super) to: usize,
    /// Members of the object around the cursor, with their value where it is a plain text.
    pub(super) beside: Vec<(String, Option<String>)>,
    /// A value or key follows right behind, without a comma between.
    pub(super) wants_comma: bool,
    /// A colon follows: the key is there, and only its name is being changed.
    pub(super) has_value: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Slot {
    /// The name of a member.
    Key,
    /// The value of this member, or of the element with this number.
    Value(String),
    /// Punctuation belongs here, or the file is over.
    Nothing,
}

/// What has to come next inside an object or a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Key,
    Colon,
    Value,
    Comma,
}

#[derive(Debug)]
struct Frame {
    is_object: bool,
    next: Next,
    /// The key whose value comes, or came last.
    key: String,
    index: usize,
    beside: Vec<(String, Option<String>)>,
}

impl Frame {
    fn new(is_object: bool) -> Self {
        let next = if is_object { Next::Key } else { Next::Value };
        Self { is_object, next, key: String::new(), index: 0, beside: Vec::new() }
    }

    fn step(&self) -> String {
        if self.is_object { self.key.clone() } else { self.index.to_string() }
    }

    /// A word came where a key or a value may be.
    fn take(&mut self, word: Option<&str>) {
        let is_key = self.is_object && self.next != Next::Value;
        if is_key {
            self.key = word.unwrap_or_default().to_owned();
            self.beside.push((self.key.clone(), None));
            self.next = Next::Colon;
        } else {
            if let Some(last) = self.beside.last_mut() {
                last.1 = word.map(str::to_owned);
            }
            self.next = Next::Comma;
        }
    }

    fn comma(&mut self) {
        self.index += 1;
        self.next = if self.is_object { Next::Key } else { Next::Value };
    }
}

/// A word of the text: from its first byte to the one behind it.
struct Word<'a> {
    from: usize,
    to: usize,
    text: &'a str,
}

/// Finds the place. A cursor behind the end is at the end.
pub(super) fn place(text: &str, cursor: usize) -> Place {
    let cursor = (0..=cursor.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let mut frames: Vec<Frame> = Vec::new();
    let mut found: Option<(Place, usize)> = None;
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at).copied() {
        if found.is_none() && at >= cursor && !is_of_word(byte) && (byte != b'"' || at > cursor) {
            found = Some((here(&frames, cursor, cursor, String::new()), frames.len()));
        }
        match byte {
            b'{' | b'[' => frames.push(Frame::new(byte == b'{')),
            b'}' | b']' => {
                if let Some((place, depth)) = &mut found
                    && frames.len() == *depth
                {
                    place.beside = frames.last().map(|frame| frame.beside.clone()).unwrap_or_default();
                    return finished(found, text);
                }
                frames.pop();
                if let Some(frame) = frames.last_mut() {
                    frame.take(None);
                }
            }
            b',' => {
                if let Some(frame) = frames.last_mut() {
                    frame.comma();
                }
            }
            b':' => {
                if let Some(frame) = frames.last_mut().filter(|frame| frame.is_object) {
                    frame.next = Next::Value;
                }
            }
            _ if byte == b'"' || is_of_word(byte) => {
                let word = word(text, at, cursor);
                let is_here = found.is_none() && (word.from..=word.to).contains(&cursor);
                if is_here {
                    let start = word.from + usize::from(byte == b'"');
                    let typed = text.get(start..cursor.max(start)).unwrap_or_default();
                    // Behind the closing quote the word is over.
                    let is_over =
                        byte == b'"' && cursor == word.to && cursor > start && ends_closed(text, &word);
                    found = Some(if is_over {
                        if let Some(frame) = frames.last_mut() {
                            frame.take(Some(word.text));
                        }
                        (here(&frames, cursor, cursor, String::new()), frames.len())
                    } else {
                        (here(&frames, word.from, word.to, typed.to_owned()), frames.len())
                    });
                    if let Some(frame) = frames.last_mut().filter(|_| !is_over) {
                        frame.take(None);
                        // The word at the cursor is no neighbour of itself.
                        if frame.next == Next::Colon {
                            frame.beside.pop();
                        }
                    }
                } else if let Some(frame) = frames.last_mut() {
                    frame.take(Some(word.text));
                }
                at = word.to.max(at + 1);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    let mut found = found.unwrap_or_else(|| (here(&frames, cursor, cursor, String::new()), frames.len()));
    if let Some(frame) = found.1.checked_sub(1).and_then(|last| frames.get(last)) {
        found.0.beside.clone_from(&frame.beside);
    }
    finished(Some(found), text)
}

fn here(frames: &[Frame], from: usize, to: usize, typed: String) -> Place {
    let (around, last) = match frames.split_last() {
        Some((last, around)) => (around, Some(last)),
        None => (frames, None),
    };
    let slot = match last.map(|frame| (frame.next, frame.is_object)) {
        Some((Next::Key, _)) => Slot::Key,
        // Somebody begins a word where a comma is missing: it will be the next member.
        Some((Next::Comma, true)) if from < to => Slot::Key,
        Some((Next::Value, _)) => Slot::Value(last.map(Frame::step).unwrap_or_default()),
        Some((Next::Comma, false)) if from < to => Slot::Value(last.map(Frame::step).unwrap_or_default()),
        _ => Slot::Nothing,
    };
    let steps = around.iter().map(Frame::step).collect();
    Place { steps, slot, typed, from, to, beside: Vec::new(), wants_comma: false, has_value: false }
}

fn finished(found: Option<(Place, usize)>, text: &str) -> Place {
    let mut place = found.map_or_else(|| here(&[], 0, 0, String::new()), |(place, _)| place);
    let next = text.get(place.to..).unwrap_or_default().trim_start().bytes().next();
    place.wants_comma = matches!(next, Some(b'"' | b'{' | b'['));
    place.has_value = next == Some(b':');
    place
}

/// The word that begins at a byte. One with the cursor in it ends where its letters end, because its
/// closing quote may still be missing.
fn word(text: &str, from: usize, cursor: usize) -> Word<'_> {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied();
    if byte(from) != Some(b'"') {
        let to = (from..).find(|at| byte(*at).is_none_or(|byte| !is_of_word(byte))).unwrap_or(from);
        return Word { from, to, text: text.get(from..to).unwrap_or_default() };
    }
    let mut end = from + 1;
    let mut is_closed = false;
    while let Some(found) = byte(end) {
        match found {
            b'"' => {
                is_closed = true;
                break;
            }
            b'\n' => break,
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
    let end = end.min(text.len());
    let inside = text.get(from + 1..end).unwrap_or_default();
    if from < cursor && cursor <= end {
        let letters = (cursor..).find(|at| byte(*at).is_none_or(|byte| !is_of_word(byte))).unwrap_or(cursor);
        let to = letters + usize::from(byte(letters) == Some(b'"'));
        return Word { from, to, text: text.get(from + 1..letters).unwrap_or_default() };
    }
    Word { from, to: end + usize::from(is_closed), text: inside }
}

fn ends_closed(text: &str, word: &Word<'_>) -> bool {
    text.get(..word.to).is_some_and(|text| text.ends_with('"')) && word.to > word.from + 1
}

/// Letters of names, patterns, paths and numbers.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'_' | b'.' | b'*' | b'-' | b'/' | b'$')
}
