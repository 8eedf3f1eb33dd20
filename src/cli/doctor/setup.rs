//! The one step that lets a stock Odoo tell browsers of changes. It is printed, not made: an
//! administrator reads the code and puts it in.

use super::{Session, Stop};
use crate::{
    config::Config,
    facts::ConnectionAlias,
    house::{House, PolicySource},
    odoo::{ACTION_NAME, VersionState, action_code},
};

/// Groups of a server action stand in another field since this version.
const ALLOWED_GROUPS_SINCE: u16 = 18;

pub(super) async fn print(session: &Session, config: Config, alias: &str) -> Result<(), Stop> {
    let alias = ConnectionAlias::parse(alias).map_err(|error| Stop::Settings(error.to_string()))?;
    let house = House::build_under(config, PolicySource::Operator).await?;
    let client = house.corridor.connections().get(&alias);
    let client = client.map_err(|error| Stop::Settings(error.to_string()))?;
    let version = client.version().await;
    if let VersionState::Unreachable { why } = &version {
        return Err(Stop::Settings(format!("`{alias}` cannot be reached: {why}")));
    }
    session.terminal.line(&step(&alias, client.definition().url.as_str(), &version))?;
    Ok(())
}

fn step(alias: &ConnectionAlias, url: &str, version: &VersionState) -> String {
    let major = version.major();
    let groups =
        if major.is_none_or(|major| major >= ALLOWED_GROUPS_SINCE) { "Allowed Groups" } else { "Groups" };
    format!(
        "One step, once, lets `odoo_refresh` tell the browsers of whoever `{alias}` signs in as.\n\
         \n\
         At {url} (Odoo {version}), as an administrator with the developer mode on:\n\
         Settings, Technical, Server Actions, New\n\
         \n\
         \x20 Name      {ACTION_NAME}\n\
         \x20 Model     User (res.users)\n\
         \x20 Type      Execute Code\n\
         \x20 {groups:<9} User types / Internal User (Role / User)\n\
         \x20 Code      what stands between the lines\n\
         \n\
         ---------------------------------------------------------------------------\n\
         {code}\
         ---------------------------------------------------------------------------\n\
         \n\
         It sends a short message to the browsers of the user who runs it, and to nobody else.\n\
         Where `{alias}` is no administrator it cannot look for the action: take the number at the end\n\
         of the action's address and put it into the settings:\n\
         \n\
         [refresh]\n\
         server_actions = [\"{alias}=NUMBER\"]\n\
         \n\
         To undo it, delete the action. With an add-on that brings the model `live.refresh` none of this\n\
         is needed, and views reload by themselves.",
        version = version.text(),
        code = action_code(major),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odoo::ServerVersion;

    #[test]
    fn the_step_fits_the_version() {
        let alias = ConnectionAlias::parse("shop").unwrap();
        let of = |version: &str| {
            let version = VersionState::Known(ServerVersion::parse(version).unwrap());
            step(&alias, "https://odoo.example.com/", &version)
        };
        assert!(of("14.0").contains("].sendone(") && of("14.0").contains("  Groups "));
        assert!(of("19.0").contains("]._sendone(") && of("19.0").contains("Allowed Groups"));
        assert!(of("19.0").contains("server_actions = [\"shop=NUMBER\"]"));
    }
}
