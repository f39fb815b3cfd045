//! `picket-agent`: the network sensor.

/// Events and texts are many small allocations, which the system's allocator serves at twice the cost.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    // Where the system hands out huge pages unasked, memory of small pieces would grow by a sixth, with two workers by three tenths.
    // A kernel without them has nothing to refuse.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    picket_agent::cli::main().into()
}
