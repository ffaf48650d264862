//! A service that burns processor time, for whoever takes profiles of it: see `cargo xtask e2e --only profiling --full`.
//!
//! It says where its admin listener is, and goes on until its input ends.

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Read, Write};

#[inline(never)]
fn burn_processor_time() {
    let mut sum = 0u64;
    loop {
        // Nothing that is a call of its own where nothing is optimised.
        let mut number = 0;
        while number < 100_000 {
            sum = (sum * 31 + number) % 1_000_003;
            number += 1;
        }
        sum = black_box(sum);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let admin = obs::Admin::At("127.0.0.1:0".parse()?);
    let obs = obs::builder("profiled").admin(admin).install()?;
    std::thread::Builder::new().name(String::from("furnace")).spawn(burn_processor_time)?;
    writeln!(io::stdout(), "{}", obs.admin_addr().ok_or("no admin listener")?)?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
