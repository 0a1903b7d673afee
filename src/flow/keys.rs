//! Key pairs: made, shown, imported.
