//! The vectors of both RFCs, and what a code is worth before, at and after its moment.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::email::Email;

/// The secret of both RFCs' vectors.
fn secret() -> TotpSecret {
    TotpSecret::new(*b"12345678901234567890")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn code(second: i64) -> String {
    let code = secret().code(second.div_euclid(STEP_SECS));
    String::from_utf8(code.to_vec()).expect("digits")
}

/// RFC 4226, appendix D: the codes of the first ten counts.
#[test]
fn hotp_vectors() {
    let expected = [
        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
        "520489",
    ];
    for (count, expected) in expected.into_iter().enumerate() {
        let code = secret().code(count as i64);
        assert_eq!(&code, expected.as_bytes(), "{count}");
    }
}

/// RFC 6238, appendix B: its codes have eight digits, of which the last six are ours.
#[test]
fn totp_vectors() {
    for (second, eight) in [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ] {
        assert_eq!(code(second), eight[2..], "{second}");
        let factor = SecondFactor::enrol(secret(), &eight[2..], at(second));
        assert_eq!(factor.map(|factor| factor.step()), Ok(second / 30));
    }
}

#[test]
fn a_code_is_good_in_its_step_and_its_neighbours() {
    let base = 1_111_111_110;
    for (offset, expected) in [
        (-31, Err(CodeRefusal::Wrong)),
        (-30, Ok(())),
        (0, Ok(())),
        (29, Ok(())),
        (59, Ok(())),
        (60, Err(CodeRefusal::Wrong)),
    ] {
        let accepted = SecondFactor::enrol(secret(), &code(base), at(base + offset));
        assert_eq!(accepted.map(|_| ()), expected, "{offset}");
    }
}

#[test]
fn a_used_step_is_used_up_with_all_before_it() {
    let now = at(1_111_111_110);
    let factor = SecondFactor::enrol(secret(), &code(1_111_111_110), now).expect("right");
    for (second, expected) in [
        (1_111_111_110, CodeRefusal::Used),
        (1_111_111_080, CodeRefusal::Used),
        (1_111_111_050, CodeRefusal::Wrong),
    ] {
        assert_eq!(factor.accept(&code(second), now), Err(expected), "{second}");
    }
    let later = factor
        .accept(&code(1_111_111_140), now)
        .expect("it is near");
    assert_eq!(later.step(), factor.step() + 1);
}

#[test]
fn what_isnt_six_digits_is_no_code() {
    let factor = SecondFactor::kept(secret(), 0);
    for wrong in ["", "12345", "1234567", "12 345", "+12345", "12345a", "１２"] {
        let refused = factor.accept(wrong, at(59));
        assert_eq!(refused, Err(CodeRefusal::Malformed), "{wrong:?}");
    }
}

#[test]
fn apps_get_an_address_and_people_letters() {
    let who = Email::new("ana+fw@northwind.example").expect("an address");
    assert_eq!(*secret().reveal(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    assert_eq!(
        *secret().uri("Mainstay at Northwind", who.as_str()),
        "otpauth://totp/Mainstay%20at%20Northwind:ana%2Bfw%40northwind.example\
         ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Mainstay%20at%20Northwind\
         &algorithm=SHA1&digits=6&period=30"
    );
    assert_eq!(format!("{:?}", secret()), "TotpSecret(***)");
}

#[test]
fn letters_read_back_and_nothing_else_does() {
    assert_eq!(TotpSecret::parse(&secret().reveal()), Some(secret()));
    let short = "GEZDGNBVGY3TQOJQ";
    for wrong in [
        "",
        short,
        &short.to_lowercase().repeat(2),
        &"1".repeat(32),
        &short.repeat(3),
    ] {
        assert_eq!(TotpSecret::parse(wrong), None, "{wrong}");
    }
}

proptest! {
    /// Whatever is typed when, a step is accepted once, and each is newer than those before.
    #[test]
    fn steps_only_go_forward(tries in prop::collection::vec((0_i64..20, -3_i64..4), 1..12)) {
        let start = 1_111_111_110;
        let mut factor = SecondFactor::kept(secret(), i64::MIN);
        let mut last = i64::MIN;
        for (step, aside) in tries {
            let now = at(start) + SignedDuration::from_secs(step * 30);
            if let Ok(next) = factor.accept(&code(start + (step + aside) * 30), now) {
                prop_assert!(next.step() > last);
                prop_assert!((next.step() - now.as_second() / 30).abs() <= 1);
                last = next.step();
                factor = next;
            }
        }
    }

    /// No bytes make it panic, at no time.
    #[test]
    fn any_text_at_any_time_gets_an_answer(text in "\\PC{0,12}", second in -377_705_023_201_i64..=253_402_207_200) {
        let factor = SecondFactor::kept(secret(), 0);
        let accepted = factor.accept(&text, at(second)).is_ok();
        prop_assert!(!accepted || text.len() == DIGITS);
    }
}
