//! The flags of the settings: one for each entry of the server's own table, so that none is forgotten. Read [`SettingFlags`].

use std::ffi::OsString;

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};
use mainstay_server::settings::{Need, SETTINGS, Setting};

/// What was said by flags, each by its setting's name.
#[derive(Debug, Clone, Default)]
pub struct SettingFlags(pub Vec<(&'static str, OsString)>);

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        command.args(SETTINGS.iter().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = |setting: &'static Setting| {
            let value = matches.get_one::<OsString>(setting.name)?;
            Some((setting.name, value.clone()))
        };
        Ok(Self(SETTINGS.iter().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn flag(setting: &'static Setting) -> Arg {
    let default = match setting.need {
        Need::Default(text) => format!("; else {text}"),
        Need::Optional | Need::Required => String::new(),
    };
    Arg::new(setting.name)
        .long(setting.flag)
        .value_name(setting.form)
        .value_parser(value_parser!(OsString))
        .help(format!(
            "{} [variable {}{default}]",
            setting.what, setting.variable
        ))
}
