//! The installer as a library.
