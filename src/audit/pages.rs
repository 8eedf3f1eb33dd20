//! The lines of the files as they are, a page at a time, for whoever copies the chain elsewhere.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use super::{
    files::Files,
    line::{LINE_BYTES_MAX, expected_hash},
};

/// Lines of one page.
const PAGE_LINES: usize = 1_000;

/// The whole lines of a log, from the oldest file to the one that grows.
#[derive(Debug)]
pub struct LinePages {
    files: std::vec::IntoIter<PathBuf>,
    current: Option<BufReader<File>>,
}

/// The files of a log, the oldest first and the one that grows last. A log that is not there has none.
pub fn log_files(log: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = Files::of(log).all_full()?.into_iter().map(|(_, path)| path).collect();
    if log.exists() {
        paths.push(log.to_owned());
    }
    Ok(paths)
}

impl LinePages {
    /// A log that is not there has no lines.
    pub fn of(log: &Path) -> io::Result<Self> {
        let paths = log_files(log)?;
        Ok(Self { files: paths.into_iter(), current: None })
    }

    /// The next line that is whole; a crash cuts lines short.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if self.current.is_none() {
                let Some(path) = self.files.next() else { return Ok(None) };
                self.current = Some(BufReader::new(File::open(path)?));
            }
            let Some(file) = &mut self.current else { continue };
            let mut text = Vec::new();
            let read = file.by_ref().take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut text)?;
            if read == 0 {
                self.current = None;
                continue;
            }
            text.pop_if(|last| *last == b'\n');
            if expected_hash(&text).is_some() {
                return Ok(Some(text));
            }
        }
    }
}

impl Iterator for LinePages {
    type Item = io::Result<Vec<Vec<u8>>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut page = Vec::new();
        while page.len() < PAGE_LINES {
            match self.line() {
                Ok(Some(line)) => page.push(line),
                Ok(None) => break,
                Err(error) => return Some(Err(error)),
            }
        }
        (!page.is_empty()).then_some(Ok(page))
    }
}
