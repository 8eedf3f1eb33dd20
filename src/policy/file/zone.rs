//! Time zones by name, from the data inside the program: a policy means the same on every machine.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::shape::shown;
use crate::facts::nearest;

pub(super) fn find(name: &str) -> Result<TimeZone, String> {
    let zones = TimeZoneDatabase::bundled();
    zones.get(name).map_err(|_| {
        let known: Vec<String> = zones.available().map(|zone| zone.to_string()).collect();
        match nearest(name, known.iter().map(String::as_str), 1).first() {
            Some(meant) => format!("no time zone is called `{}`; did you mean `{meant}`?", shown(name)),
            None => format!("no time zone is called `{}`; use one such as Europe/Vienna", shown(name)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_found_by_name() {
        assert!(find("Europe/Vienna").is_ok());
        assert!(find("UTC").is_ok());
        assert!(find("Europe/Viena").unwrap_err().contains("Europe/Vienna"));
        assert!(find("").is_err());
    }
}
