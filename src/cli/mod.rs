//! The command line: one file per command, one helper for output.
//!
//! No command reaches Odoo except through the corridor, `doctor` and `connect` apart, which look
//! at connections before any tool may use them. Nothing here knows the client's protocol.

mod approvals;
mod audit;
mod backup;
mod call;
mod completions;
mod connect;
mod corridor;
mod demo;
mod doctor;
mod exit;
mod health;
mod house_flags;
mod log_level;
mod logging;
mod people;
mod plugin;
mod plugin_runner;
mod policy;
mod runtime;
mod serve;
mod settings;
mod signals;
mod store;
mod terminal;
mod tools;
mod usage;

use std::{path::PathBuf, process::ExitCode};

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::config::{Config, Environment, Flags};
use crate::house::open_state;
use crate::plugins::RUNNER_COMMAND;
use crate::store::StateDir;
use exit::Stop;
use house_flags::HouseFlags;
use terminal::Terminal;

const ABOUT: &str = "An MCP server for Odoo 14 to 20 that runs every call through a policy first";

const EXAMPLES: &str = "\
Examples:
  odoo-mcp demo                        see what it does, without an Odoo
  odoo-mcp connect https://my.odoo.example   sign in once and store a key
  odoo-mcp serve                       serve a client that starts this program
  odoo-mcp serve --http 127.0.0.1:8084 serve clients on this machine at /mcp
  odoo-mcp user add anna --role owner  make an account; then callers over HTTP show a token
  odoo-mcp tools                       what the policy allows, and why
  odoo-mcp doctor                      what is wrong, and what to do

Exit codes:
  0   done
  1   the call or the check failed
  64  wrong usage, settings or policy; nothing was started
  70  a fault of this program";

/// The command line as clap reads it.
#[derive(Debug, Parser)]
#[command(name = "odoo-mcp", version, about = ABOUT, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    /// Settings file; see `odoo-mcp config`
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Serve(serve::Serve),
    Connect(connect::Connect),
    Call(call::Call),
    Tools(tools::Tools),
    Policy(policy::PolicyCommand),
    Plugin(plugin::PluginCommand),
    Approvals(approvals::ApprovalsCommand),
    User(people::UserCommand),
    Token(people::TokenCommand),
    Session(people::SessionCommand),
    Client(people::ClientCommand),
    Audit(audit::Audit),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Store(store::StoreCommand),
    Usage(usage::UsageCommand),
    Doctor(doctor::Doctor),
    Health(health::Health),
    LogLevel(log_level::SetLogLevel),
    Config(settings::Settings),
    Completions(completions::Completions),
    #[command(name = RUNNER_COMMAND, hide = true)]
    PluginRunner(plugin_runner::PluginRunner),
}

/// What every command gets: where to write and what the process was started with.
#[derive(Debug)]
struct Session {
    terminal: Terminal,
    config_file: Option<PathBuf>,
    environment: Environment,
}

impl Session {
    /// All settings for a command with these flags; without flags, those of the other layers.
    fn settings(&self, flags: Option<&HouseFlags>) -> Result<Config, Stop> {
        let mut all = flags.map(HouseFlags::layer).unwrap_or_default();
        all.config.clone_from(&self.config_file);
        self.load(&all)
    }

    /// The state of these settings, in files or in the store that replicas share.
    fn state(&self, config: &Config) -> Result<StateDir, Stop> {
        if config.store.is_none() {
            return StateDir::open(&config.state_dir).map_err(|error| Stop::Settings(error.to_string()));
        }
        let opened = async { open_state(config).await.map_err(|error| Stop::Settings(error.to_string())) };
        runtime::block_on(opened)
    }

    fn load(&self, flags: &Flags) -> Result<Config, Stop> {
        Config::load(flags, &self.environment).map_err(|error| Stop::Settings(error.to_string()))
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let terminal = Terminal::of_process();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::of_clap(&error),
    };
    let session = Session { terminal, config_file: cli.config, environment: Environment::of_process() };
    let run = std::panic::AssertUnwindSafe(|| dispatch(&session, cli.command));
    let outcome = std::panic::catch_unwind(run).unwrap_or_else(|_| {
        // The panic hook has already said where.
        Err(Stop::Internal("something failed inside odoo-mcp".to_owned()))
    });
    exit::report(&session.terminal, outcome)
}

fn dispatch(session: &Session, command: Command) -> Result<(), Stop> {
    match command {
        Command::Demo(demo) => demo.run(session),
        Command::Serve(serve) => serve.run(session),
        Command::Connect(connect) => connect.run(session),
        Command::Call(call) => call.run(session),
        Command::Tools(tools) => tools.run(session),
        Command::Policy(policy) => policy.run(session),
        Command::Plugin(plugin) => plugin.run(session),
        Command::Approvals(approvals) => approvals.run(session),
        Command::User(user) => user.run(session),
        Command::Token(token) => token.run(session),
        Command::Session(sessions) => sessions.run(session),
        Command::Client(clients) => clients.run(session),
        Command::Audit(audit) => audit.run(session),
        Command::Backup(backup) => backup.run(session),
        Command::Restore(restore) => restore.run(session),
        Command::Store(store) => store.run(session),
        Command::Usage(usage) => usage.run(session),
        Command::Doctor(doctor) => doctor.run(session),
        Command::Health(health) => health.run(session),
        Command::LogLevel(level) => level.run(session),
        Command::Config(settings) => settings.run(session),
        Command::Completions(completions) => completions.run(session, Cli::command()),
        Command::PluginRunner(runner) => runner.run(),
    }
}
