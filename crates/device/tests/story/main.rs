//! Whole updates on one device, over the flash that enforces its rules: the good path, the way back,
//! refusals, lost images, and power cuts at every flash operation.

mod armless;
mod banks;
mod cuts;
mod digests;
mod large;
mod losses;
mod machine;
mod overwrite;
mod papers;
mod refusing;
mod updates;
mod vendor;
mod world;
