//! Incidents, as people name and review them.

use crate::folder::Folder;

#[test]
fn a_name_that_leads_elsewhere_is_refused_before_anybody_is_asked() {
    let folder = Folder::new();
    folder.write("kim.token", "0".repeat(64));
    for words in [
        "show ../1",
        "close a/b",
        "review %2e --root-cause x",
        "reopen .. --why x",
    ] {
        let words = format!("incident {words} --token-file kim.token");
        folder.run(&words).failed(2, "incident.name");
    }
}
