//! Work that waits: deliver, witness, renew; each job leases, steps and settles.
