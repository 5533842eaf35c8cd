//! The bytes of Attimo: what goes over the air and over MQTT, decoded and encoded without I/O.
