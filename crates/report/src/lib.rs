//! Pages and documents: a typed model goes in, HTML, Markdown, JSON or iCalendar
//! text comes out.
//!
//! It decides nothing, reads no clock (each model carries its `generated_at`), and does no I/O: the
//! server and the demo fill the models, and write or send the text. Every value is escaped where it
//! is printed; no page needs a script. Each page is one self-contained file, but that one which a server keeps as it is names
//! the script that does ([`LiveScript`]).
//!
//! | page or document | model |
//! |---|---|
//! | the home page | [`Dashboard`] |
//! | all devices, a hundred a page | [`DeviceList`] |
//! | one device | [`DevicePage`] |
//! | one rollout | [`RolloutPage`] |
//! | all devices of a rollout, a hundred a page | [`RolloutDevicesPage`] |
//! | one incident | [`IncidentPage`] |
//! | where people sign in | [`SignInPage`], then [`CodePage`] |
//! | what a setup link opens | [`SetupPage`] |
//! | one's own account | [`AccountPage`], [`SecondFactorPage`] |
//! | who can sign in | [`PeoplePage`] |
//! | a refusal, as a page | [`ProblemPage`] |
//! | what a demonstration or an exercise did | [`StoryReport`] |
//! | a plan's dates, for calendar programs | [`PlanCalendar`] |
//! | what is measured of releases, for spreadsheets and monitoring | [`service_levels`] |
//! | which server does which job, for monitoring | [`jobs`] |
//! | how much a server works on, for monitoring | [`flow`] |
//!
//! Read [`Dashboard`] first; [`Target`] knows the addresses that pages link to.

mod account_page;
mod chart;
mod client_facts;
mod dashboard;
mod device_list;
mod device_page;
mod door;
mod error;
mod escape;
mod fact;
mod filters;
pub mod flow;
mod frame;
mod icalendar;
mod incident_page;
pub mod jobs;
mod json;
mod links;
mod live_script;
mod metrics_text;
mod moment;
mod page;
mod people_page;
mod plan_calendar;
mod problem_page;
mod rollout_devices_page;
mod rollout_page;
pub mod service_levels;
mod setup_page;
mod sign_in_page;
mod story_report;
mod svg;

pub use account_page::{AccountPage, PermissionChoice, SecondFactorPage, SessionLine, TokenLine};
pub use chart::{SprtChart, SprtPoint, SprtVerdict, VersionShare, WaveBar};
pub use client_facts::ClientFacts;
pub use dashboard::{ATTENTION_MAX, Action, Attention, Dashboard, Fleet, Promise, PromiseState};
pub use device_list::{DEVICE_ROWS_MAX, DeviceList, DeviceRow, DeviceTable};
pub use device_page::{DevicePage, HealthFigure, Slot};
pub use door::{Enrolment, Notice, ProviderLink, SetupLinkRow, Viewer};
pub use error::RenderError;
pub use fact::{Fact, TimelineEntry, Tone};
pub use frame::{Frame, Live};
pub use incident_page::{
    AffectedDevice, CommonTrait, Incident, IncidentLine, IncidentPage, IncidentReview,
    IncidentState, Reopened, ReviewPart, Stranded,
};
pub use links::Target;
pub use live_script::LiveScript;
pub use page::CONTENT_SECURITY_POLICY;
pub use people_page::{AccountRow, PeoplePage};
pub use plan_calendar::PlanCalendar;
pub use problem_page::ProblemPage;
pub use rollout_devices_page::RolloutDevicesPage;
pub use rollout_page::{EnrolledDevice, Monitor, RolloutCard, RolloutPage, RolloutState};
pub use setup_page::SetupPage;
pub use sign_in_page::{CodePage, SignInPage};
pub use story_report::{ArtifactDigest, Halt, ReleaseStory, Signature, StoryReport};
