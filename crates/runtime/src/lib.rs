//! What the binaries share with the outside: clock, configuration, MQTT, telemetry, shutdown.
