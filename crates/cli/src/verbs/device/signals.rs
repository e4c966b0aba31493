//! Signals to a simulated device.
//!
//! | signal | does |
//! |---|---|
//! | USR1 | cuts the power for a second |
//! | USR2 | takes the network away, and gives it back |
//! | INT, TERM | ends |

use mainstay_simulator::desk::Command;
use tokio::sync::mpsc::UnboundedSender;

use crate::failure::Failure;

/// Turns signals into commands from now on. Must be called within the runtime.
#[cfg(unix)]
pub fn listen(send: &UnboundedSender<Command>) -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut network = [1000, 0].into_iter().cycle();
    let on = |kind: SignalKind, mut command: Box<dyn FnMut() -> Command + Send>| {
        let mut signals = signal(kind).map_err(|error| no_signals(&error))?;
        let send = send.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() && send.send(command()).is_ok() {}
        });
        Ok(())
    };
    on(
        SignalKind::user_defined1(),
        Box::new(|| Command::PowerCut(None)),
    )?;
    let lose = move || Command::NetworkLoses(network.next().unwrap_or(0));
    on(SignalKind::user_defined2(), Box::new(lose))?;
    on(SignalKind::interrupt(), Box::new(|| Command::Quit))?;
    on(SignalKind::terminate(), Box::new(|| Command::Quit))
}

/// Ends at Ctrl-C; there are no other signals here.
#[cfg(not(unix))]
pub fn listen(send: &UnboundedSender<Command>) -> Result<(), Failure> {
    let mut interrupt = tokio::signal::windows::ctrl_c().map_err(|error| no_signals(&error))?;
    let send = send.clone();
    tokio::spawn(async move {
        interrupt.recv().await;
        // Nobody listens any more: then it has ended already.
        let _ = send.send(Command::Quit);
    });
    Ok(())
}

fn no_signals(error: &std::io::Error) -> Failure {
    let what = format!("this system lets no signal be caught: {error}");
    Failure::usage(
        "device.signals",
        what,
        "start it outside of this sandbox or service",
    )
}
