//! The edge box and everything that can befall it: real programs, and every loss and every leak is looked for.

#[path = "edge/backlog.rs"]
mod backlog;
#[path = "edge/canary.rs"]
mod canary;
#[path = "edge/crooked.rs"]
mod crooked;
#[path = "edge/disk.rs"]
mod disk;
#[path = "edge/doctor.rs"]
mod doctor;
#[path = "edge/key.rs"]
mod key;
#[path = "edge/outage.rs"]
mod outage;
