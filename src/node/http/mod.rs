//! The HTTP face: API, log tiles, witness endpoint, health; decides nothing.
