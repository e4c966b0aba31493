//! Who is left out of a preview, and why.

use super::super::LeftOut;
use super::*;

#[test]
fn who_is_left_out_is_counted_by_its_reason() {
    let mut devices = fleet(100);
    devices[3].last_seen = Some(at(-31));
    devices[4].last_seen = None;
    devices[5].zone = "Mars/Olympus".to_owned();
    devices[6].bootloader = "1.0.0".to_owned();
    devices[7].running = None;
    devices[8].running = None;
    let preview = told(&premise(&devices));
    let counted = |list: &[LeftOut]| {
        let each = list.iter().map(|one| (one.id.clone(), one.devices));
        each.collect::<Vec<_>>()
    };
    let named = |id: &str, count| (id.to_owned(), count);
    assert_eq!(
        counted(&preview.unreached),
        [named("preview.silent", 2), named("preview.zone", 1)]
    );
    assert_eq!(
        counted(&preview.not_eligible),
        [
            named("fleet.never-seen", 2),
            named("fleet.bootloader-too-old", 1)
        ]
    );
    let by_wave: u32 = preview.waves.iter().map(|wave| wave.unreached).sum();
    assert_eq!((preview.enrolled, by_wave), (97, 3));
}

#[test]
fn who_is_beyond_the_last_wave_is_told() {
    let devices = fleet(100);
    let mut premise = premise(&devices);
    premise.rules.waves = vec![plan::Wave::Canary, plan::Wave::Percent(50)];
    let preview = told(&premise);
    let beyond = &preview.not_eligible[0];
    assert_eq!(
        (beyond.id.as_str(), beyond.devices),
        ("preview.beyond-waves", 30)
    );
    assert_eq!(preview.enrolled, 70);
}
