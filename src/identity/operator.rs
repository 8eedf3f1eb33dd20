//! Who sits at the command line: the user of the operating system, with the groups they have there.
//!
//! Nothing is signed in to. Whoever may write the state directory may answer for it, so this tells
//! people apart no better than the machine does, and the log names them as the machine does.

use std::{path::Path, sync::Arc};

use crate::approvals::Person;

/// The person who runs this command.
#[cfg(unix)]
pub fn at_command_line(state_dir: &Path) -> Person {
    use std::os::unix::fs::MetadataExt as _;

    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let uid = rustix::process::geteuid().as_raw();
    let mut gids: Vec<u32> =
        rustix::process::getgroups().unwrap_or_default().into_iter().map(|gid| gid.as_raw()).collect();
    gids.push(rustix::process::getegid().as_raw());
    let name = name_of(&read("/etc/passwd"), uid).unwrap_or_else(|| format!("uid {uid}").into());
    let groups = read("/etc/group");
    Person {
        shown: format!("{name} (on the command line)").into(),
        names: vec![name],
        groups: gids.into_iter().filter_map(|gid| name_of(&groups, gid)).collect(),
        is_local_owner: std::fs::metadata(state_dir).is_ok_and(|data| data.uid() == uid),
    }
}

/// Elsewhere nobody is known by name, so nothing that wants a name can be granted.
#[cfg(not(unix))]
pub fn at_command_line(_: &Path) -> Person {
    Person {
        shown: "operator (on the command line)".into(),
        names: Vec::new(),
        groups: Vec::new(),
        is_local_owner: true,
    }
}

/// The name with this number in a file of the form `NAME:x:NUMBER:…`.
#[cfg(unix)]
fn name_of(file: &str, number: u32) -> Option<Arc<str>> {
    file.lines().find_map(|line| {
        let mut members = line.split(':');
        let (name, _, shown) = (members.next()?, members.next()?, members.next()?);
        (shown.parse() == Ok(number) && !name.is_empty()).then(|| name.into())
    })
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_beside_their_numbers() {
        let file = "root:x:0:0:root::\n# comment\nann:x:1000:1000::\n:x:7:7::\nbroken\n";
        for (number, name) in [(0, Some("root")), (1000, Some("ann")), (7, None), (1, None), (100, None)] {
            assert_eq!(name_of(file, number).as_deref(), name, "{number}");
        }
        assert_eq!(name_of("", 0), None);
    }

    #[test]
    fn whoever_owns_the_directory_is_behind_local_clients() {
        let dir = tempfile::tempdir().unwrap();
        let person = at_command_line(dir.path());
        assert!(person.is_local_owner && person.shown.ends_with("(on the command line)"), "{person:?}");
        assert!(!at_command_line(&dir.path().join("gone")).is_local_owner);
    }
}
