//! Letting people in on the server's machine.

use crate::folder::Folder;

/// A link is shown once, and is for nobody whom the plan names for another duty.
#[test]
fn a_setup_link_is_made_on_the_machine() {
    let folder = Folder::with_root();
    let init = "server init --data data --root root.cbor --plan plan.toml --status-key status.key";
    folder.good(init);
    let link = "person link --data data --public-url https://updates.example/";
    let told = folder.good(&format!("{link} vi@company.example --role viewer"));
    let begin = "https://updates.example/setup/mainstay_setup_";
    let digits = told.trim().strip_prefix(begin);
    assert!(digits.is_some_and(|digits| digits.len() == 64), "{told}");
    let elsewhere = "person link vi@company.example --role viewer --data data --public-url updates";
    folder.run(elsewhere).failed(2, "settings.value");
    let another = format!("{link} engineer@company.example --role operations");
    folder.run(&another).failed(1, "access.two-duties");
    let person = "person add --data data vi@company.example --duty operations";
    folder.good(person);
    let link = format!("{link} vi@company.example --role viewer");
    folder.run(&link).failed(1, "store.already-exists");
}
