//! Templates and how they are filled. They are compiled into the crate, parsed once, and escape
//! every value: as HTML in pages, as Markdown in documents.
//!
//! An unknown name in a template is an error, not an empty place on the page. Read [`render`].

use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use crate::error::RenderError;
use crate::{escape, filters};

/// The Content-Security-Policy that the pages live with: no script but the server's own file, nothing from elsewhere, and no form to elsewhere. The
/// one stylesheet is inline, and the icon is a `data:` address.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; \
     style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const STYLESHEET: &str = include_str!("../assets/mainstay.css");

macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../templates/", $name)))),+]
    };
}

const TEMPLATES: [(&str, &str); 21] = templates![
    "account_page.html",
    "base.html",
    "charts.html",
    "code_page.html",
    "dashboard.html",
    "device_list.html",
    "device_page.html",
    "door_parts.html",
    "incident_page.html",
    "incident_section.html",
    "parts.html",
    "people_page.html",
    "problem_page.html",
    "rollout_devices_page.html",
    "rollout_page.html",
    "rollout_section.html",
    "second_factor_page.html",
    "setup_page.html",
    "sign_in_page.html",
    "story_report.html",
    "story_report.md",
];

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(escape::of_template);
    environment.set_formatter(escape::print);
    environment.add_global("stylesheet", Value::from_safe_string(STYLESHEET.to_owned()));
    filters::add_to(&mut environment);
    for (name, source) in TEMPLATES {
        environment
            .add_template(name, source)
            .expect("the templates are part of this crate, and its tests parse them all");
    }
    environment
}

/// `template` filled with `model`, which it knows as `page`.
pub(crate) fn render(
    template: &'static str,
    model: &impl Serialize,
) -> Result<String, RenderError> {
    let page = Value::from(Serde(model));
    ENVIRONMENT
        .get_template(template)
        .and_then(|found| found.render(context! { page }))
        .map_err(|error| RenderError {
            template,
            cause: format!("{error:#}"),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(source: &str) -> Result<String, minijinja::Error> {
        let page = context! { known => "<b>" };
        environment().render_named_str("test.html", source, context! { page })
    }

    #[test]
    fn a_name_that_the_model_lacks_is_an_error() {
        assert!(rendered("{{ page.unknown }}").is_err());
        assert!(rendered("{% if page.unknown %}{% endif %}").is_err());
        assert_eq!(
            rendered("{{ page.known }}").ok().as_deref(),
            Some("&lt;b&gt;")
        );
    }
}
