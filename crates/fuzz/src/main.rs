//! Writes every target's seeds below a folder, and says what there is: one line `target NAME BYTES_MAX`
//! for each. `cargo xtask fuzz` starts from it.

use std::path::PathBuf;
use std::{env, fs, io, process};

use mainstay_fuzz::{Fixtures, TARGETS, Target};

fn main() -> io::Result<()> {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: mainstay-fuzz FOLDER   (for example fuzz/corpus)");
        process::exit(2);
    };
    let fixtures = Fixtures::load();
    for target in TARGETS {
        write_seeds(target, &fixtures, folder.join(target.name))?;
        println!("target {} {}", target.name, target.bytes_max);
    }
    Ok(())
}

fn write_seeds(target: &Target, fixtures: &Fixtures, folder: PathBuf) -> io::Result<()> {
    fs::create_dir_all(&folder)?;
    for (place, seed) in (target.seeds)(fixtures).iter().enumerate() {
        fs::write(folder.join(format!("seed-{place}")), seed)?;
    }
    Ok(())
}
