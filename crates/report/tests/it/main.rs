//! What people read: the pages, the calendar, and how service levels are told.

mod calendar;
mod levels;
mod pages;
