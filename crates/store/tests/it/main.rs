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
mod postgres_lost;
mod statements;
