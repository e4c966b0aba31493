//! What holds whatever the bytes.

use mainstay_smp::{FRAMING_BYTES, LineError, Lines, Reassembler};
use proptest::prelude::*;

fn text(frame: &[u8]) -> Vec<u8> {
    let lines = Lines::new(frame).expect("a frame whose length can be said");
    lines.flat_map(|line| line.as_ref().to_vec()).collect()
}

/// All frames, and all errors, that these bytes give in memory for a frame of `bytes_max`.
fn frames(bytes: &[u8], bytes_max: usize) -> (Vec<Vec<u8>>, Vec<LineError>) {
    let mut memory = vec![0; bytes_max + FRAMING_BYTES];
    let mut reassembler = Reassembler::new(&mut memory);
    let (mut frames, mut errors) = (Vec::new(), Vec::new());
    for byte in bytes {
        match reassembler.push(*byte) {
            Ok(frame) => frames.extend(frame.map(<[u8]>::to_vec)),
            Err(error) => errors.push(error),
        }
    }
    (frames, errors)
}

proptest! {
    #[test]
    fn what_was_cut_into_lines_is_put_together(frame in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert_eq!(frames(&text(&frame), 600), (vec![frame], vec![]));
    }

    #[test]
    fn a_console_between_the_lines_harms_nothing(
        frame in prop::collection::vec(any::<u8>(), 0..300),
        said in "[a-z ]{0,40}",
    ) {
        let console = text(&frame).split_inclusive(|byte| *byte == b'\n')
            .flat_map(|line| [line, said.as_bytes(), b"\r\n"].concat())
            .collect::<Vec<u8>>();
        prop_assert_eq!(frames(&console, 300).0, vec![frame]);
    }

    #[test]
    fn one_changed_character_never_gives_another_frame(
        frame in prop::collection::vec(any::<u8>(), 0..300),
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
    ) {
        let mut bytes = text(&frame);
        let at = at.index(bytes.len());
        bytes[at] = to;
        for other in frames(&bytes, 300).0 {
            prop_assert_eq!(&other, &frame);
        }
    }

    #[test]
    fn what_doesnt_fit_is_refused_and_the_next_one_is_taken(
        frame in prop::collection::vec(any::<u8>(), 101..400),
        next in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let (found, errors) = frames(&[text(&frame), text(&next)].concat(), 100);
        prop_assert_eq!(found, vec![next]);
        prop_assert!(errors.contains(&LineError::FrameTooLong), "{:?}", errors);
    }
}

#[test]
fn each_defect_of_a_line_is_named_and_forgotten() {
    let good = text(b"Hello, world!");
    let long = [&b"\x06\x09"[..], &[b'A'; 126], b"\n"].concat();
    for (expected, bytes) in [
        (LineError::LineTooLong, &long[..]),
        (LineError::NotBase64, b"\x06\x09AA9IZWxsbywgd29ybGQhet4\n"),
        (LineError::NotBegun, b"\x04\x14AA9I\n"),
        (LineError::FrameTooLong, b"\x06\x09//9I\n"),
        (LineError::Overrun, b"\x06\x09AA5IZWxsbywgd29ybGQhet4=\n"),
        (LineError::Overrun, b"\x06\x09AAFIZWxs\n"),
        (LineError::Checksum, b"\x06\x09AA9IZWxsbywgd29ybGQhet8=\n"),
    ] {
        let (found, errors) = frames(&[bytes, &good].concat(), 64);
        assert_eq!(errors, [expected], "{bytes:02x?}");
        assert_eq!(found, [b"Hello, world!"], "after {expected}");
    }
}

#[test]
fn a_frame_that_breaks_off_makes_way_for_the_next() {
    let cut = &text(&[1; 200])[..127];
    let bytes = [cut, &text(b"next")].concat();
    assert_eq!(frames(&bytes, 300), (vec![b"next".to_vec()], vec![]));
}
