//! Read settings, build the house, serve, drain: all of it in `cli`.

fn main() -> std::process::ExitCode {
    odoo_mcp::cli::main()
}
