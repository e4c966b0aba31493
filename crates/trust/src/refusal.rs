//! Every reason for which a device refuses, in one table.
//!
//! A [`Refusal`] has a name for people (`trust.approval-missing`), a number for the wire, a cause
//! and a cure. Names and numbers are never given a second meaning: what is retired stays reserved.

use core::fmt;

/// Writes the enum and its columns from one table, so that no column can forget a row.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $id:literal, $cause:literal, $cure:literal;)*) => {
        /// Why something was refused.
        #[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
        pub enum Refusal { $($(#[$doc])* $name,)* }

        impl Refusal {
            /// Every reason, in the order of their numbers.
            pub const ALL: &[Refusal] = &[$(Refusal::$name,)*];

            /// The stable name, in logs, reports and the interface of the server.
            pub const fn id(self) -> &'static str {
                match self { $(Refusal::$name => $id,)* }
            }

            /// The stable number, in what devices report.
            pub const fn code(self) -> u16 {
                match self { $(Refusal::$name => $code,)* }
            }

            /// The reason with this number; `None` if this version doesn't know it.
            pub const fn from_code(code: u16) -> Option<Refusal> {
                match code { $($code => Some(Refusal::$name),)* _ => None }
            }

            /// What is wrong, in a plain sentence.
            pub const fn cause(self) -> &'static str {
                match self { $(Refusal::$name => $cause,)* }
            }

            /// What to do about it, in a plain sentence.
            pub const fn cure(self) -> &'static str {
                match self { $(Refusal::$name => $cure,)* }
            }
        }
    };
}

