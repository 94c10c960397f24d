//! How a fact becomes signed bytes that two authorities agree on; stores nothing and sends nothing.
