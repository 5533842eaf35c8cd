//! The configuration files of a house.

use std::path::Path;

pub(super) fn write_server(folder: &Path, http_port: u16, mqtt_port: u16, tls_port: u16) -> std::io::Result<()> {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:{http_port}\"\ndata_dir = \"{}\"\n\n[broker]\nlisten = \"127.0.0.1:{mqtt_port}\"\n\
         tls_listen = \"127.0.0.1:{tls_port}\"\n\n\
         [push]\nsubject = \"mailto:story@example.com\"\nallow_loopback = true\n",
        folder.join("server").display()
    );
    std::fs::write(folder.join("server.toml"), text)
}

/// The gateway's file as `write_gateway` left it, without a way up of its own: that is the certificate's.
pub(super) fn forget_uplink(folder: &Path) -> std::io::Result<()> {
    let path = folder.join("gateway.toml");
    let text = std::fs::read_to_string(&path)?;
    let (before, rest) = text.split_once("[uplink]\n").unwrap_or((&text, ""));
    let after = rest.find("[status]").map_or("", |at| &rest[at..]);
    std::fs::write(path, format!("{before}{after}"))
}

pub(super) fn write_gateway(folder: &Path, mqtt_port: u16, password: &str) -> std::io::Result<()> {
    let text = format!(
        "[gateway]\nid = \"edge-1\"\nstore = \"corner\"\ndata_dir = \"{}\"\n\n\
         [receivers]\nurl = \"mqtt://127.0.0.1:{mqtt_port}\"\nusername = \"edge-1\"\npassword = \"{password}\"\n\n\
         [sensors.door]\nkind = \"counter-cumulative\"\ntopic = \"counter/door\"\n\n\
         [uplink]\nurl = \"mqtt://127.0.0.1:{mqtt_port}\"\nusername = \"edge-1\"\npassword = \"{password}\"\n\n\
         [status]\nlisten = \"127.0.0.1:0\"\n",
        folder.join("gateway").display()
    );
    std::fs::write(folder.join("gateway.toml"), text)
}
