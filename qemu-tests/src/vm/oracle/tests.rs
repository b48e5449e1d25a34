//! The judge on a disk made with host tools, whole and then damaged.
