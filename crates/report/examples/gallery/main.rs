//! Renders every page and document with sample figures into a folder, to look at them:
//! `cargo run -p mainstay-report --example gallery -- FOLDER`.

mod sample;

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = std::env::args_os()
        .nth(1)
        .ok_or("usage: gallery FOLDER")?
        .into();
    std::fs::create_dir_all(&folder)?;
    let report = sample::story_report();
    for (name, text) in [
        ("dashboard.html", sample::dashboard().to_html()?),
        ("dashboard-quiet.html", sample::quiet_dashboard().to_html()?),
        (
            "dashboard-uncounted.html",
            sample::uncounted_dashboard().to_html()?,
        ),
        ("devices.html", sample::device_list().to_html()?),
        ("device.html", sample::device_page().to_html()?),
        ("rollout.html", sample::rollout_page().to_html()?),
        (
            "rollout-devices.html",
            sample::rollout_devices_page().to_html()?,
        ),
        ("incident.html", sample::incident_page().to_html()?),
        ("problem.html", sample::problem_page().to_html()?),
        ("sign-in.html", sample::sign_in_page().to_html()?),
        ("code.html", sample::code_page().to_html()?),
        ("setup.html", sample::setup_page().to_html()?),
        ("setup-first.html", sample::first_setup_page().to_html()?),
        (
            "second-factor.html",
            sample::second_factor_page().to_html()?,
        ),
        ("account.html", sample::account_page().to_html()?),
        ("people.html", sample::people_page().to_html()?),
        ("report.html", report.to_html()?),
        ("report.md", report.to_markdown()?),
        ("report.json", report.to_json()?),
    ] {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
