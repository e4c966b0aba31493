//! Devices, as operations registers them.

use crate::folder::Folder;

#[test]
fn a_name_that_isnt_safe_everywhere_is_refused_before_anybody_is_asked() {
    let folder = Folder::new();
    folder.write("kim.token", "0".repeat(64));
    let add = "--class thermo-v2 --hardware B --zone America/Denver --token-file kim.token";
    let id = format!("device add a/b {add}");
    folder.run(&id).failed(2, "fleet.device-id");
    let site = format!("device add th-1 --site a/b {add}");
    folder.run(&site).failed(2, "fleet.site");
}
