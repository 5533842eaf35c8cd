//! The configuration files of a house.

use std::path::Path;

pub(super) fn write_server(folder: &Path, http_port: u16, mqtt_port: u16) -> std::io::Result<()> {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:{http_port}\"\ndata_dir = \"{}\"\n\n[broker]\nlisten = \"127.0.0.1:{mqtt_port}\"\n\n\
         [push]\nsubject = \"mailto:story@example.com\"\nallow_loopback = true\n",
        folder.join("server").display()
    );
    std::fs::write(folder.join("server.toml"), text)
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
