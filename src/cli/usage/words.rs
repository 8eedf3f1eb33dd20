//! Words of the command line: states, sources, periods, days.

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::place::stopped;
use crate::{
    approvals::visible,
    cli::Stop,
    usage::{Period, Source, Span, StateFilter},
};

const ZONE_CHARS_SHOWN: usize = 60;

/// Between two days or times.
#[derive(Debug, Args)]
pub(super) struct Between {
    /// Not before this day (2026-01-31) or time (2026-01-31T12:00:00Z)
    #[arg(long, value_name = "WHEN", default_value = "", hide_default_value = true)]
    from: String,
    /// Not after this day, which is included as a whole, or time
    #[arg(long, value_name = "WHEN", default_value = "", hide_default_value = true)]
    to: String,
    #[command(flatten)]
    zone: Zone,
}

impl Between {
    pub(super) fn span(&self, usual: &TimeZone) -> Result<Span, Stop> {
        let zone = self.zone.or(usual)?;
        Span::between(&self.from, &self.to, &zone).map_err(|error| match stopped(&error) {
            // The tools call their arguments otherwise.
            Stop::Settings(text) => {
                Stop::Settings(text.replace("`date_from`", "`--from`").replace("`date_to`", "`--to`"))
            }
            other => other,
        })
    }
}

/// Where days begin.
#[derive(Debug, Args)]
pub(super) struct Zone {
    /// Time zone of days, such as Europe/Sofia [default: `usage.time_zone`]
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
}

impl Zone {
    pub(super) fn or(&self, usual: &TimeZone) -> Result<TimeZone, Stop> {
        let Some(name) = &self.tz else { return Ok(usual.clone()) };
        TimeZone::get(name).map_err(|_| {
            let shown = visible(name, ZONE_CHARS_SHOWN);
            Stop::Settings(format!("`{shown}` is no time zone; write one such as `Europe/Sofia`"))
        })
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum State {
    Success,
    Error,
    /// Successes whose prompt came out of the provider's cache
    Cached,
    /// Reserved and never sent
    Skipped,
    /// Nobody saw the end; they count at their estimates
    Lost,
}

impl From<State> for StateFilter {
    fn from(state: State) -> Self {
        match state {
            State::Success => Self::Success,
            State::Error => Self::Error,
            State::Cached => Self::Cached,
            State::Skipped => Self::Skipped,
            State::Lost => Self::Lost,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum CameBy {
    Upload,
    Gmail,
    Terminal,
    Api,
    /// Asked for again on purpose
    Force,
}

impl From<CameBy> for Source {
    fn from(source: CameBy) -> Self {
        match source {
            CameBy::Upload => Self::Upload,
            CameBy::Gmail => Self::Gmail,
            CameBy::Terminal => Self::Terminal,
            CameBy::Api => Self::Api,
            CameBy::Force => Self::Force,
        }
    }
}

/// Stretches that are running now; weeks begin on Monday.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Running {
    Day,
    Week,
    Month,
    Year,
    All,
}

impl From<Running> for Period {
    fn from(period: Running) -> Self {
        match period {
            Running::Day => Self::Day,
            Running::Week => Self::Week,
            Running::Month => Self::Month,
            Running::Year => Self::Year,
            Running::All => Self::All,
        }
    }
}
