//! The agent as people run it: real processes against the real server, boot environments against the boot
//! loaders' own tools, and servers that mean no good.

#![expect(
    clippy::unwrap_used,
    reason = "what doesn't unwrap in a test has failed it"
)]

mod applied;
mod bench;
mod bundles;
mod certificate;
mod clocks;
mod damaged_record;
mod devices;
mod environments;
mod expired_root;
mod field;
mod full_disk;
mod gateway;
// GRUB for a PC comes with PCs only.
#[cfg(target_arch = "x86_64")]
mod grub;
mod hostile_server;
#[expect(dead_code, reason = "these stories need a part of the server's house")]
#[path = "../../../server/tests/it/house.rs"]
mod house;
mod join;
mod kills;
mod lying_server;
mod memory;
mod mirror;
mod offline;
mod own_certificate;
mod patience;
mod rauc;
mod rauc_bench;
mod relay;
mod restart_fails;
#[expect(dead_code, reason = "these stories need a part of the server's house")]
#[path = "../../../server/tests/it/serving.rs"]
mod serving;
mod small_disk;
mod systemd;
mod systemd_bench;
mod tls;
mod tls_clock;
#[path = "../../../server/tests/it/told.rs"]
mod told;
mod uboot;
mod unread;
mod update;
mod wall_clock;
