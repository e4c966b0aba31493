//! The geometry of the charts. Templates hold the drawing's markup; what they draw is computed here
//! from the same figures that stand in the table beside it. No markup is written here.

pub(crate) mod bars;
pub(crate) mod qr;
mod scale;
pub(crate) mod sprt_path;
