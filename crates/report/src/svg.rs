//! The geometry of the charts. Templates hold the drawing's markup; what they draw is computed here
//! from the same figures that stand in the table beside it. Nothing here prints text for people.

pub(crate) mod bars;
pub(crate) mod sprt_path;
