//! `mainstay device client`: which update client a device runs, shown or said.

use clap::Args;
use mainstay_api::{ClientChange, ClientView};
use mainstay_fleet::{ClientProfile, DeviceId, SetBy};

use crate::failure::Failure;
use crate::operator::ServerAccess;
use crate::output::Output;

/// Which device, and which client it is said to run.
#[derive(Debug, Args)]
pub struct Client {
    /// Its name.
    id: String,
    /// The client that it runs: swupdate, rauc, zephyr, or generic for any other.
    #[arg(long, value_name = "CLIENT", requires = "why")]
    is: Option<ClientProfile>,
    /// Its requests are to tell again.
    #[arg(long, conflicts_with = "is", requires = "why")]
    detected: bool,
    /// How you know, in a sentence; it stands in the server's log.
    #[arg(long)]
    why: Option<String>,
}

impl Client {
    /// Does it.
    pub fn run(self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        let id = DeviceId::new(&self.id)?;
        let change = self.change()?;
        let view = access.ask(|operator| async move {
            match change {
                Some(change) => operator.choose_client(&id, &change).await,
                None => operator.client_of(&id).await,
            }
        })?;
        output.say(|| text(&self.id, &view), &view);
        Ok(())
    }

    /// What is said; none if it is only to be shown.
    fn change(&self) -> Result<Option<ClientChange>, Failure> {
        let says_something = self.is.is_some() || self.detected;
        match (&self.why, says_something) {
            (None, _) => Ok(None),
            (Some(why), true) => Ok(Some(ClientChange {
                profile: self.is,
                why: why.clone(),
            })),
            (Some(_), false) => Err(Failure::usage(
                "devices.client",
                "`--why` says how you know which client it is, and no client is named",
                "name it with `--is CLIENT`, or let its requests tell again with `--detected`",
            )),
        }
    }
}

/// The client and whose word that is, and how sure one can be.
fn text(id: &str, view: &ClientView) -> String {
    let client = match (view.client.profile, view.client.set_by) {
        (ClientProfile::Native, _) => ClientProfile::Native.label().to_owned(),
        (profile, SetBy::Detected) => format!("{}, detected", profile.label()),
        (profile, SetBy::People) => format!("{}, set by people", profile.label()),
    };
    let meaning = &view.meaning;
    format!("{id} runs {client}: {}. {meaning}", view.assurance.label())
}

#[cfg(test)]
mod tests {
    use mainstay_fleet::{ControllerId, DeviceClient};

    use super::*;

    fn view(client: DeviceClient) -> ClientView {
        let controller = ControllerId::parse("02:00:5e:10:00:01").expect("a good id");
        ClientView::of(Some(controller), client, false)
    }

    #[test]
    fn whose_word_it_is_is_told() {
        let zephyr = Some(ClientProfile::Zephyr);
        let native = DeviceClient::after(None, ClientProfile::Native);
        for (client, expected) in [
            (
                DeviceClient::chosen(zephyr),
                "gw-1 runs Zephyr, set by people: trusts the server alone. ",
            ),
            (
                DeviceClient::default(),
                "gw-1 runs another hawkBit client, detected: trusts the server alone. ",
            ),
            (native, "gw-1 runs Mainstay: checked by the device. "),
        ] {
            let told = text("gw-1", &view(client));
            assert!(told.starts_with(expected), "{told}");
        }
    }

    #[test]
    fn who_gives_a_reason_says_for_what() {
        let said = |is, detected, why: Option<&str>| Client {
            id: "gw-1".to_owned(),
            is,
            detected,
            why: why.map(str::to_owned),
        };
        let zephyr = Some(ClientProfile::Zephyr);
        let change = |it: Client| it.change().map(|it| it.map(|it| it.profile));
        let why = Some("its client sends no name");
        assert_eq!(change(said(zephyr, false, why)).ok(), Some(Some(zephyr)));
        assert_eq!(change(said(None, true, why)).ok(), Some(Some(None)));
        assert_eq!(change(said(None, false, None)).ok(), Some(None));
        assert!(change(said(None, false, why)).is_err());
    }
}
