//! Why an exchange with the server brought nothing. Read [`LinkError`].

use std::time::Duration;

use ureq::http::StatusCode;

/// No answer keeps the agent away for longer than this.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);

/// Why an exchange brought nothing. The agent tries again later, whatever the reason.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// No connection, or it broke.
    #[error("agent.unreachable: {0}")]
    Unreachable(String),
    /// Nothing of what was asked for arrived in time: as when the network goes away.
    #[error("agent.server-too-slow: the answer took too long")]
    TooSlow,
    /// A few bytes arrived, and too few in all the time of an exchange: the image would never be whole.
    #[error("agent.server-too-slow: {0} bytes came in the time of a whole exchange")]
    Trickle(usize),
    /// The server said no.
    #[error("agent.server-refused: the server answered {0}")]
    Refused(StatusCode, Option<Duration>),
    /// More than was asked for, or than any message has.
    #[error("agent.answer-too-large: the answer is larger than what was asked for")]
    TooLarge,
    /// A mirror, where the server sent the agent, didn't bring the piece. The server is asked next.
    #[error("agent.mirror-failed: {0}; the server is asked instead")]
    Elsewhere(String),
    /// The server ended the handshake because of the device's certificate.
    #[error("agent.certificate-refused: the server doesn't take the device's certificate: {0}")]
    CertificateRefused(String),
    /// The device can't ask for a certificate, or keep it.
    #[error("agent.certificate: {0}")]
    Certificate(String),
    /// The device has no token yet, and gets none.
    #[error("agent.not-joined: {0}")]
    NotJoined(String),
    /// Not HTTP, or not the bytes that were asked for.
    #[error("agent.answer-wrong: the server sent something else than what was asked for")]
    Wrong,
}

impl LinkError {
    /// The stable id.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "agent.unreachable",
            Self::TooSlow | Self::Trickle(_) => "agent.server-too-slow",
            Self::Refused(..) => "agent.server-refused",
            Self::TooLarge => "agent.answer-too-large",
            Self::Elsewhere(_) => "agent.mirror-failed",
            Self::CertificateRefused(_) => "agent.certificate-refused",
            Self::Certificate(_) => "agent.certificate",
            Self::NotJoined(_) => "agent.not-joined",
            Self::Wrong => "agent.answer-wrong",
        }
    }

    /// Whether somebody answers who doesn't send what was asked for. A network that is away is no such thing.
    #[must_use]
    pub fn is_lie(&self) -> bool {
        matches!(self, Self::Trickle(_) | Self::TooLarge | Self::Wrong)
    }

    /// Whether the server says that it doesn't know who asks.
    #[must_use]
    pub fn refuses_who_asks(&self) -> bool {
        matches!(
            self,
            Self::CertificateRefused(_) | Self::Refused(StatusCode::UNAUTHORIZED, _)
        )
    }

    /// How long the server wants to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(_, after) => after.map(|after| after.min(RETRY_AFTER_MAX)),
            _ => None,
        }
    }
}
