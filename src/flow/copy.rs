//! Carrying an image with what is attached to it elsewhere.
