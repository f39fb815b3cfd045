//! `make demo`: the whole line on this machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a program does I/O")]

use anyhow::Result;
use clap::Parser;
use picket_tests::demo::{Demo, Scenario};
use picket_tests::place::repository;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Starts a collector, enrols an agent, sends three generated weeks and the golden captures, and shows the judgement.
#[derive(Parser)]
struct Arguments {
    /// End when everything was shown; exit status 0 only if all that is promised was true.
    #[arg(long)]
    once: bool,
    /// Folder for state and captures; emptied first.
    #[arg(long, default_value_os_t = repository().join("target/demo"))]
    folder: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let stopped = Arc::new(AtomicBool::new(false));
    stop_on_signals(&stopped)?;
    let mut step = 0;
    let mut say = |text: &str| {
        step += 1;
        println!("[{step}] {text}");
    };
    let mut demo = Demo::start(&arguments.folder, &mut say)?;
    let outcome = demo.send(&Scenario::full(), &mut say)?;
    println!("{}", demo.listings()?);
    outcome.check()?;
    println!("\nThe same, and one entity with its three matrices, in the browser: {}", outcome.page);
    println!("First access (one time, makes the first administrator): {}", demo.setup_link());
    if arguments.once {
        println!("demo: everything promised was true");
        return Ok(());
    }
    println!("Running until stopped (Ctrl-C).");
    demo.wait(&|| stopped.load(Ordering::Relaxed))
}

/// Ctrl-C and SIGTERM ask for the end instead of killing this program, so that the collector is ended too.
fn stop_on_signals(stopped: &Arc<AtomicBool>) -> Result<()> {
    let stopped = Arc::clone(stopped);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let terminated = async {
                match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
                    Ok(mut signal) => {
                        signal.recv().await;
                    }
                    Err(_) => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                () = terminated => {}
            }
            stopped.store(true, Ordering::Relaxed);
        });
        // A second Ctrl-C before the end finds the ordinary handler's place taken; give the demonstration ten seconds.
        std::thread::sleep(std::time::Duration::from_secs(10));
        std::process::exit(130);
    });
    Ok(())
}
