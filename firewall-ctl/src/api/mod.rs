//! Wire formats over the typed actions.
