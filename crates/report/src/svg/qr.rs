//! A text as a QR code, for the cameras of phones.

use qrcodegen::{QrCode, QrCodeEcc};
use serde::Serialize;

/// Light modules around the code (ISO/IEC 18004, section 5.3.8).
const QUIET: i32 = 4;

/// A QR code's drawing, one unit a module.
#[derive(Debug, Serialize)]
pub(crate) struct Drawing {
    /// Width and height.
    size: i32,
    /// The dark modules, as a path's data.
    path: String,
}

/// The drawing of `text`; none if it is too long for a code, which begins at some 2,300 bytes.
pub(crate) fn drawing(text: &str) -> Option<Drawing> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        let dark = (0..code.size()).filter(|x| code.get_module(*x, y));
        for x in dark {
            path.push_str(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
        }
    }
    let size = code.size() + 2 * QUIET;
    Some(Drawing { size, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_corners_stand_where_cameras_look_for_them() {
        let drawing = drawing("otpauth://totp/x").expect("short enough");
        let last = drawing.size - QUIET - 7;
        for (x, y) in [(QUIET, QUIET), (last, QUIET), (QUIET, last)] {
            // The first row of a finder pattern is seven dark modules, after a light one or the margin.
            for n in 0..7 {
                let module = format!("M{} {y}h1", x + n);
                assert!(drawing.path.contains(&module), "{module}");
            }
            assert!(!drawing.path.contains(&format!("M{} {y}h1", x - 1)));
        }
        assert!(super::drawing(&"x".repeat(5_000)).is_none());
    }
}
