//! x
pub mod decide;
pub mod error;
pub mod settings;
