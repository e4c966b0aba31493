//! The pages by which people come in.

use mainstay_report::{
    AccountPage, AccountRow, CodePage, Enrolment, Frame, Notice, PeoplePage, PermissionChoice,
    ProviderLink, SecondFactorPage, SessionLine, SetupLinkRow, SetupPage, SignInPage, TokenLine,
    Viewer,
};

use super::{DIGEST, at, frame};

const KIM: &str = "kim@northwind.example";

fn viewed() -> Frame {
    let viewer = Viewer {
        email: KIM.into(),
        role: "operations".into(),
        is_signed_in: true,
        sees_people: true,
        provider: Some("Northwind ID".into()),
        has_proof: false,
    };
    Frame {
        viewer: Some(viewer),
        ..frame()
    }
}

fn enrolment() -> Enrolment {
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    Enrolment {
        secret: secret.into(),
        uri: format!(
            "otpauth://totp/Mainstay:kim%40northwind.example?secret={secret}&issuer=Mainstay&algorithm=SHA1&digits=6&period=30"
        ),
    }
}

/// Somebody who slipped.
pub fn sign_in_page() -> SignInPage {
    SignInPage {
        frame: frame(),
        notice: Some(Notice {
            is_bad: true,
            sentence: "This address and this password don't go together.".into(),
            next: "Type them again. If the password is lost, ask operations for a setup link."
                .into(),
        }),
        email: KIM.into(),
        next: "/incidents/1".into(),
        provider: Some(ProviderLink {
            name: "Northwind ID".into(),
            href: "/sign-in/provider?next=%2Fincidents%2F1".into(),
        }),
        asks_for_passwords: true,
    }
}

pub fn code_page() -> CodePage {
    CodePage {
        frame: frame(),
        notice: None,
        email: KIM.into(),
        next: "/".into(),
        form_token: DIGEST.into(),
    }
}

pub fn setup_page() -> SetupPage {
    SetupPage {
        frame: frame(),
        notice: None,
        link: format!("mainstay_setup_{DIGEST}"),
        email: Some(KIM.into()),
        typed: String::new(),
        role: "operations".into(),
        is_back: false,
        enrolment: Some(enrolment()),
        password_chars_min: 12,
    }
}

/// The first link of a server.
pub fn first_setup_page() -> SetupPage {
    SetupPage {
        email: None,
        enrolment: None,
        ..setup_page()
    }
}

pub fn second_factor_page() -> SecondFactorPage {
    SecondFactorPage {
        frame: viewed(),
        notice: None,
        email: KIM.into(),
        replaces: true,
        enrolment: enrolment(),
        form_token: DIGEST.into(),
    }
}

pub fn account_page() -> AccountPage {
    let session = |is_this, minutes, means: &str| SessionLine {
        id: DIGEST.into(),
        is_this,
        since: at(minutes),
        seen: at(minutes + 40),
        means: means.into(),
    };
    let token = |name: &str, revoked: Option<i64>| TokenLine {
        name: name.into(),
        scope: vec!["read".into(), "start-rollout".into()],
        made: at(100),
        expires: at(130_000),
        is_good: revoked.is_none(),
        revoked: revoked.map(at),
    };
    let choice = |id: &str, phrase: &str| PermissionChoice {
        id: id.into(),
        phrase: phrase.into(),
    };
    AccountPage {
        frame: viewed(),
        notice: None,
        email: KIM.into(),
        role: "operations".into(),
        has_second_factor: true,
        form_token: DIGEST.into(),
        password_chars_min: 12,
        sessions: vec![
            session(true, 1_450, "by password and code"),
            session(false, 1_200, "by setup link"),
        ],
        tokens: vec![token("night job", None), token("old laptop", Some(900))],
        new_token: Some(format!("mainstay_api_{DIGEST}")),
        permissions: vec![
            choice("read", "look at this"),
            choice("start-rollout", "start a rollout"),
            choice("halt-rollout", "halt a rollout"),
        ],
    }
}

pub fn people_page() -> PeoplePage {
    let account = |name: &str, role: &str, has_second_factor, closed: Option<i64>| AccountRow {
        email: format!("{name}@northwind.example"),
        role: role.into(),
        since: at(10),
        has_second_factor,
        closed: closed.map(at),
    };
    let link = |name: &str, role: &str, vouched_by: Option<&str>, waits| SetupLinkRow {
        id: DIGEST.into(),
        email: format!("{name}@northwind.example"),
        role: role.into(),
        maker: Some("lee@northwind.example".into()),
        vouched_by: vouched_by.map(Into::into),
        does: "makes an account".into(),
        waits,
        factor_goes: !waits && vouched_by.is_none(),
        may_vouch: vouched_by.is_none(),
        expires: at(1_540),
    };
    PeoplePage {
        frame: viewed(),
        notice: None,
        new_link: Some(format!(
            "https://updates.northwind.example/setup/mainstay_setup_{DIGEST}"
        )),
        accounts: vec![
            account("ana", "engineer", true, None),
            account("kim", "operations", false, None),
            account("old", "viewer", false, Some(700)),
        ],
        links: vec![
            link("mo", "release-manager", None, true),
            link("jo", "engineer", Some("sam@northwind.example"), false),
            link("vi", "viewer", None, false),
        ],
        roles: vec!["engineer".into(), "operations".into(), "viewer".into()],
        may_invite: true,
        form_token: DIGEST.into(),
    }
}
