//! `picket-agent`: the network sensor.

fn main() -> std::process::ExitCode {
    picket_agent::cli::main().into()
}
