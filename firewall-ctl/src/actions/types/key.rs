//! Actions on access keys, which callers of the EC2 wire sign by: the service has them in IAM.

use super::{answer, request};

request! {
    /// Makes an access key. Its secret is in the answer, and nowhere else later.
    CreateAccessKey {
        /// A name for whoever is to have it; not unique.
        user_name: Option<String>,
        /// `read-only`, `operator` (when absent) or `admin`.
        role: Option<String>,
        /// The account that owns what is made by it; that of the configuration when absent.
        account_id: Option<String>,
        /// The only VPC that it sees and changes; all of its account when absent.
        vpc_id: Option<String>,
    }

    /// Lists access keys, without their secrets.
    ListAccessKeys {
        /// Of this name only.
        user_name: Option<String>,
    }

    /// Deletes an access key. What comes signed by it is refused at once.
    DeleteAccessKey {
        /// The key.
        access_key_id: Option<String>,
    }
}

answer! {
    /// Answer of CreateAccessKey.
    CreateAccessKeyResult {
        /// The new key.
        access_key: AccessKey,
    }

    /// A new access key.
    AccessKey {
        /// Its name.
        user_name: String,
        /// Its id: `AKIA` and 16 letters and digits.
        access_key_id: String,
        /// `Active`.
        status: String,
        /// What requests are signed by.
        secret_access_key: String,
        /// When it was made.
        create_date: String,
        /// What it may do.
        role: String,
        /// Owner of what is made by it.
        account_id: String,
        /// The only VPC that it sees.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vpc_id: Option<String>,
    }

    /// Answer of ListAccessKeys.
    ListAccessKeysResult {
        /// The keys, by id.
        access_key_metadata: Vec<AccessKeyMetadata>,
    }

    /// An access key without its secret.
    AccessKeyMetadata {
        /// Its name.
        user_name: String,
        /// Its id.
        access_key_id: String,
        /// `Active` or `Inactive`.
        status: String,
        /// When it was made.
        create_date: String,
        /// What it may do.
        role: String,
        /// Owner of what is made by it.
        account_id: String,
        /// The only VPC that it sees.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vpc_id: Option<String>,
    }
}
