//! Every bound a plan is held to, with the reason for its value.
//!
//! This file holds numbers only; the readers in `read` apply them.

/// Largest plan file: two hundred times the example, small enough to parse at every request.
pub const PLAN_BYTES_MAX: usize = 256 * 1024;
/// Most findings reported for one file: past this the reader needs the first ones fixed anyway.
pub const FINDINGS_MAX: usize = 200;
/// Most device classes: the devices' root document carries at most 16 class policies.
pub const CLASSES_MAX: usize = 16;
/// Longest class id: it is part of a name that small devices compare.
pub const CLASS_ID_CHARS_MAX: usize = 32;
/// Most cohorts: more names than people remember.
pub const COHORTS_MAX: usize = 64;
/// Longest name of a cohort: it is typed after `--cohort`.
pub const COHORT_CHARS_MAX: usize = 32;
/// Longest query of a cohort: as long as a query may be at all.
pub const QUERY_BYTES_MAX: usize = 2000;
/// Most kinds of risk: a table of deadlines has fewer rows, and each has to be told from the next.
pub const TIERS_MAX: usize = 16;
/// Longest name of a kind of risk.
pub const TIER_CHARS_MAX: usize = 32;
/// Longest gate name: it stands in one column of a table.
pub const GATE_CHARS_MAX: usize = 32;
/// Most gates a track may name: one a kind of evidence, with room to spare.
pub const GATES_MAX: usize = 16;
/// Most hardware revisions a class may list: each is a stratum that the canary must cover.
pub const HARDWARE_MAX: usize = 16;
/// Longest name of a hardware revision.
pub const HARDWARE_CHARS_MAX: usize = 16;
/// Most people, or deputies, in one duty: a duty shared by more is nobody's.
pub const PEOPLE_MAX: usize = 32;
/// Longest address: RFC 5321 section 4.5.3.1 allows a path of 256 octets with its brackets.
pub const EMAIL_BYTES_MAX: usize = 254;
/// Longest free text, such as the plan's name: one line of a report.
pub const TEXT_BYTES_MAX: usize = 120;
/// Most markets: a plan names countries, and there are fewer than 250.
pub const MARKETS_MAX: usize = 64;
/// Most waves a track may have: more are not distinguishable on one screen.
pub const WAVES_MAX: usize = 10;
/// Most blackout entries.
pub const BLACKOUTS_MAX: usize = 32;
/// Most days that explicit blackouts may cover together: past a year nothing would be updated.
pub const BLACKOUT_DAYS_MAX: i64 = 366;
/// Most days by which a freeze is followed beyond the span that was asked for: what explicit blackouts
/// may cover, and holidays at both ends.
pub const FREEZE_DAYS_MAX: usize = 400;
/// Longest span of time a plan may give (400 days): longer ones are slips of a unit.
pub const DURATION_HOURS_MAX: i64 = 400 * 24;
/// Most canary devices: the largest test this crate sizes.
pub const CANARY_DEVICES_MAX: u32 = crate::sizing::DEVICES_MAX;
/// Most attributes that the canary holds minima of: as many as a device has.
pub const MINIMA_MAX: usize = 16;
/// Longest name of a device's attribute.
pub const ATTRIBUTE_CHARS_MAX: usize = 32;
/// Most trial boots before a device reverts: each costs its owner a restart.
pub const REVERT_BOOTS_MAX: u8 = 10;
/// Most concurrent downloads a plan may allow one server.
pub const DOWNLOADS_MAX: u32 = 1_000_000;
/// Most bytes per second a plan may allow one server: 100 gigabit links carry 12.5 GB.
pub const BYTES_PER_SECOND_MAX: u64 = 12_500_000_000;
/// Most signatures a role may need: the devices' root holds 8 keys a role.
pub const THRESHOLD_MAX: u8 = 8;
/// Most waivers: a plan that goes without more than that has no gates.
pub const WAIVERS_MAX: usize = 32;
/// Most requirements that a plan may say it keeps: more than this version knows.
pub const PACKS_MAX: usize = 64;
/// Most things of others that a class may say it is built on; who has more keeps them in a bill of materials.
pub const UPSTREAM_MAX: usize = 32;
/// Longest name of the attribute in which another client says its version, in characters: hawkBit's bound for names.
pub const VERSION_ATTRIBUTE_CHARS_MAX: usize = 128;
/// Most `needs` of a class: one for each change of format in its life, with room to spare.
pub const NEEDS_MAX: usize = 32;
/// Largest slot a class may state: the largest amount a plan may write at all.
pub const SLOT_BYTES_MAX: u64 = BYTES_PER_SECOND_MAX;
/// Most mirrors: more regions than any provider of networks has near one another.
pub const MIRRORS_MAX: usize = 32;
/// Longest name of a mirror: it stands in sentences.
pub const MIRROR_CHARS_MAX: usize = 32;
/// Most values for which one mirror is near: every country.
pub const MIRROR_VALUES_MAX: usize = 256;
/// Longest of these values, in bytes: as long as an attribute's may be.
pub const NEAR_BYTES_MAX: usize = 64;
/// Longest address of a mirror, in bytes: with digest and signature behind it, it stays below what proxies bear.
pub const URL_BYTES_MAX: usize = 256;
