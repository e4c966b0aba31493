//! Checks `[slots]`: where images go, and how whoever starts them is told.

use std::path::PathBuf;

use super::check::{Findings, program};
use super::{Environment, Slots, file};
use crate::boot_env::uboot::{Area, BYTES_MAX};
use crate::boot_env::{Scheme, grub};

pub(super) fn slots(slots: file::Slots, found: &mut Findings) -> Slots {
    match slots {
        file::Slots::Directory {
            folder,
            image_bytes_max,
            apply,
        } => {
            largest(image_bytes_max, found);
            found.absolute(&folder, "slots.folder");
            let apply = program(apply, "slots.apply", found);
            Slots::Directory {
                folder,
                image_bytes_max,
                apply,
            }
        }
        file::Slots::Files {
            a,
            b,
            image_bytes_max,
            parameter,
            command_line,
            environment,
        } => {
            let named = !parameter.is_empty();
            found.unless(named, "slots.parameter", "write a kernel parameter's name");
            Slots::Files {
                places: places(a, b, found),
                image_bytes_max,
                parameter,
                command_line,
                environment: environment_of(environment, found),
            }
        }
        file::Slots::Rauc {
            spool,
            image_bytes_max,
            command,
            seconds,
        } => {
            largest(image_bytes_max, found);
            found.absolute(&spool, "slots.spool");
            let command = vec![command.to_string_lossy().into_owned()];
            let command = file::Command { command, seconds };
            Slots::Rauc {
                spool,
                image_bytes_max,
                rauc: program(command, "slots.command", found),
            }
        }
    }
}

/// How many boots can be counted of a trial. U-Boot's script counts in one hexadecimal digit that must read as a decimal
/// one, and GRUB's by the numbers that stand in it; the others count as the agent does.
pub(super) fn boots_max(slots: &file::Slots) -> u8 {
    match slots {
        file::Slots::Files { environment, .. } => match environment {
            file::Environment::Grub { .. } => 5,
            file::Environment::UBoot { scheme, .. } => match scheme {
                file::Scheme::Order => 9,
                file::Scheme::Count => 15,
            },
        },
        file::Slots::Directory { .. } | file::Slots::Rauc { .. } => 15,
    }
}

fn largest(bytes: u32, found: &mut Findings) {
    found.unless(
        bytes > 0,
        "slots.image_bytes_max",
        "write the largest image's bytes",
    );
}

fn places(a: PathBuf, b: PathBuf, found: &mut Findings) -> [PathBuf; 2] {
    found.absolute(&a, "slots.a");
    found.absolute(&b, "slots.b");
    found.unless(a != b, "slots.b", "two slots need two places");
    [a, b]
}

fn environment_of(environment: file::Environment, found: &mut Findings) -> Environment {
    match environment {
        file::Environment::Grub { file } => {
            found.absolute(&file, "slots.environment.file");
            Environment::Grub(file)
        }
        file::Environment::UBoot { copies, scheme } => {
            let place = "slots.environment.copies";
            found.unless(
                (1..=2).contains(&copies.len()),
                place,
                "write one copy or two, as fw_env.config has lines",
            );
            let area = |copy: file::Copy| Area {
                file: copy.file,
                offset: copy.offset,
                size: copy.size,
            };
            let areas: Vec<Area> = copies.into_iter().map(area).collect();
            for area in &areas {
                found.absolute(&area.file, place);
                found.unless(
                    (grub::BYTES as u32..=BYTES_MAX).contains(&area.size),
                    place,
                    "sizes are 1 KiB to 1 MiB",
                );
            }
            if let [one, two] = &areas[..] {
                found.unless(!overlap(one, two), place, "the two copies overlap");
                found.unless(one.size == two.size, place, "both copies have one size");
            }
            let scheme = match scheme {
                file::Scheme::Order => Scheme::Order,
                file::Scheme::Count => Scheme::Count,
            };
            Environment::UBoot(areas, scheme)
        }
    }
}

fn overlap(one: &Area, two: &Area) -> bool {
    let end = |area: &Area| area.offset.saturating_add(area.size.into());
    one.file == two.file && one.offset < end(two) && two.offset < end(one)
}
