//! Which way leads to the server: the certificate that the box was enrolled with, or an address and a password.

use runtime::mqtt::{Options, Qos, Will};
use wire::state::Liveness;
use wire::topics;

use super::Identity;
use crate::config::Config;
use crate::enrol::identity::{self, Kept};
use crate::enrol::renewal::Renewal;

/// How to reach the server's broker.
#[derive(Debug)]
pub struct Way {
    pub(super) options: Options,
    pub(super) renewal: Option<Renewal>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither enrolled nor configured.
    #[error(
        "this box knows no way to its server: enrol it with `attimo-gateway enrol --server URL --token TOKEN`, \
         or set uplink.url"
    )]
    None,
    /// What is kept of the enrolment can't be used.
    #[error("read the box's certificate")]
    Identity(#[from] identity::Error),
}

impl Way {
    /// Finds it. A password in the configuration wins over a certificate; an address there stands in for the server's own.
    ///
    /// # Errors
    /// When there is none, or the certificate can't be read.
    pub fn find(config: &Config, identity: &Identity) -> Result<Self, Error> {
        let uplink = &config.uplink;
        let enrolled = config.enrolled()?;
        let url = uplink.url.clone().filter(|url| enrolled.is_none() || url.starts_with("mqtts"));
        let url =
            url.or_else(|| enrolled.as_ref().map(|(_, enrolment)| enrolment.broker.clone())).ok_or(Error::None)?;
        let mut options = Options::new(&url, &format!("attimo-gateway-{}", identity.gateway));
        options.username.clone_from(&uplink.username);
        options.password.clone_from(&uplink.password);
        options.ca_file.clone_from(&uplink.ca_file);
        options.keep_alive_s = 10;
        options.will = Some(Will {
            topic: topics::gateway_state(identity.gateway.as_str()),
            payload: identity.state(Liveness::Offline),
            qos: Qos::AtLeastOnce,
            retain: true,
        });
        let renewal = enrolled.map(|(tls, enrolment)| {
            let authority = tls.authority.clone();
            options.identity = Some(tls);
            Renewal::new(Kept::new(&config.gateway.data_dir), authority, enrolment)
        });
        Ok(Self { options, renewal })
    }

    /// The same under another name and without a will, to try whether the box is let in.
    #[must_use]
    pub fn for_a_try(mut self) -> Options {
        self.options.client_id += "-doctor";
        self.options.will = None;
        self.options
    }

    /// The broker's address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.options.url
    }
}
