//! `picket-agent`: the network sensor.

/// Events and texts are many small allocations, which the system's allocator serves at twice the cost.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    picket_agent::cli::main().into()
}
