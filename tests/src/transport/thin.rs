//! A thin line for TCP: what one side sends is passed on at so many bits a second.

use std::io::{Read, Result, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Starts one to this collector; answers where the agent finds it. It lasts as long as the program, each connection as long as its
/// sides want.
///
/// # Errors
/// The system's.
pub fn thin(collector: SocketAddr, bits: u64) -> Result<SocketAddr> {
    let near = TcpListener::bind(("127.0.0.1", 0))?;
    let address = near.local_addr()?;
    std::thread::spawn(move || {
        for agent in near.incoming().flatten() {
            // A collector that is away is a connection that ends.
            let Ok(far) = TcpStream::connect(collector) else { continue };
            let (Ok(up), Ok(down)) = (agent.try_clone(), far.try_clone()) else { continue };
            std::thread::spawn(move || pass(up, far, bits));
            std::thread::spawn(move || pass(down, agent, bits));
        }
    });
    Ok(address)
}

fn pass(mut from: TcpStream, mut to: TcpStream, bits: u64) {
    let mut bytes = [0u8; 4_096];
    let mut free = Instant::now();
    while let Ok(length) = from.read(&mut bytes)
        && length > 0
        && to.write_all(&bytes[..length]).is_ok()
    {
        free = free.max(Instant::now()) + Duration::from_secs_f64(length as f64 * 8.0 / bits as f64);
        std::thread::sleep(free.saturating_duration_since(Instant::now()));
    }
    // The other way ends with it.
    let _ = (to.shutdown(Shutdown::Both), from.shutdown(Shutdown::Both));
}
