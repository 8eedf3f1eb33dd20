//! What a plugin's process takes away from itself before any code of the plugin runs.

use std::{fs::File, io, path::Path};

/// Address space of a plugin's process.
#[cfg(unix)]
const ADDRESS_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Seconds of computing in the life of the process; the server starts it again.
#[cfg(unix)]
const CPU_SECONDS_MAX: u64 = 3_600;
#[cfg(unix)]
const FILES_MAX: u64 = 64;

/// Our pipes, out of the plugin's reach: what it reads and writes as its own goes nowhere.
#[cfg(unix)]
pub(super) fn take_pipes() -> io::Result<(File, File)> {
    use std::os::fd::AsFd as _;
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nothing)?;
    rustix::stdio::dup2_stdout(&nothing)?;
    Ok((input.into(), output.into()))
}

/// Our pipes.
#[cfg(windows)]
pub(super) fn take_pipes() -> io::Result<(File, File)> {
    use std::os::windows::io::AsHandle as _;
    let input = io::stdin().as_handle().try_clone_to_owned()?;
    let output = io::stdout().as_handle().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}

/// Limits that cannot be lifted again.
pub(super) fn lock(library: &Path) -> io::Result<()> {
    #[cfg(unix)]
    limit()?;
    #[cfg(target_os = "linux")]
    rustix::thread::set_no_new_privs(true)?;
    #[cfg(target_os = "linux")]
    forbid(library).map_err(|error| io::Error::other(error.to_string()))?;
    #[cfg(not(target_os = "linux"))]
    let _ = library;
    Ok(())
}

#[cfg(unix)]
fn limit() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limits = [
        (Resource::As, ADDRESS_BYTES_MAX),
        (Resource::Cpu, CPU_SECONDS_MAX),
        (Resource::Nofile, FILES_MAX),
        // No file grows, and no picture of the memory is left behind.
        (Resource::Fsize, 0),
        (Resource::Core, 0),
    ];
    for (resource, most) in limits {
        let most = getrlimit(resource).maximum.map_or(most, |allowed| allowed.min(most));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

/// No new rights, no files but the libraries, no network, no signals to others: as far as the kernel can.
#[cfg(target_os = "linux")]
fn forbid(library: &Path) -> Result<(), landlock::RulesetError> {
    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr as _,
        RulesetCreatedAttr as _, Scope,
    };
    /// Where the system keeps what every program is linked with.
    const SYSTEM: [&str; 5] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"];
    let version = ABI::V6;
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(version))?
        .handle_access(AccessNet::from_all(version))?
        .scope(Scope::from_all(version))?
        .create()?;
    let read = AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::Execute;
    let of_files = AccessFs::ReadFile | AccessFs::Execute;
    for place in SYSTEM {
        if let Ok(opened) = PathFd::new(place) {
            let rights = if Path::new(place).is_dir() { read } else { of_files };
            rules = rules.add_rule(PathBeneath::new(opened, rights))?;
        }
    }
    if let Ok(opened) = PathFd::new(library) {
        rules = rules.add_rule(PathBeneath::new(opened, of_files))?;
    }
    rules.restrict_self()?;
    Ok(())
}
