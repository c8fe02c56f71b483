//! The security-group model: pure, validated values.
