//! What makers of plugins and operators do with the files: fill in a manifest, make keys, sign.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use odoo_mcp_plugin_host::{ABI_MAJOR, ABI_MINOR};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde::Deserialize;

use super::{
    candidate::{LIBRARY_BYTES_MAX, MANIFEST_FILE, sha256},
    header,
    manifest::{MANIFEST_BYTES_MAX, Manifest},
    signature::{SIGNATURE_FILE, is_key_id, signature_line},
};
use crate::{
    facts::{Secret, hex},
    store::new_private_file,
};

/// Largest file of a private key.
const KEY_FILE_BYTES_MAX: usize = 4 * 1024;

/// A private key as its file holds it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    id: String,
    private: String,
}

/// Makes a key: the private half goes into a new file for its owner only, the entry for a list of
/// trusted keys comes back.
pub fn make_key(id: &str, file: &Path) -> Result<String, String> {
    if !is_key_id(id) {
        return Err("the name of a key has letters, digits, `-`, `_` and `.`".to_owned());
    }
    let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
        .map_err(|_| "no random numbers are to be had".to_owned())?;
    let pair = Ed25519KeyPair::from_pkcs8(made.as_ref()).map_err(|_| "the key cannot be used".to_owned())?;
    let text = Secret::new(format!("id = \"{id}\"\nprivate = \"{}\"\n", STANDARD.encode(made.as_ref())));
    new_private_file(file)
        .and_then(|mut file| file.write_all(text.reveal().as_bytes()))
        .map_err(|error| format!("cannot write `{}`: {}", file.display(), error.kind()))?;
    let public = STANDARD.encode(pair.public_key().as_ref());
    Ok(format!("[[keys]]\nid = \"{id}\"\npublic = \"{public}\"\nallow = [\"*\"]"))
}

/// Signs the manifest in a directory and gives the name of the key.
pub fn sign(dir: &Path, key_file: &Path) -> Result<String, String> {
    let text = read(key_file, KEY_FILE_BYTES_MAX as u64)?;
    let unreadable = || format!("`{}` is no key made by `plugin keygen`", key_file.display());
    let text = Secret::new(String::from_utf8(text).map_err(|_| unreadable())?);
    let key: WrittenKey = toml::from_str(text.reveal()).map_err(|_| unreadable())?;
    let private = Secret::new(key.private);
    let pair = STANDARD
        .decode(private.reveal())
        .ok()
        .and_then(|bytes| Ed25519KeyPair::from_pkcs8(&bytes).ok())
        .filter(|_| is_key_id(&key.id))
        .ok_or_else(unreadable)?;
    let manifest = read(&dir.join(MANIFEST_FILE), MANIFEST_BYTES_MAX)?;
    Manifest::parse(&manifest).map_err(|refusal| refusal.message)?;
    write(&dir.join(SIGNATURE_FILE), &signature_line(&key.id, pair.sign(&manifest).as_ref()))?;
    Ok(key.id)
}

/// Copies a library beside a manifest and fills in what the manifest says of it. A signature of before
/// does not hold any more and is removed.
pub fn pack(dir: &Path, library: &Path) -> Result<Manifest, String> {
    let bytes = read(library, LIBRARY_BYTES_MAX)?;
    let name = library
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| "the library has no name".to_owned())?;
    let path = dir.join(MANIFEST_FILE);
    let text = String::from_utf8(read(&path, MANIFEST_BYTES_MAX)?)
        .map_err(|_| "the manifest is not UTF-8".to_owned())?;
    let filled = [
        ("library", name.to_owned()),
        ("sha256", hex(&sha256(&bytes))),
        ("target", header::host_target().to_owned()),
        ("abi", format!("{ABI_MAJOR}.{ABI_MINOR}")),
    ]
    .into_iter()
    .fold(text, |text, (key, value)| with_key(&text, key, &value));
    let manifest = Manifest::parse(filled.as_bytes()).map_err(|refusal| refusal.message)?;
    header::check(&bytes, manifest.abi).map_err(|refusal| refusal.message)?;
    let target = dir.join(name);
    let is_there =
        matches!((target.canonicalize(), library.canonicalize()), (Ok(one), Ok(other)) if one == other);
    if !is_there {
        // Replaced, not overwritten: somebody may be reading the old one.
        let new = dir.join(format!(".{name}.new"));
        write_for_all(&new, &bytes)
            .and_then(|()| fs::rename(&new, &target))
            .map_err(|error| format!("cannot write `{}`: {}", target.display(), error.kind()))?;
    }
    write(&path, &filled)?;
    // One that is not there is as good as removed.
    let _ = fs::remove_file(dir.join(SIGNATURE_FILE));
    Ok(manifest)
}

/// The text with one simple key set, everything else as it was.
fn with_key(text: &str, key: &str, value: &str) -> String {
    let line = format!("{key} = \"{value}\"");
    let is_key = |written: &str| written.split_once('=').is_some_and(|(left, _)| left.trim() == key);
    let mut lines: Vec<String> = Vec::new();
    let (mut done, mut in_head) = (false, true);
    for written in text.lines() {
        if in_head && written.trim_start().starts_with('[') {
            in_head = false;
            if !done {
                lines.push(line.clone());
                done = true;
            }
        }
        if in_head && is_key(written) {
            if !done {
                lines.push(line.clone());
            }
            done = true;
        } else {
            lines.push(written.to_owned());
        }
    }
    if !done {
        lines.push(line);
    }
    lines.join("\n") + "\n"
}

fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes));
    match read {
        Ok(count) if count as u64 <= bytes_max => Ok(bytes),
        Ok(_) => Err(format!("`{}` is larger than {bytes_max} bytes", path.display())),
        Err(error) => Err(format!("cannot read `{}`: {}", path.display(), error.kind())),
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    write_for_all(path, text.as_bytes())
        .map_err(|error| format!("cannot write `{}`: {}", path.display(), error.kind()))
}

/// Everybody may read it and its owner alone may change it, whatever the umask says: a server takes no
/// file that others may write.
fn write_for_all(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_is_set_and_the_rest_stays() {
        let check = |before: &str, after: &str| assert_eq!(with_key(before, "abi", "1.0"), after);
        check("# x\nabi = \"0.1\"\n[[steps]]\n", "# x\nabi = \"1.0\"\n[[steps]]\n");
        check("name = \"a\"\n[[steps]]\nabi = 1\n", "name = \"a\"\nabi = \"1.0\"\n[[steps]]\nabi = 1\n");
        check("name = \"a\"", "name = \"a\"\nabi = \"1.0\"\n");
        check("abi=\"0\"\nabi=\"1\"", "abi = \"1.0\"\n");
    }
}