refusals! {
    // 1..=19: the bytes.
    /// The bytes end early, go on too long, or use what no document of ours holds.
    Malformed = 1, "trust.malformed",
        "The bytes are not well-formed CBOR, or something follows them.",
        "Fetch the file again; if it stays so, pack it again.";
    /// Over a size, depth or count limit.
    TooLarge = 2, "trust.too-large",
        "The document exceeds a limit that devices keep.",
        "Shorten its texts, or use fewer signatures, keys or digests.";
    /// RFC 8949, section 4.2.1.
    NotDeterministic = 3, "trust.not-deterministic",
        "The document is not in the one deterministic CBOR encoding.",
        "Pack it with Mainstay; other encoders must follow RFC 8949, section 4.2.1.";
    /// Well-formed, yet not the shape that this version writes.
    ForeignProfile = 4, "trust.foreign-profile",
        "The document holds fields or commands other than those of Mainstay's profile.",
        "Pack it with Mainstay, in a version that this device knows.";
    /// A text, size or number that can't be meant.
    FieldInvalid = 5, "trust.field-invalid",
        "A field of the document holds an empty, over-long or impossible value.",
        "Correct the value (see the reference of the document) and pack it again.";
    /// `security_floor` over `sequence`.
    FloorAboveSequence = 6, "trust.floor-above-sequence",
        "The release's security floor is above its own sequence number, so it would forbid itself.",
        "Lower the floor to the release's sequence number or below, and pack it again.";

    // 20..=39: the signatures.
    /// The digest in the envelope isn't that of the manifest.
    ManifestDigest = 20, "trust.manifest-digest",
        "The manifest was changed after it was signed: its digest differs from the signed one.",
        "Fetch the artifact again; if it stays so, pack and sign it again.";
    /// No block by a key that the root lists.
    Unsigned = 21, "trust.unsigned",
        "No key that this device's root knows has signed this.",
        "Sign it with a key of the root of this vendor and environment.";
    /// Somebody signed, but nobody with role build.
    BuildMissing = 22, "trust.build-missing",
        "The build signature is missing.",
        "Sign the artifact with a key of role build.";
    /// Built, not approved.
    ApprovalMissing = 23, "trust.approval-missing",
        "The release approval is missing.",
        "Let the release manager approve the artifact.";
    /// A required role other than build and release.
    RoleMissing = 24, "trust.role-missing",
        "A signature of a required role is missing.",
        "Sign it with a key of the role that the root demands for it.";
    /// Some of the role signed, but too few people.
    ThresholdNotMet = 25, "trust.threshold-not-met",
        "Fewer different people have signed than the root demands of a role.",
        "Collect the signatures of further holders of that role.";
    /// A known key's signature fails.
    BadSignature = 26, "trust.bad-signature",
        "A signature by a known key doesn't verify.",
        "Fetch the artifact again; if it stays so, treat it as tampered with, and sign it again.";
    /// The block's algorithm isn't the key's.
    WrongAlgorithm = 27, "trust.wrong-algorithm",
        "A signature names another algorithm than the root has for its key.",
        "Sign again with the key's own algorithm.";
    /// By a key whose state is revoked.
    RevokedKey = 28, "trust.revoked-key",
        "A signature is by a revoked key.",
        "Sign again with an active key, and find out how the revoked one came to be used.";
    /// By a retired key, over its last sequence number.
    RetiredKey = 29, "trust.retired-key",
        "A signature is by a retired key, for something newer than the key may sign.",
        "Sign again with an active key.";
    /// An approval says which plan and which evidence it rests on; nothing else does.
    ApprovalUnbound = 30, "trust.approval-unbound",
        "An approval doesn't name the plan and the evidence that it rests on, or another signature does.",
        "Approve the release again with Mainstay.";
    /// Signed as a document of another kind.
    WrongDocument = 31, "trust.wrong-document",
        "The signature was made for a document of another kind.",
        "Send the document where it belongs.";
    /// A known key, or the signed digest, is of an algorithm that this device's library lacks.
    AlgorithmUnsupported = 32, "trust.algorithm-unsupported",
        "A signature by a known key, or the signed digest, is of an algorithm that this device can't check.",
        "Use keys of algorithms that the devices of this class can check.";
    /// One block of a hybrid pair.
    HybridIncomplete = 33, "trust.hybrid-incomplete",
        "A role has signed in one of its required algorithms, and not in all of them.",
        "Sign with the holder's key of each algorithm that the root demands of the role.";
    /// Bound by SHA-256 where a role signs in ESP384 or ML-DSA-87.
    DigestTooWeak = 34, "trust.digest-too-weak",
        "The release is bound by SHA-256, and the root demands signatures with which SHA-384 belongs.",
        "Pack it again with --digest sha384, and sign and approve it again.";

    // 40..=59: the root.
    /// One holder in two of build, release and operations.
    HolderConflict = 40, "trust.holder-conflict",
        "One person holds keys of two of the roles build, release and operations.",
        "Give each of these roles to different people.";
    /// One key in two of build, release and operations.
    KeyConflict = 41, "trust.key-conflict",
        "One key serves two of the roles build, release and operations.",
        "Give each of these roles keys of its own.";
    /// Outside 1..=distinct holders.
    RootThreshold = 42, "trust.root-threshold",
        "A role's threshold is zero, or more than the number of its holders, or it names no algorithm.",
        "Set the threshold between one and the number of the role's holders, with an algorithm.";
    /// A role names a key that the root doesn't list, or one twice.
    RootRole = 43, "trust.root-role",
        "A role names a key twice, or one that the root doesn't list.",
        "List each key once, and name only listed keys in roles.";
    /// A key listed twice, or a name that isn't the thumbprint.
    RootKey = 44, "trust.root-key",
        "A key is listed twice, or its id is not the thumbprint of its public key.",
        "Make the root again with Mainstay.";
    /// A class policy that leaves out build or release, or can't be met.
    RootPolicy = 45, "trust.root-policy",
        "A class policy leaves out build or release, or demands a role that nobody holds.",
        "Demand build and release of every class, and only roles that have keys.";
    /// Not the version after the device's own.
    RootVersion = 46, "trust.root-version",
        "The root isn't the one that follows the device's own: versions rise by one.",
        "Send the roots one after the other, without a gap.";
    /// Another vendor or environment.
    RootIdentity = 47, "trust.root-identity",
        "The root is of another vendor or environment than the device's own.",
        "Send the root of this vendor and environment; a device never changes either.";
    /// An epoch that falls.
    RootEpoch = 48, "trust.root-epoch",
        "The root lowers the epoch of a role, or its signing epoch rose with nobody to set minimums.",
        "Keep or raise each epoch; let someone hold role revocation before those of build or release rise.";
    /// A key that a root gave up comes back.
    RootRevival = 49, "trust.root-revival",
        "The root lets a key sign more than the root before it did.",
        "Make a new key; what was retired or revoked stays so.";

    // 60..=79: freshness.
    /// Another root version than the device's.
    RootMismatch = 60, "trust.root-mismatch",
        "The status was made under another root version than the device holds.",
        "Bring the device to the newest root first.";
    /// The newest root the device holds is past its end.
    RootExpired = 61, "trust.root-expired",
        "The device's root has expired.",
        "Publish the next root version.";
    /// No status came with the offer.
    StatusMissing = 62, "trust.status-missing",
        "No status came with the offer, so its freshness is unknown.",
        "Let the server send a status that echoes the device's nonce.";
    /// Past its end.
    StatusStale = 63, "trust.status-stale",
        "The status has expired.",
        "Let the server issue a new status; check its clock.";
    /// Older than one accepted before.
    StatusReplayed = 64, "trust.status-replayed",
        "The status is older than one that the device has accepted.",
        "Look for a server restored from an old copy, or for a replay.";
    /// Not an answer to this check-in.
    StatusNonce = 65, "trust.status-nonce",
        "The status doesn't echo the nonce of this check-in.",
        "Let the server answer each check-in with a status of its own; look for a replay.";
    /// On the hold list.
    Held = 66, "trust.held",
        "The release is on hold.",
        "Wait until operations lift the hold, or offer another release.";
    /// The device knows newer revocations.
    BundleStale = 67, "trust.bundle-stale",
        "The bundle rests on older revocations than the device knows.",
        "Make the bundle again with the newest revocations.";
    /// Past its end.
    BundleExpired = 68, "trust.bundle-expired",
        "The bundle's statement has expired.",
        "Let operations make a new bundle.";
    /// About another release.
    BundleMismatch = 69, "trust.bundle-mismatch",
        "The bundle's statement is about another release than the one it carries.",
        "Make the bundle again.";
    /// The root has people who revoke, and the device doesn't have their word.
    RevocationsMissing = 70, "trust.revocations-missing",
        "The device lacks the revocations that it would have to check.",
        "Send the device the newest revocations first.";
    /// Past the next update.
    RevocationsStale = 71, "trust.revocations-stale",
        "The device's revocations are past their next update.",
        "Publish new revocations, even if nothing new is withdrawn.";
    /// Older than the device's, or another document under the same number.
    RevocationsReplayed = 72, "trust.revocations-replayed",
        "The revocations are older than the device's own, or another document of the same number.",
        "Look for a server restored from an old copy, or for a replay; publish under a new number.";
    /// The status names others than the device has.
    RevocationsMismatch = 73, "trust.revocations-mismatch",
        "The status names other revocations than the device holds.",
        "Send the device the newest revocations first.";
    /// Of another epoch than the root's.
    RevocationsEpoch = 74, "trust.revocations-epoch",
        "The revocations were made in another epoch of role revocation than the root's.",
        "Publish revocations by the keys of the newest root.";
    /// The class needs one.
    ScheduleMissing = 75, "trust.schedule-missing",
        "The class needs a schedule signed by operations, and none came with the offer.",
        "Let operations sign a schedule for the release.";
    /// About another release or class.
    ScheduleMismatch = 76, "trust.schedule-mismatch",
        "The schedule is for another release or class.",
        "Send the schedule that was signed for this release and class.";
    /// Not begun.
    ScheduleEarly = 77, "trust.schedule-early",
        "The schedule has not begun.",
        "Wait, or let operations sign an earlier one.";
    /// Over.
    ScheduleExpired = 78, "trust.schedule-expired",
        "The schedule has expired.",
        "Let operations sign a new one.";
    /// Outside the share.
    NotInShare = 79, "trust.not-in-share",
        "The device lies outside the share of devices that operations has signed for.",
        "Nothing needs to be done; operations widens the share when the first devices are well.";

    // 80..=99: this device.
    /// Another vendor's device.
    WrongVendor = 80, "trust.wrong-vendor",
        "The release is for devices of another vendor.",
        "Offer a release of this vendor.";
    /// Another class, hardware group or environment.
    WrongClass = 81, "trust.wrong-class",
        "The release is for another device class, hardware group or environment.",
        "Offer the release that was packed for this class and environment.";
    /// Below `bootloader_min`.
    BootloaderTooOld = 82, "trust.bootloader-too-old",
        "The release needs a newer bootloader.",
        "Update the bootloader first.";
    /// Below the device's security floor.
    BelowFloor = 83, "trust.below-floor",
        "The release is below the device's security floor.",
        "Offer a release at or above the floor; there is no way back below it.";
    /// Not newer, and not named by `returns_to`.
    Downgrade = 84, "trust.downgrade",
        "The release is not newer than the confirmed one, which doesn't name it as one to return to.",
        "Offer a newer release, or one that the confirmed release may return to.";
    /// Nothing to do.
    AlreadyRunning = 85, "trust.already-running",
        "The device already runs this release.",
        "Nothing needs to be done.";
    /// At or past `use_before`.
    Expired = 86, "trust.expired",
        "The release's time for installing has passed.",
        "Pack the release again with a later use-before time.";
    /// Doesn't fit the slot.
    PayloadTooLarge = 87, "trust.payload-too-large",
        "The image is larger than the device's slot.",
        "Make the image smaller; check that it was built for this class.";
    /// Another size than the manifest says.
    PayloadSize = 88, "trust.payload-size",
        "The received image has another size than the manifest says.",
        "Download it again; if it stays so, the stored image is damaged or was exchanged.";
    /// Another digest than the manifest says.
    PayloadDigest = 89, "trust.payload-digest",
        "The received image has another digest than the manifest says.",
        "Download it again; if it stays so, the stored image is damaged or was exchanged.";
    /// Withdrawn for good.
    RevokedRelease = 90, "trust.revoked-release",
        "The release has been revoked.",
        "Offer another release.";
    /// Below the class's minimum.
    BelowMinimum = 91, "trust.below-minimum",
        "The release is below the minimum sequence number that the revocations set for its class.",
        "Offer a newer release.";
    /// A new signing epoch began, and nobody has said what is too old in it.
    MinimumMissing = 92, "trust.minimum-missing",
        "Builders' or approvers' keys were replaced after a theft, and no minimum is set for the class yet.",
        "Publish revocations that name the least sequence number of each class.";
    /// One image where the device needs one for each bank, or the other way round.
    WrongBanks = 93, "trust.wrong-banks",
        "The release has one image and the device needs one for each of its banks, or the other way round.",
        "Pack it for this class: with --image-b if its devices start images where they lie, else without.";
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cause())
    }
}

impl core::error::Error for Refusal {}
