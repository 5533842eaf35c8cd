//! Customers and their devices: kept only while something is consented to.

use engine::shopper::{Packed, ShopperState};
use model::consent::{Consent, ConsentRecord};
use model::ids::{CustomerId, DeviceId, MessageId};
use model::time::Timestamp;

use super::driver::{Row, from_name};
use super::rows::{Customer, Device, PushEndpoint};
use super::{Result, Store};

const DEVICE: &str = "SELECT id, customer, anonymous, platform, language, endpoint, p256dh, auth, created_at \
                      FROM devices WHERE id = $1";
const DEVICES_OF: &str = "SELECT id, customer, anonymous, platform, language, endpoint, p256dh, auth, created_at \
                          FROM devices WHERE customer = $1 ORDER BY id";

/// What the decision core keeps of a customer, as it was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Profile {
    /// Packed by the core.
    Packed(Vec<u8>),
    /// JSON, as it was saved before.
    Text(String),
}

impl Profile {
    /// The state that was saved.
    ///
    /// # Errors
    /// What is wrong with what was saved.
    pub fn state(&self) -> std::result::Result<ShopperState, String> {
        match self {
            Self::Packed(bytes) => Packed::from_bytes(bytes).unpack().map_err(|error| error.to_string()),
            Self::Text(text) => serde_json::from_str(text).map_err(|error| error.to_string()),
        }
    }
}

impl Store {
    /// A device by its id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn device(&self, id: DeviceId) -> Result<Option<Device>> {
        let row = self.fetch_one("read a device", DEVICE, vec![id.to_string().into()]).await?;
        row.as_ref().map(device).transpose()
    }

    /// The devices of a customer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn devices_of(&self, customer: &CustomerId) -> Result<Vec<Device>> {
        let rows = self.fetch("read a customer's devices", DEVICES_OF, vec![customer.as_str().into()]).await?;
        rows.iter().map(device).collect()
    }

    /// Every device with its customer, and whether it may be located.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn links(&self) -> Result<Vec<(DeviceId, CustomerId, bool)>> {
        let sql =
            "SELECT d.id, d.customer, c.locating FROM devices d JOIN customers c ON c.id = d.customer ORDER BY d.id";
        let rows = self.fetch("read the links", sql, vec![]).await?;
        rows.iter().map(|row| Ok((row.id(0, "device")?, row.id(1, "customer")?, row.flag(2)?))).collect()
    }

    /// A customer who consents to something.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn customer(&self, id: &CustomerId) -> Result<Option<Customer>> {
        let sql =
            "SELECT id, locating, profiling, marketing_push, at, text_version, channel FROM customers WHERE id = $1";
        let row = self.fetch_one("read a customer", sql, vec![id.as_str().into()]).await?;
        row.as_ref().map(customer).transpose()
    }

    /// What the decision core keeps of the customer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn profile(&self, id: &CustomerId) -> Result<Option<Profile>> {
        let sql = "SELECT profile, snapshot FROM customers WHERE id = $1";
        let Some(row) = self.fetch_one("read a customer's state", sql, vec![id.as_str().into()]).await? else {
            return Ok(None);
        };
        if let Some(bytes) = row.opt_blob(0)? {
            return Ok(Some(Profile::Packed(bytes.to_vec())));
        }
        Ok(row.opt_text(1)?.map(|text| Profile::Text(text.to_owned())))
    }

    /// Whether an event of this id was taken before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn knows_message(&self, id: &MessageId) -> Result<bool> {
        let sql = "SELECT id FROM message_ids WHERE id = $1";
        Ok(self.fetch_one("look for a message id", sql, vec![id.as_str().into()]).await?.is_some())
    }

    /// When somebody with this trace withdrew everything, if that is still known.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdrawn(&self, trace: &str) -> Result<Option<Timestamp>> {
        let sql = "SELECT at FROM withdrawals WHERE trace = $1";
        self.fetch_one("look for a withdrawal", sql, vec![trace.into()]).await?.map(|row| row.time(0)).transpose()
    }
}

fn device(row: &Row) -> Result<Device> {
    let push = match (row.opt_text(5)?, row.opt_text(6)?, row.opt_text(7)?) {
        (Some(endpoint), Some(p256dh), Some(auth)) => {
            Some(PushEndpoint { endpoint: endpoint.into(), p256dh: p256dh.into(), auth: auth.into() })
        }
        (_, _, _) => None,
    };
    let anonymous = if row.opt_text(2)?.is_some() { Some(row.id(2, "anonymous id")?) } else { None };
    Ok(Device {
        id: row.id(0, "device")?,
        customer: row.id(1, "customer")?,
        anonymous,
        platform: row.text(3)?.to_owned(),
        language: row.opt_text(4)?.map(|name| from_name(name, "language")).transpose()?,
        push,
        created_at: row.time(8)?,
    })
}

fn customer(row: &Row) -> Result<Customer> {
    let consent = Consent { locating: row.flag(1)?, profiling: row.flag(2)?, marketing_push: row.flag(3)? };
    let (text_version, channel) = (row.text(5)?.to_owned(), row.text(6)?.to_owned());
    let consent = ConsentRecord { consent, at: row.time(4)?, text_version, channel };
    Ok(Customer { id: row.id(0, "customer")?, consent })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// As it was saved before states were packed.
    pub(in crate::store) const TEXT: &str = r#"{"consent":{"locating":true,"profiling":true,"marketing_push":false},
        "consent_at":1773223200000,"seen":"0000000a","intent":{"products":{"barolo":{"category":"wine",
        "evidence":{"viewed":{"amount":0.9,"at":1773223200000}}}},"categories":{}},"history":{"told":[],"bought":{}}}"#;

    #[test]
    fn what_was_saved_as_text_is_the_same_packed() {
        let before = Profile::Text(TEXT.to_owned()).state().expect("it is read");
        assert!(!before.is_empty());
        let packed = Packed::new(&before).expect("it is packed").as_bytes().to_vec();
        assert!(packed.len() * 2 < TEXT.len(), "{} bytes", packed.len());
        assert_eq!(Profile::Packed(packed.clone()).state(), Ok(before));
        assert!(Profile::Packed(packed[1..].to_vec()).state().is_err());
    }
}
