//! What each back end has alone: files that are opened, statements, connections that are lost, disks that are full.

#[path = "../cluster/mod.rs"]
mod cluster;
mod doors;
mod failing;
mod opening;
mod orders;
#[path = "../patience/mod.rs"]
mod patience;
mod postgres;
#[cfg(target_os = "linux")]
mod postgres_full;
mod postgres_lost;
#[cfg(target_os = "linux")]
#[path = "../small_disk/mod.rs"]
mod small_disk;
mod statements;
