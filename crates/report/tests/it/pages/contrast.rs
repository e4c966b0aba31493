//! The stylesheet's colours, by the formula of WCAG 2.2 ("relative luminance", "contrast ratio").

const STYLESHEET: &str = include_str!("../../../assets/mainstay.css");

/// Text (1.4.3, AA).
const TEXT_MIN: f64 = 4.5;
/// Shapes that carry a meaning (1.4.11, AA).
const SHAPE_MIN: f64 = 3.0;

/// The colour that `name` has in the light scheme (0) or the dark one (1).
fn colour(name: &str, scheme: usize) -> [f64; 3] {
    let declaration = format!("--{name}: #");
    let value = STYLESHEET.split(&declaration).nth(scheme + 1);
    let value = value.unwrap_or_else(|| panic!("--{name} is declared in both schemes"));
    let byte = |place| u8::from_str_radix(&value[place..place + 2], 16).expect("six digits");
    [0, 2, 4].map(|place| f64::from(byte(place)) / 255.0)
}

fn luminance(colour: [f64; 3]) -> f64 {
    let linear = |part: f64| match part <= 0.04045 {
        true => part / 12.92,
        false => ((part + 0.055) / 1.055).powf(2.4),
    };
    let [red, green, blue] = colour.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn ratio(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn the_formula_is_right_at_its_ends() {
    assert!((ratio([0.0; 3], [1.0; 3]) - 21.0).abs() < 1e-9);
    assert!((ratio([0.5; 3], [0.5; 3]) - 1.0).abs() < 1e-9);
}

#[test]
fn every_pair_of_colours_keeps_its_contrast_in_both_schemes() {
    let grounds = ["paper", "surface"];
    let on_grounds = |name, min| grounds.map(move |ground| (name, ground, min));
    let pairs = [
        on_grounds("ink", TEXT_MIN),
        on_grounds("muted", TEXT_MIN),
        on_grounds("accent", TEXT_MIN),
        on_grounds("bad", TEXT_MIN),
        on_grounds("attention", SHAPE_MIN),
        on_grounds("edge", SHAPE_MIN),
        [("on", "accent", TEXT_MIN), ("on", "bad", SHAPE_MIN)],
        [("accent", "tint", TEXT_MIN), ("bad", "bad-tint", TEXT_MIN)],
        [
            ("on", "attention", SHAPE_MIN),
            ("ink", "bad-tint", SHAPE_MIN),
        ],
    ];
    for (name, ground, min) in pairs.into_iter().flatten() {
        for scheme in [0, 1] {
            let ratio = ratio(colour(name, scheme), colour(ground, scheme));
            assert!(
                ratio >= min,
                "{name} on {ground}, scheme {scheme}: {ratio:.2}"
            );
        }
    }
}
