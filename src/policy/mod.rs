//! Who may do what to what, for which purpose; one pure decision, no lookup of its own.
